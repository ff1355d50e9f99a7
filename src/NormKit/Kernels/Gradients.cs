namespace NormKit.Kernels;

/// <summary>The tensors of a backward pass.</summary>
/// <param name="Dy">The gradient of the output.</param>
/// <param name="X">The input of the forward call.</param>
/// <param name="Dx">Takes the gradient of the input, and may be either of them; empty where it is not wanted.</param>
/// <param name="Addend">What is added to that gradient: where the normalized sum was also handed on, the gradient of the sum. May be empty.</param>
internal readonly record struct Gradients<T>(TensorView<T> Dy, TensorView<T> X, TensorView<T> Dx, TensorView<T> Addend) where T : unmanaged
{
    /// <summary>Whether kernels can take the inputs into registers where they lie.</summary>
    public bool LoadInputs<TCompute>() => Dy.Loads<TCompute>() && X.Loads<TCompute>();

    /// <summary>And leave the input's gradient where it goes.</summary>
    public bool LoadAll<TCompute>() => LoadInputs<TCompute>() && Dx.Loads<TCompute>();
}

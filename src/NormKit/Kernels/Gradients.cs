namespace NormKit.Kernels;

/// <summary>The tensors of a backward pass.</summary>
/// <param name="Dy">The gradient of the output.</param>
/// <param name="X">The input of the forward call.</param>
/// <param name="Dx">Takes the gradient of the input, and may be either of them; empty where it is not wanted.</param>
/// <param name="Addend">What is added to that gradient: where the normalized sum was also handed on, the gradient of the sum. May be empty.</param>
internal readonly record struct Gradients<T>(TensorView<T> Dy, TensorView<T> X, TensorView<T> Dx, TensorView<T> Addend) where T : unmanaged
{
    /// <summary>Whether blocks of the inputs are handed out without a copy.</summary>
    public bool HoldInputs<TCompute>() => Dy.Holds<TCompute>() && X.Holds<TCompute>();

    /// <summary>Whether those of the inputs and of the input's gradient are.</summary>
    public bool HoldAll<TCompute>() => HoldInputs<TCompute>() && Dx.Holds<TCompute>();
}

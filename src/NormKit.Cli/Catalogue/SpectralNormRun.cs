using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>Spectral norm of the input.</summary>
/// <param name="iterations">Steps of power iteration in training.</param>
/// <param name="eps">The least norm.</param>
/// <param name="dim">The dimension that is the rows of the matrix.</param>
/// <param name="ofU">The shape of u where a file gives it, else null.</param>
/// <param name="ofV">The shape of v where a file gives it, else null.</param>
internal sealed class SpectralNormRun<T>(int iterations, double eps, int dim, nint[]? ofU, nint[]? ofV) : WeightRun<T>
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Slot<T>? u = New(ofU);
    private readonly Slot<T>? v = New(ofV);
    private SpectralNorm<T>? norm;
    private bool isEval;

    public override Slot<T> Slot(string name) => (name == "u" ? u : v)!.Value;

    public override void Eval() => isEval = true;

    public override void Forward<TInput>(Tensor<TInput> input, Tensor<TInput> output, IReadOnlyList<Tensor<TInput>> others, Tensor<bool>? mask)
    {
        norm = new(Wide(input), iterations, eps, dim);
        u?.Value.CopyTo(norm.U!);
        v?.Value.CopyTo(norm.V!);
        if (isEval)
            norm.Eval();
        Narrow(norm.Forward(), output);
    }

    public override void Backward<TInput>(
        Tensor<TInput> gradOutput, Tensor<TInput> input, Tensor<TInput> gradInput, IReadOnlyList<Tensor<TInput>> others,
        IReadOnlyList<Tensor<TInput>> gradOthers, Tensor<bool>? mask)
    {
        norm!.Backward(Wide(gradOutput));
        Narrow(norm.Weight.Grad, gradInput);
    }

    private static Slot<T>? New(nint[]? shape) => shape is null ? null : new(Tensor.CreateFromShape<T>(shape), null);
}

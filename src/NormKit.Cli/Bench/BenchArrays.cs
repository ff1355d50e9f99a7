using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;
using NormKit.Cli.Timing;

namespace NormKit.Cli.Bench;

/// <summary>The arrays that all calls of a run share, random throughout: stores past the caches of zeros are faster than any others.</summary>
internal sealed class BenchArrays<T, TInput> where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
{
    private readonly TorchRandom random = new(0);
    private readonly nint[] shape;

    public BenchArrays(nint[] shape)
    {
        this.shape = shape;
        X = Random(shape);
        Dy = Random(shape);
        Result = new(X.Length);
    }

    public AlignedArray<TInput> X { get; }

    public AlignedArray<TInput> Dy { get; }

    /// <summary>What a pass writes: the output, or the gradient of the input.</summary>
    public AlignedArray<TInput> Result { get; }

    /// <summary>A new layer's passes; backward is null where it has none.</summary>
    public (Action Forward, Action? Backward) Passes(LayerEntry entry, LayerSettings settings, int threads)
    {
        string[] parameters = [.. entry.Parameters.Where(parameter => !parameter.IsOptional && !parameter.IsInput).Select(parameter => parameter.Name)];
        LayerRun<T> layer = entry.Create<T>(new(shape, settings, parameters, entry.TracksRunning));
        layer.MaxDegreeOfParallelism = threads;
        nint[] outputShape = entry.OutputShape(shape, settings);
        bool isLike = outputShape.AsSpan().SequenceEqual(shape);
        Tensor<TInput> x = X.View(shape), dx = Result.View(shape);
        Tensor<TInput> y = isLike ? dx : Tensor.CreateFromShape<TInput>(outputShape);
        Tensor<TInput> dy = isLike ? Dy.View(shape) : Random(outputShape).View(outputShape);
        Tensor<TInput>[] others = [.. entry.OtherInputs(shape, settings).Select(other => Random(other.Shape).View(other.Shape))];
        Tensor<TInput>[] gradOthers = [.. others.Select(other => Tensor.CreateFromShape<TInput>(other.Lengths))];
        layer.Forward(x, y, others, null);
        return (
            () => layer.Forward(x, y, others, null),
            entry.Work(shape, settings).BackwardCount > 0 ? () => layer.Backward(dy, x, dx, others, gradOthers, null) : null);
    }

    private AlignedArray<TInput> Random(nint[] lengths)
    {
        AlignedArray<TInput> values = new((int)lengths.Aggregate((nint)1, (product, length) => product * length));
        const int Block = 1 << 16;
        float[] drawn = new float[Block];
        for (int start = 0; start < values.Length; start += Block)
        {
            int count = Math.Min(Block, values.Length - start);
            random.Fill(drawn.AsSpan(0, count));
            SixteenBits.To<T, TInput>([.. drawn.Take(count).Select(value => T.CreateTruncating((2 * value) - 1))]).CopyTo(values.Span[start..]);
        }
        return values;
    }
}

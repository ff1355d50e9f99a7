using System.Numerics;

namespace NormKit.Cli;

/// <summary>A layer with its settings, in the library's terms.</summary>
/// <param name="Kind">Which layer.</param>
/// <param name="Shape">The input's shape, (N, C, *) in either format.</param>
/// <param name="Eps">Added to the variance.</param>
internal sealed record LayerCall(LayerKind Kind, nint[] Shape, double Eps)
{
    public int Groups { get; init; }

    /// <summary>Layer norm's; all dimensions but the first unless set.</summary>
    public nint[] NormalizedShape { get; init; } = Shape.Length == 0 ? [] : Shape[1..];

    public double Momentum { get; init; } = 0.1;

    /// <summary>Whether running statistics normalize, in place of the input's own.</summary>
    public bool Eval { get; init; }

    public MemoryFormat Format { get; init; }

    public int Threads { get; init; } = -1;

    /// <summary>The shape of its weight and bias.</summary>
    public nint[] ParameterShape => Kind == LayerKind.Layer ? NormalizedShape : [Shape[1]];

    /// <param name="x">The input.</param>
    /// <param name="y">Overwritten with the output.</param>
    /// <param name="parameters">What the layer carries; running statistics are moved in place.</param>
    /// <param name="saved">Takes what <see cref="Backward"/> needs.</param>
    public void Forward<T>(ReadOnlySpan<T> x, Span<T> y, LayerParameters<T> parameters, SavedStatistics? saved = null)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (T[]? weight, T[]? bias, T[]? mean, T[]? variance) = parameters;
        switch (Kind)
        {
            case LayerKind.Batch:
                Functional.BatchNorm(
                    x, Shape, y, training: !Eval, runningMean: mean, runningVar: variance, weight: weight, bias: bias,
                    momentum: Momentum, eps: Eps, saved: saved,
                    format: Format, maxDegreeOfParallelism: Threads);
                break;
            case LayerKind.Layer:
                Functional.LayerNorm(
                    x, Shape, y, NormalizedShape, weight: weight, bias: bias, eps: Eps, saved: saved,
                    format: Format, maxDegreeOfParallelism: Threads);
                break;
            case LayerKind.Instance:
                Functional.InstanceNorm(
                    x, Shape, y, useInputStats: !Eval, runningMean: mean, runningVar: variance, weight: weight, bias: bias,
                    momentum: Momentum, eps: Eps, saved: saved,
                    format: Format, maxDegreeOfParallelism: Threads);
                break;
            default:
                Functional.GroupNorm(
                    x, Shape, y, Groups, weight: weight, bias: bias, eps: Eps, saved: saved,
                    format: Format, maxDegreeOfParallelism: Threads);
                break;
        }
    }

    /// <param name="dy">The gradient of the output.</param>
    /// <param name="x">The input of the forward call.</param>
    /// <param name="saved">What the forward call left.</param>
    /// <param name="parameters">Those of the forward call.</param>
    /// <param name="dx">Overwritten with the gradient of the input.</param>
    /// <param name="dWeight">Overwritten with the gradient of the weight; null where it is not wanted.</param>
    /// <param name="dBias">Overwritten with the gradient of the bias; null where it is not wanted.</param>
    public void Backward<T>(
        ReadOnlySpan<T> dy, ReadOnlySpan<T> x, SavedStatistics saved, LayerParameters<T> parameters, Span<T> dx, T[]? dWeight, T[]? dBias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Functional.Backward(dy, x, Shape, saved, parameters.Weight, dx, dWeight, dBias, Format, Threads);
}

/// <summary>What a layer carries besides its settings; null for what it lacks.</summary>
internal readonly record struct LayerParameters<T>(T[]? Weight, T[]? Bias, T[]? RunningMean, T[]? RunningVar);

using System.Numerics;

namespace NormKit.Kernels;

/// <summary>The two sums of a backward pass, of the gradient and of the gradient times the deviation, in double.</summary>
internal readonly record struct Pair(double First, double Second)
{
    public static Pair operator +(Pair a, Pair b) => new(a.First + b.First, a.Second + b.Second);
    public static Pair operator *(double factor, Pair pair) => new(factor * pair.First, factor * pair.Second);

    public static Pair From<T>((T First, T Second) sums) where T : INumberBase<T> =>
        new(double.CreateTruncating(sums.First), double.CreateTruncating(sums.Second));

    /// <summary>The same with deviations from a centre that lies <paramref name="low"/> higher.</summary>
    public Pair About(double low) => new(First, Second - (low * First));
}

/// <summary>The sums for the gradients of bias and weight, of each part of a call: all of the bias, then all of the weight, part after part.</summary>
/// <param name="sums">Where they are; null where they are not wanted.</param>
/// <param name="count">How many parameters there are.</param>
internal readonly struct ParameterSums(double[]? sums, nint count)
{
    public bool IsPresent => sums is not null;

    public Span<double> Of(nint part) => sums.AsSpan((int)(part * 2 * count), (int)(2 * count));

    public Span<double> Bias(nint part, nint first, int length) => sums.AsSpan((int)((part * 2 * count) + first), length);

    public Span<double> Weight(nint part, nint first, int length) => sums.AsSpan((int)((((part * 2) + 1) * count) + first), length);
}

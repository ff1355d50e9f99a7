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

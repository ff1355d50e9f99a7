using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>A mean as the sum of a high and a low part, each of the computing type, so that x - mean keeps its digits at any offset.</summary>
internal readonly struct Centre<T>(Moments moments) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly T High = T.CreateTruncating(moments.Mean);
    public readonly T Low = T.CreateTruncating(
        moments.Mean - double.CreateTruncating(T.CreateTruncating(moments.Mean)) + moments.MeanLow);
}

/// <summary>The same in every lane.</summary>
internal readonly struct CentreLanes<T>(Centre<T> centre) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Vector512<T> high = Vector512.Create(centre.High);
    private readonly Vector512<T> low = Vector512.Create(centre.Low);

    /// <summary>x - mean: the first subtraction is exact near the mean, the second adds what the high part lacks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<T> Subtract(Vector512<T> x) => x - high - low;
}

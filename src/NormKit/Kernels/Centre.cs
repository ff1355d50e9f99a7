using System.Numerics;

namespace NormKit.Kernels;

/// <summary>
/// A mean as the sum of a high part of the computing type and a low part in double. Near the mean x - High is exact; what High lacks is the same for
/// all elements of a set, so it joins the constants that are added once each element is scaled, or once a sum is done.
/// </summary>
internal readonly struct Centre<T>(in Moments moments) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly T High = T.CreateTruncating(moments.Mean);
    public readonly double Low = moments.Mean - double.CreateTruncating(T.CreateTruncating(moments.Mean)) + moments.MeanLow;
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>The terms of a dot product.</summary>
internal readonly ref struct Products(ref double a, ref double b) : IRowTerms
{
    private readonly ref double a = ref a;
    private readonly ref double b = ref b;

    public static bool HasSecond => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void At<TCount>(nint index, TCount count, out Vector256<double> first, out Vector256<double> second) where TCount : struct, ICount
    {
        first = count.Load(ref a, index) * count.Load(ref b, index);
        second = default;
    }
}

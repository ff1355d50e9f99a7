using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>What a backward pass sums along a run, and what it writes.</summary>
internal static class RowGradients
{
    /// <summary>g and g * d, with one weight for the run, which the caller multiplies in.</summary>
    public readonly ref struct Uniform<TStored, T>(ref TStored g, ref TStored x, T centre) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly Vector256<T> centre = Vector256.Create(centre);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            first = count.Load<TStored, T>(ref g, index);
            second = first * (count.Load<TStored, T>(ref x, index) - centre);
        }
    }

    /// <summary>The same with a weight for each element.</summary>
    public readonly ref struct ByElement<TStored, T>(ref TStored g, ref TStored x, ref T weight, T centre) : IRowTerms<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref T weight = ref weight;
        private readonly Vector256<T> centre = Vector256.Create(centre);

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(nint index, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            first = count.Load<TStored, T>(ref g, index) * count.Load(ref weight, index);
            second = first * (count.Load<TStored, T>(ref x, index) - centre);
        }
    }

    /// <summary>dx for fixed statistics.</summary>
    public readonly ref struct Scaled<TStored, T>(ref TStored g, T scale) : IRowValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly Vector256<T> scale = Vector256.Create(scale);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load<TStored, T>(ref g, index) * scale;
    }

    /// <summary>dx with one weight for the run, which <c>scale</c> holds.</summary>
    public readonly ref struct DxUniform<TStored, T>(ref TStored g, ref TStored x, T centre, T scale, T mean, T slope) : IRowValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly Vector256<T> centre = Vector256.Create(centre);
        private readonly Vector256<T> scale = Vector256.Create(scale);
        private readonly Vector256<T> mean = Vector256.Create(mean);
        private readonly Vector256<T> slope = Vector256.Create(slope);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (count.Load<TStored, T>(ref g, index) * scale) - mean - ((count.Load<TStored, T>(ref x, index) - centre) * slope);
    }

    /// <summary>dx with a weight for each element.</summary>
    public readonly ref struct DxByElement<TStored, T>(ref TStored g, ref TStored x, ref T weight, T centre, T factor, T mean, T slope) : IRowValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref T weight = ref weight;
        private readonly Vector256<T> centre = Vector256.Create(centre);
        private readonly Vector256<T> factor = Vector256.Create(factor);
        private readonly Vector256<T> mean = Vector256.Create(mean);
        private readonly Vector256<T> slope = Vector256.Create(slope);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (count.Load<TStored, T>(ref g, index) * count.Load(ref weight, index) * factor) - mean - ((count.Load<TStored, T>(ref x, index) - centre) * slope);
    }
}

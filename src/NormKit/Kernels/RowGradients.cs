using System.Numerics;
using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>What a backward pass sums along a run, and what it writes.</summary>
internal static class RowGradients
{
    /// <summary>g, g * d and g * g, with one weight for the run, which the caller multiplies in.</summary>
    public readonly ref struct Uniform<TStored>(ref TStored g, ref TStored x, double centre) : IRunTerms
        where TStored : unmanaged
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;

        public static int Count => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref g, index);
            second = first * (TLanes.Load(ref x, index) - TLanes.Create(centre));
            third = first * first;
        }
    }

    /// <summary>The same with a weight for each element.</summary>
    public readonly ref struct ByElement<TStored, T>(ref TStored g, ref TStored x, ref T weight, double centre) : IRunTerms
        where TStored : unmanaged
        where T : unmanaged
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref T weight = ref weight;

        public static int Count => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(nint index, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref g, index) * TLanes.Load(ref weight, index);
            second = first * (TLanes.Load(ref x, index) - TLanes.Create(centre));
            third = first * first;
        }
    }

    /// <summary>dx for fixed statistics.</summary>
    public readonly ref struct Scaled<TStored, T>(ref TStored g, T scale) : IRunValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> => TLanes.Load(ref g, index) * TLanes.Create(scale);
    }

    /// <summary>dx with one weight for the run, which <c>scale</c> holds.</summary>
    public readonly ref struct DxUniform<TStored, T>(ref TStored g, ref TStored x, T centre, T scale, T mean, T slope) : IRunValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> =>
            (TLanes.Load(ref g, index) * TLanes.Create(scale)) - TLanes.Create(mean)
                - ((TLanes.Load(ref x, index) - TLanes.Create(centre)) * TLanes.Create(slope));
    }

    /// <summary>dx with a weight for each element.</summary>
    public readonly ref struct DxByElement<TStored, T>(ref TStored g, ref TStored x, ref T weight, T centre, T factor, T mean, T slope) : IRunValues<T>
        where TStored : unmanaged
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref T weight = ref weight;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> =>
            (TLanes.Load(ref g, index) * TLanes.Load(ref weight, index) * TLanes.Create(factor)) - TLanes.Create(mean)
                - ((TLanes.Load(ref x, index) - TLanes.Create(centre)) * TLanes.Create(slope));
    }
}

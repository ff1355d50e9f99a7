using System.Numerics;
using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>What a backward pass sums down columns, and what it writes.</summary>
internal static class ColumnTerms
{
    /// <summary>g, g * d and g * g; a column's weight is multiplied in by the caller.</summary>
    public readonly ref struct Uniform<TStored>(ref TStored g, ref TStored x, nint stride, ref double highs) : IColumnTerms<double>
        where TStored : unmanaged
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref double highs = ref highs;

        public static int Count => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref g, (row * stride) + column);
            second = first * (TLanes.Load(ref x, (row * stride) + column) - TLanes.Load(ref highs, column));
            third = first * first;
        }
    }

    /// <summary>The same with a weight for each row.</summary>
    public readonly ref struct ByRow<TStored>(ref TStored g, ref TStored x, nint stride, ref double highs, ref double weights) : IColumnTerms<double>
        where TStored : unmanaged
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref double highs = ref highs;
        private readonly ref double weights = ref weights;

        public static int Count => 3;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref g, (row * stride) + column) * TLanes.Create(Unsafe.Add(ref weights, row));
            second = first * (TLanes.Load(ref x, (row * stride) + column) - TLanes.Load(ref highs, column));
            third = first * first;
        }
    }

    /// <summary>dx for fixed statistics.</summary>
    public readonly ref struct Scaled<T>(ref T g, ref T scales) : IRunValues<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g;
        private readonly ref T scales = ref scales;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> => TLanes.Load(ref g, index) * TLanes.Load(ref scales, index);
    }

    /// <summary>dx; a column's weight is in its scale.</summary>
    public readonly ref struct Dx<T>(ref T g, ref T x, ref T highs, ref T scales, ref T offsets, ref T slopes) : IRunValues<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g;
        private readonly ref T x = ref x;
        private readonly ref T highs = ref highs;
        private readonly ref T scales = ref scales;
        private readonly ref T offsets = ref offsets;
        private readonly ref T slopes = ref slopes;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> => Of(TLanes.Load(ref g, index), index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes Weighted<TLanes>(T weight, nint index) where TLanes : struct, ILanes<TLanes, T> =>
            Of(TLanes.Load(ref g, index) * TLanes.Create(weight), index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private TLanes Of<TLanes>(TLanes gradient, nint index) where TLanes : struct, ILanes<TLanes, T> =>
            (gradient * TLanes.Load(ref scales, index)) - TLanes.Load(ref offsets, index)
                - ((TLanes.Load(ref x, index) - TLanes.Load(ref highs, index)) * TLanes.Load(ref slopes, index));
    }

    /// <summary>The same where the row has a weight.</summary>
    public readonly ref struct DxByRow<T>(Dx<T> dx, T weight) : IRunValues<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Dx<T> dx = dx;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> => dx.Weighted<TLanes>(weight, index);
    }
}

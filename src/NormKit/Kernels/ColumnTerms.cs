using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>What a backward pass sums down columns, and what it writes.</summary>
internal static class ColumnTerms
{
    /// <summary>g and g * d; a column's weight is multiplied in by the caller.</summary>
    public readonly ref struct Uniform<T>(ColumnTile<T> g, ColumnTile<T> x, ref T highs) : IColumnTerms<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g.Start;
        private readonly ref T x = ref x.Start;
        private readonly ref T highs = ref highs;
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            IntoSecondCache.Fetch(ref g, ((row + ColumnTiles.RowsAhead) * gStride) + column);
            IntoSecondCache.Fetch(ref x, ((row + ColumnTiles.RowsAhead) * xStride) + column);
            first = count.Load(ref g, (row * gStride) + column);
            second = first * (count.Load(ref x, (row * xStride) + column) - count.Load(ref highs, column));
        }
    }

    /// <summary>The same with a weight for each row.</summary>
    public readonly ref struct ByRow<T>(ColumnTile<T> g, ColumnTile<T> x, ref T highs, ref T weights) : IColumnTerms<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g.Start;
        private readonly ref T x = ref x.Start;
        private readonly ref T highs = ref highs;
        private readonly ref T weights = ref weights;
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<T> first, out Vector256<T> second) where TCount : struct, ICount
        {
            IntoSecondCache.Fetch(ref g, ((row + ColumnTiles.RowsAhead) * gStride) + column);
            IntoSecondCache.Fetch(ref x, ((row + ColumnTiles.RowsAhead) * xStride) + column);
            first = count.Load(ref g, (row * gStride) + column) * Vector256.Create(Unsafe.Add(ref weights, row));
            second = first * (count.Load(ref x, (row * xStride) + column) - count.Load(ref highs, column));
        }
    }

    /// <summary>dx for fixed statistics.</summary>
    public readonly ref struct Scaled<T>(ref T g, ref T scales) : IRowValues<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g;
        private readonly ref T scales = ref scales;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount => count.Load(ref g, index) * count.Load(ref scales, index);
    }

    /// <summary>dx; a column's weight is in its scale.</summary>
    public readonly ref struct Dx<T>(ref T g, ref T x, ref T highs, ref T scales, ref T offsets, ref T slopes) : IRowValues<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T g = ref g;
        private readonly ref T x = ref x;
        private readonly ref T highs = ref highs;
        private readonly ref T scales = ref scales;
        private readonly ref T offsets = ref offsets;
        private readonly ref T slopes = ref slopes;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount => Of(count.Load(ref g, index), index, count);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> Weighted<TCount>(Vector256<T> weight, nint index, TCount count) where TCount : struct, ICount =>
            Of(count.Load(ref g, index) * weight, index, count);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Vector256<T> Of<TCount>(Vector256<T> gradient, nint index, TCount count) where TCount : struct, ICount =>
            (gradient * count.Load(ref scales, index)) - count.Load(ref offsets, index)
                - ((count.Load(ref x, index) - count.Load(ref highs, index)) * count.Load(ref slopes, index));
    }

    /// <summary>The same where the row has a weight.</summary>
    public readonly ref struct DxByRow<T>(Dx<T> dx, T weight) : IRowValues<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Dx<T> dx = dx;
        private readonly Vector256<T> weight = Vector256.Create(weight);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<T> At<TCount>(nint index, TCount count) where TCount : struct, ICount => dx.Weighted(weight, index, count);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>What of the input's gradient is made together with those of the weights.</summary>
internal enum Fusion
{
    None,

    /// <summary>What is summed for it, for each block of each row.</summary>
    Reduction,

    /// <summary>All of it, row by row.</summary>
    WholeRows,
}

/// <content>What is summed: <c>dy</c> and <c>dy * xHat</c>.</content>
internal readonly partial struct ElementGradients<T, TNarrow>
{
    /// <summary>What normalizes each row of a block: xHat = (x - High) * Factor + Shift.</summary>
    private readonly ref struct RowConstants<TCompute>(Span<TCompute> highs, Span<TCompute> factors, Span<TCompute> shifts)
    {
        public readonly Span<TCompute> Highs = highs, Factors = factors, Shifts = shifts;

        public RowConstants<TCompute> From(int row) => new(Highs[row..], Factors[row..], Shifts[row..]);
    }

    private readonly ref struct Terms<TCompute>(ColumnTile<TCompute> g, ColumnTile<TCompute> x, RowConstants<TCompute> ofRows) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g.Start;
        private readonly ref TCompute x = ref x.Start;
        private readonly ref TCompute highs = ref ofRows.Highs[0];
        private readonly ref TCompute shifts = ref ofRows.Shifts[0];
        private readonly ref TCompute factors = ref ofRows.Factors[0];
        private readonly nint gStride = g.Stride;
        private readonly nint xStride = x.Stride;

        public static bool HasSecond => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TCount>(int row, int column, TCount count, out Vector256<TCompute> first, out Vector256<TCompute> second)
            where TCount : struct, ICount
        {
            first = count.Load(ref g, (row * gStride) + column);
            second = first * (((count.Load(ref x, (row * xStride) + column) - Vector256.Create(Unsafe.Add(ref highs, row)))
                * Vector256.Create(Unsafe.Add(ref factors, row))) + Vector256.Create(Unsafe.Add(ref shifts, row)));
        }
    }
}

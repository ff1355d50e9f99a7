using System.Numerics;
using System.Runtime.CompilerServices;

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

    private readonly ref struct Terms<TStored, TCompute>(ref TStored g, ref TStored x, nint stride, RowConstants<TCompute> ofRows) : IColumnTerms<TCompute>
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TStored g = ref g;
        private readonly ref TStored x = ref x;
        private readonly ref TCompute highs = ref ofRows.Highs[0];
        private readonly ref TCompute shifts = ref ofRows.Shifts[0];
        private readonly ref TCompute factors = ref ofRows.Factors[0];

        public static int Count => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, TCompute>
        {
            nint index = (row * stride) + column;
            second = TLanes.Load(ref g, index);
            first = second * (((TLanes.Load(ref x, index) - TLanes.Create(Unsafe.Add(ref highs, row))) * TLanes.Create(Unsafe.Add(ref factors, row)))
                + TLanes.Create(Unsafe.Add(ref shifts, row)));
            third = default;
        }
    }

    /// <summary>The same of inputs that are normalized already.</summary>
    private readonly ref struct Normalized<TCompute>(ref TCompute g, ref TCompute xHat, nint stride) : IColumnTerms<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute g = ref g;
        private readonly ref TCompute xHat = ref xHat;

        public static int Count => 2;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, TCompute>
        {
            nint index = (row * stride) + column;
            second = TLanes.Load(ref g, index);
            first = second * TLanes.Load(ref xHat, index);
            third = default;
        }
    }
}

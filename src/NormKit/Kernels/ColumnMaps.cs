using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>The maps of runs that go across the sets: each element has the constants of its column.</summary>
internal static class ColumnMaps
{
    /// <summary><c>y = (x - high) * scale + shift</c>, and then times the weight and plus the bias of the row, where rows have them.</summary>
    public static void Normalize<T>(
        ReadOnlySpan<T> x, Span<T> y, ReadOnlySpan<T> highs, ReadOnlySpan<T> scales, ReadOnlySpan<T> shifts, (double Weight, double Bias)? ofRow,
        bool past = false)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ByColumn<T> values = new(
            ref MemoryMarshal.GetReference(x), ref MemoryMarshal.GetReference(highs), ref MemoryMarshal.GetReference(scales), ref MemoryMarshal.GetReference(shifts));
        if (ofRow is (double weight, double bias))
            Map.Run<T, T, ByColumnAndRow<T>>(y, new(values, T.CreateTruncating(weight), T.CreateTruncating(bias)), past);
        else
            Map.Run<T, T, ByColumn<T>>(y, values, past);
    }

    private readonly ref struct ByColumn<T>(ref T x, ref T highs, ref T scales, ref T shifts) : IRunValues<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ref T x = ref x;
        private readonly ref T highs = ref highs;
        private readonly ref T scales = ref scales;
        private readonly ref T shifts = ref shifts;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> =>
            ((TLanes.Load(ref x, index) - TLanes.Load(ref highs, index)) * TLanes.Load(ref scales, index)) + TLanes.Load(ref shifts, index);
    }

    private readonly ref struct ByColumnAndRow<T>(ByColumn<T> values, T weight, T bias) : IRunValues<T>
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly ByColumn<T> values = values;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, T> =>
            (values.At<TLanes>(index) * TLanes.Create(weight)) + TLanes.Create(bias);
    }
}

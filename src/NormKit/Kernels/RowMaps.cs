using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>The maps of normalized runs: what forward writes, and what backward needs again where an activation follows.</summary>
internal static class RowMaps
{
    /// <summary>Normalizes a run whose elements share a weight and a bias, which join the factor and the mean's low part in double: fewer roundings
    /// and operations for each element.</summary>
    public static void Uniform<TStored, TCompute>(
        ReadOnlySpan<TStored> x, Span<TStored> y, Centre<TCompute> centre, double factor, double weight, double bias, bool past = false)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        double scale = factor * weight;
        Uniform(x, y, centre.High, TCompute.CreateTruncating(scale), TCompute.CreateTruncating(bias - (centre.Low * scale)), past);
    }

    /// <summary><c>(x - centre) * scale + shift</c>.</summary>
    public static void Uniform<TStored, TCompute>(
        ReadOnlySpan<TStored> x, Span<TStored> y, TCompute centre, TCompute scale, TCompute shift, bool past = false)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Map.Run<TStored, TCompute, UniformValues<TStored, TCompute>>(y, new(ref MemoryMarshal.GetReference(x), centre, scale, shift), past);

    /// <summary>Normalizes a run each of whose elements has its own weight and bias.</summary>
    public static void ByElement<TStored, TCompute>(
        ReadOnlySpan<TStored> x, Span<TStored> y, Centre<TCompute> centre, double factor, ReadOnlySpan<TCompute> weight, ReadOnlySpan<TCompute> bias,
        bool past = false)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Map.Run<TStored, TCompute, ElementValues<TStored, TCompute>>(y, new(
            ref MemoryMarshal.GetReference(x), ref MemoryMarshal.GetReference(weight), ref MemoryMarshal.GetReference(bias),
            centre.High, TCompute.CreateTruncating(factor), TCompute.CreateTruncating(-centre.Low * factor)), past);

    /// <summary>Normalizes a run without weights: <c>((x - centre) * factor) + shift</c>, as <see cref="ElementValues{TStored, TCompute}"/> has it before the weight.</summary>
    public static void ByElement<TStored, TCompute>(ReadOnlySpan<TStored> x, Span<TStored> y, Centre<TCompute> centre, double factor)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Uniform(x, y, centre.High, TCompute.CreateTruncating(factor), TCompute.CreateTruncating(-centre.Low * factor));

    /// <summary>Normalizes a run, rounds the values to the type that it is stored in, and multiplies these by the weights.</summary>
    public static void RoundedFirst<TStored, TCompute>(
        ReadOnlySpan<TStored> x, Span<TStored> y, Centre<TCompute> centre, double factor, ReadOnlySpan<TCompute> weight, bool past = false)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        ByElement(x, y, centre, factor);
        Multiply(y, weight, y, past);
    }

    /// <summary>Adds a run to another, into it or elsewhere.</summary>
    public static void Add<TCompute>(ReadOnlySpan<TCompute> a, ReadOnlySpan<TCompute> b, Span<TCompute> sum, bool past = false)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Map.Run<TCompute, TCompute, SumValues<TCompute>>(sum, new(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b)), past);

    /// <summary>Copies a run.</summary>
    public static void Copy<TCompute>(ReadOnlySpan<TCompute> from, Span<TCompute> to, bool nonTemporal)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Map.Run<TCompute, TCompute, SameValues<TCompute>>(to, new(ref MemoryMarshal.GetReference(from)), nonTemporal);

    /// <summary>Multiplies a run by another, into it or elsewhere.</summary>
    public static void Multiply<TStored, TCompute>(ReadOnlySpan<TStored> a, ReadOnlySpan<TCompute> b, Span<TStored> product, bool past = false)
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        Map.Run<TStored, TCompute, ProductValues<TStored, TCompute>>(product, new(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b)), past);

    private readonly ref struct UniformValues<TStored, TCompute>(ref TStored x, TCompute centre, TCompute scale, TCompute shift) : IRunValues<TCompute>
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TStored x = ref x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, TCompute> =>
            ((TLanes.Load(ref x, index) - TLanes.Create(centre)) * TLanes.Create(scale)) + TLanes.Create(shift);
    }

    private readonly ref struct ElementValues<TStored, TCompute>(
        ref TStored x, ref TCompute weight, ref TCompute bias, TCompute centre, TCompute factor, TCompute shift) : IRunValues<TCompute>
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TStored x = ref x;
        private readonly ref TCompute weight = ref weight;
        private readonly ref TCompute bias = ref bias;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, TCompute> =>
            ((((TLanes.Load(ref x, index) - TLanes.Create(centre)) * TLanes.Create(factor)) + TLanes.Create(shift)) * TLanes.Load(ref weight, index))
                + TLanes.Load(ref bias, index);
    }

    private readonly ref struct SameValues<TCompute>(ref TCompute x) : IRunValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute x = ref x;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, TCompute> => TLanes.Load(ref x, index);
    }

    private readonly ref struct SumValues<TCompute>(ref TCompute a, ref TCompute b) : IRunValues<TCompute>
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TCompute a = ref a;
        private readonly ref TCompute b = ref b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, TCompute> => TLanes.Load(ref a, index) + TLanes.Load(ref b, index);
    }

    private readonly ref struct ProductValues<TStored, TCompute>(ref TStored a, ref TCompute b) : IRunValues<TCompute>
        where TStored : unmanaged
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        private readonly ref TStored a = ref a;
        private readonly ref TCompute b = ref b;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public TLanes At<TLanes>(nint index) where TLanes : struct, ILanes<TLanes, TCompute> => TLanes.Load(ref a, index) * TLanes.Load(ref b, index);
    }
}

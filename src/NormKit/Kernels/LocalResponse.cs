using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace NormKit.Kernels;

/// <summary>
/// Local response norm on a block in double, channel after channel, each with the same positions; in channels-last memory with one. The window's
/// terms are then the elements at a fixed step, and zeros before the first channel and behind the last stand for those outside.
/// </summary>
/// <remarks>Each window is summed anew: taking the leaving term off a running sum would leave its rounding behind.</remarks>
internal readonly record struct LocalResponse(int Size, double Alpha, double Beta, double K, LrnWindow Window)
{
    /// <summary>How many channels before an element's own are in its window, of <paramref name="channels"/> at most.</summary>
    public int Before(nint channels) => (int)Math.Min(Window == LrnWindow.OnnxLrn ? (Size - 1) / 2 : Size / 2, channels - 1);

    /// <summary>How many behind it are.</summary>
    public int After(nint channels) => (int)Math.Min(Window == LrnWindow.OnnxLrn ? Size / 2 : (Size - 1) / 2, channels - 1);

    /// <summary>s = k + alpha / size * sum(x^2).</summary>
    public void Bases(ReadOnlySpan<double> squares, int step, int terms, Span<double> bases) =>
        Map.Row(bases, new BaseValues(ref MemoryMarshal.GetReference(squares), step, terms, Alpha / Size, K));

    /// <summary>value / s^beta, in place.</summary>
    public void Divide(Span<double> values, ReadOnlySpan<double> bases) =>
        Map.Row(values, new QuotientValues(ref MemoryMarshal.GetReference(values), ref MemoryMarshal.GetReference(bases), Beta));

    /// <summary>dy / s^beta * x / s: what each element of a window gets, but for its own factor.</summary>
    public static void Shares(ReadOnlySpan<double> divided, ReadOnlySpan<double> x, ReadOnlySpan<double> bases, Span<double> shares) =>
        Map.Row(shares, new ShareValues(ref MemoryMarshal.GetReference(divided), ref MemoryMarshal.GetReference(x), ref MemoryMarshal.GetReference(bases)));

    /// <summary>dx, in place of dy / s^beta.</summary>
    public void Gradient(Span<double> divided, ReadOnlySpan<double> x, ReadOnlySpan<double> shares, int step, int terms) =>
        Map.Row(divided, new GradientValues(
            ref MemoryMarshal.GetReference(divided), ref MemoryMarshal.GetReference(x), ref MemoryMarshal.GetReference(shares), step, terms,
            2 * Alpha * Beta / Size));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> WindowSum<TCount>(ref double first, nint index, int step, int terms, TCount count) where TCount : struct, ICount
    {
        Vector256<double> sum = count.Load(ref first, index);
        for (int term = 1; term < terms; term++)
            sum += count.Load(ref first, index + ((nint)term * step));
        return sum;
    }

    /// <summary>s^beta. The exponents in use are roots, which cost a fraction of a power.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Power(Vector256<double> s, double beta)
    {
        if (beta == 1)
            return s;
        if (beta is not (0.5 or 0.75))
            return Elementary.Pow(s, Vector256.Create(beta));
        Vector256<double> root = Vector256.Sqrt(s);
        return beta == 0.5 ? root : root * Vector256.Sqrt(root);
    }

    private readonly ref struct BaseValues(ref double squares, int step, int terms, double share, double k) : IRowValues<double>
    {
        private readonly ref double squares = ref squares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            (WindowSum(ref squares, index, step, terms, count) * share) + Vector256.Create(k);
    }

    private readonly ref struct QuotientValues(ref double values, ref double bases, double beta) : IRowValues<double>
    {
        private readonly ref double values = ref values;
        private readonly ref double bases = ref bases;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            count.Load(ref values, index) / Power(count.Load(ref bases, index), beta);
    }

    private readonly ref struct ShareValues(ref double divided, ref double x, ref double bases) : IRowValues<double>
    {
        private readonly ref double divided = ref divided;
        private readonly ref double x = ref x;
        private readonly ref double bases = ref bases;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            count.Load(ref divided, index) * (count.Load(ref x, index) / count.Load(ref bases, index));
    }

    private readonly ref struct GradientValues(ref double divided, ref double x, ref double shares, int step, int terms, double factor) : IRowValues<double>
    {
        private readonly ref double divided = ref divided;
        private readonly ref double x = ref x;
        private readonly ref double shares = ref shares;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public Vector256<double> At<TCount>(nint index, TCount count) where TCount : struct, ICount =>
            count.Load(ref divided, index) - (WindowSum(ref shares, index, step, terms, count) * factor * count.Load(ref x, index));
    }
}

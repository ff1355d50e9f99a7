using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace NormKit.Kernels;

/// <summary>
/// Runs of 16-bit numbers to and from the types that kernels compute in. Widening is exact; narrowing rounds once, to nearest even, from double too.
/// Both spans of a call have one length and do not overlap.
/// </summary>
internal static class SixteenBit
{
    /// <summary>1.5 * 2^45: what a power of two 2^e is multiplied by for a sum whose last bit is worth 2^(e - 7), whatever the sign of the other term.</summary>
    internal const double KeepEightBits = 1.5 * (1L << 45);

    /// <summary>2^-126: below it, numbers of both float and <see cref="BFloat16"/> share one last bit.</summary>
    internal const double LeastBFloat16 = 1.1754943508222875e-38;

    /// <summary>2^128: rounds to infinity, and so do all larger numbers, whichever bit of them is kept.</summary>
    internal const double BeyondFloat = 3.4028236692093846e38;

    /// <summary>The same for <see cref="Half"/>, which keeps eleven bits: 1.5 * 2^42.</summary>
    private const double KeepElevenBits = 1.5 * (1L << 42);

    /// <summary>2^-14.</summary>
    private const double LeastHalf = 1.0 / (1 << 14);

    private const int PartLength = 256;

    public static void Widen(ReadOnlySpan<BFloat16> from, Span<float> to)
    {
        ref ushort x = ref Bits(from);
        ref float y = ref MemoryMarshal.GetReference(to);
        int i = 0;
        for (; from.Length - i >= Vector256<float>.Count; i += Vector256<float>.Count)
            Floats(ref x, i).StoreUnsafe(ref y, (nuint)i);
        for (; i < from.Length; i++)
            to[i] = (float)from[i];
    }

    public static void Widen(ReadOnlySpan<BFloat16> from, Span<double> to)
    {
        ref ushort x = ref Bits(from);
        ref double y = ref MemoryMarshal.GetReference(to);
        int i = 0;
        for (; from.Length - i >= Vector256<float>.Count; i += Vector256<float>.Count)
        {
            Vector256<float> eight = Floats(ref x, i);
            Vector256.WidenLower(eight).StoreUnsafe(ref y, (nuint)i);
            Vector256.WidenUpper(eight).StoreUnsafe(ref y, (nuint)(i + Vector256<double>.Count));
        }
        for (; i < from.Length; i++)
            to[i] = (double)from[i];
    }

    public static void Narrow(ReadOnlySpan<float> from, Span<BFloat16> to)
    {
        ref float x = ref MemoryMarshal.GetReference(from);
        ref ushort y = ref Bits(to);
        int i = 0;
        for (; from.Length - i >= Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            Vector256<float> lower = Vector256.LoadUnsafe(ref x, (nuint)i), upper = Vector256.LoadUnsafe(ref x, (nuint)(i + Vector256<float>.Count));
            Lower(Nearest(lower), Nearest(upper)).StoreUnsafe(ref y, (nuint)i);
        }
        for (; i < from.Length; i++)
            to[i] = (BFloat16)from[i];
    }

    public static void Narrow(ReadOnlySpan<double> from, Span<BFloat16> to)
    {
        ref double x = ref MemoryMarshal.GetReference(from);
        ref ushort y = ref Bits(to);
        int i = 0;
        for (; from.Length - i >= Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            // After the first rounding floats hold the numbers exactly, so the second one changes none.
            Vector256<float> lower = Rounded(ref x, i, LeastBFloat16, KeepEightBits);
            Vector256<float> upper = Rounded(ref x, i + Vector256<float>.Count, LeastBFloat16, KeepEightBits);
            Lower(Nearest(lower), Nearest(upper)).StoreUnsafe(ref y, (nuint)i);
        }
        for (; i < from.Length; i++)
            to[i] = (BFloat16)from[i];
    }

    public static void Widen(ReadOnlySpan<Half> from, Span<float> to) => TensorPrimitives.ConvertToSingle(from, to);

    [SkipLocalsInit]
    public static void Widen(ReadOnlySpan<Half> from, Span<double> to)
    {
        Span<float> part = stackalloc float[PartLength];
        for (int done = 0; done < from.Length; done += PartLength)
        {
            int length = Math.Min(PartLength, from.Length - done);
            TensorPrimitives.ConvertToSingle(from.Slice(done, length), part);
            TensorPrimitives.ConvertTruncating<float, double>(part[..length], to[done..]);
        }
    }

    public static void Narrow(ReadOnlySpan<float> from, Span<Half> to) => TensorPrimitives.ConvertToHalf(from, to);

    [SkipLocalsInit]
    public static void Narrow(ReadOnlySpan<double> from, Span<Half> to)
    {
        ref double x = ref MemoryMarshal.GetReference(from);
        Span<float> part = stackalloc float[PartLength];
        ref float rounded = ref MemoryMarshal.GetReference(part);
        int whole = from.Length - (from.Length % Vector256<float>.Count);
        for (int done = 0; done < whole; done += PartLength)
        {
            int length = Math.Min(PartLength, whole - done);
            for (int i = 0; i < length; i += Vector256<float>.Count)
                Rounded(ref x, done + i, LeastHalf, KeepElevenBits).StoreUnsafe(ref rounded, (nuint)i);
            TensorPrimitives.ConvertToHalf(part[..length], to[done..]);
        }
        for (int i = whole; i < from.Length; i++)
            to[i] = (Half)from[i];
    }

    /// <summary>Doubles, rounded to as many bits as a 16-bit type keeps, as floats, which hold them exactly or as the infinity that they become.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Rounded(ref double x, nint index, double least, double keep) => Vector256.Narrow(
        Rounded(Vector256.LoadUnsafe(ref x, (nuint)index), least, keep),
        Rounded(Vector256.LoadUnsafe(ref x, (nuint)(index + Vector256<double>.Count)), least, keep));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<double> Rounded(Vector256<double> x, double least, double keep)
    {
        // The exponent alone is a power of two, or infinity for NaN: no NaN meets the minimum and the maximum.
        Vector256<double> size = x & Vector256.Create(0x7FF0_0000_0000_0000UL).AsDouble();
        Vector256<double> large = Vector256.Min(Vector256.Max(size, Vector256.Create(least)), Vector256.Create(BeyondFloat)) * keep;
        // The sum's last bit is the last one kept, and the processor rounds to nearest even. A zero has lost its sign by then.
        return ((x + large) - large) | (x & Vector256.Create(-0.0));
    }

    /// <summary>Eight numbers, whose bits are the upper half of a float's.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Floats(ref ushort x, nint index) =>
        (Vector256.WidenLower(Vector128.LoadUnsafe(ref x, (nuint)index).ToVector256Unsafe()) << 16).AsSingle();

    /// <summary>Four numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> FourFloats(ref ushort x, nint index) =>
        (Vector128.WidenLower(Vector128.CreateScalar(Unsafe.ReadUnaligned<ulong>(ref Unsafe.As<ushort, byte>(ref Unsafe.Add(ref x, index)))).AsUInt16()) << 16).AsSingle();

    /// <summary>The conversion of <see cref="BFloat16"/> from float on some of them; the result is in the lower half of each lane, and the upper is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Nearest(Vector256<float> x)
    {
        Vector256<uint> all = x.AsUInt32(), upper = all >>> 16;
        Vector256<uint> rounded = (all + Vector256.Create(0x7FFFu) + (upper & Vector256<uint>.One)) >>> 16;
        return Vector256.ConditionalSelect(Vector256.Equals(x, x).AsUInt32(), rounded, upper | Vector256.Create(0x0040u));
    }

    /// <summary>Eight numbers, each rounded once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> Rounded(Vector256<float> value)
    {
        Vector256<uint> nearest = Nearest(value);
        return Sse41.IsSupported
            ? Sse41.PackUnsignedSaturate(nearest.GetLower().AsInt32(), nearest.GetUpper().AsInt32())
            : Vector128.Narrow(nearest.GetLower(), nearest.GetUpper());
    }

    /// <summary>Sixteen numbers, each rounded once, where the processor has 512 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<ushort> Rounded(Vector512<float> value)
    {
        Vector512<uint> all = value.AsUInt32(), upper = all >>> 16;
        Vector512<uint> rounded = (all + Vector512.Create(0x7FFFu) + (upper & Vector512<uint>.One)) >>> 16;
        return Avx512F.ConvertToVector256UInt16(Vector512.ConditionalSelect(Vector512.Equals(value, value).AsUInt32(), rounded, upper | Vector512.Create(0x0040u)));
    }

    /// <summary>The lower halves of numbers whose upper halves are zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<ushort> Lower(Vector256<uint> first, Vector256<uint> second) =>
        // Saturating is what the processor has; the portable form does not know that nothing saturates. It packs each half for itself.
        Avx2.IsSupported
            ? Avx2.Permute4x64(Avx2.PackUnsignedSaturate(first.AsInt32(), second.AsInt32()).AsUInt64(), 0b11_01_10_00).AsUInt16()
            : Vector256.Narrow(first, second);

    private static ref ushort Bits(ReadOnlySpan<BFloat16> span) => ref MemoryMarshal.GetReference(MemoryMarshal.Cast<BFloat16, ushort>(span));
}

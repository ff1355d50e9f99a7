using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Float or double to little-endian elements of a floating-point type, each rounded once, to nearest, ties to even.</summary>
internal static class ElementEncoder
{
    internal static void Encode<T>(ReadOnlySpan<T> from, ElementType to, Span<byte> bytes)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (to)
        {
            case ElementType.Float16: Convert<T, Half>(from, bytes); break;
            case ElementType.BFloat16: NarrowToBFloat16(from, MemoryMarshal.Cast<byte, ushort>(bytes)); break;
            case ElementType.Float32: Convert<T, float>(from, bytes); break;
            case ElementType.Float64: Convert<T, double>(from, bytes); break;
            default: throw new ArgumentOutOfRangeException(nameof(to), to, "not a floating-point type");
        }
    }

    /// <summary>From the bits of bfloat16; a float holds each exactly.</summary>
    internal static void EncodeBFloat16(ReadOnlySpan<ushort> from, ElementType to, Span<byte> bytes)
    {
        if (to == ElementType.BFloat16)
        {
            MemoryMarshal.AsBytes(from).CopyTo(bytes);
            return;
        }

        const int block = 1024;
        Span<float> wide = stackalloc float[block];
        int size = to.SizeInBytes();
        for (int start = 0; start < from.Length; start += block)
        {
            ReadOnlySpan<ushort> some = from.Slice(start, Math.Min(block, from.Length - start));
            ElementDecoder.Decode(ElementType.BFloat16, MemoryMarshal.AsBytes(some), wide[..some.Length]);
            Encode<float>(wide[..some.Length], to, bytes.Slice(start * size, some.Length * size));
        }
    }

    private static void Convert<T, TTo>(ReadOnlySpan<T> from, Span<byte> bytes)
        where T : unmanaged, INumberBase<T>
        where TTo : unmanaged, INumberBase<TTo>
    {
        if (typeof(T) == typeof(TTo))
            MemoryMarshal.AsBytes(from).CopyTo(bytes);
        else // "Truncating" concerns targets that are integers; to a floating-point type it rounds to nearest.
            TensorPrimitives.ConvertTruncating(from, MemoryMarshal.Cast<byte, TTo>(bytes));
    }

    internal static void NarrowToBFloat16<T>(ReadOnlySpan<T> from, Span<ushort> to)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < from.Length; i++)
        {
            to[i] = BFloat16Bits(typeof(T) == typeof(float) || typeof(T) == typeof(Half)
                ? float.CreateTruncating(from[i])
                : RoundToOdd(double.CreateTruncating(from[i])));
        }
    }

    private static ushort BFloat16Bits(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
            return (ushort)((bits >> 16) | 0x40); // quiet: without this bit a small payload would be cut to infinity

        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }

    // Rounding to odd keeps in the last bit whether anything was cut, so that rounding the float once more equals rounding the
    // double once. Boldo and Melquiond 2008, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd".
    private static float RoundToOdd(double value)
    {
        float nearest = (float)value;
        if (nearest == value || double.IsNaN(value))
            return nearest;

        uint bits = BitConverter.SingleToUInt32Bits(nearest);
        if (Math.Abs((double)nearest) > Math.Abs(value))
            bits--; // the next float toward zero; from infinity the largest finite one
        return BitConverter.UInt32BitsToSingle(bits | 1);
    }
}

using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Little-endian elements of any stored type to float or double, each rounded once.</summary>
internal static class ElementDecoder
{
    internal static void Decode<T>(ElementType from, ReadOnlySpan<byte> bytes, Span<T> to)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (from)
        {
            case ElementType.Float16: Convert<Half, T>(bytes, to); break;
            case ElementType.BFloat16: WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(bytes), to); break;
            case ElementType.Float32: Convert<float, T>(bytes, to); break;
            case ElementType.Float64: Convert<double, T>(bytes, to); break;
            case ElementType.Int8: Convert<sbyte, T>(bytes, to); break;
            case ElementType.Int16: Convert<short, T>(bytes, to); break;
            case ElementType.Int32: Convert<int, T>(bytes, to); break;
            case ElementType.Int64: Convert<long, T>(bytes, to); break;
            case ElementType.UInt8: Convert<byte, T>(bytes, to); break;
            case ElementType.UInt16: Convert<ushort, T>(bytes, to); break;
            case ElementType.UInt32: Convert<uint, T>(bytes, to); break;
            case ElementType.UInt64: Convert<ulong, T>(bytes, to); break;
            case ElementType.Boolean: Truth(bytes, to); break;
            default: throw new ArgumentOutOfRangeException(nameof(from), from, "not an element type");
        }
    }

    /// <summary>To the bits of bfloat16, each element rounded once.</summary>
    internal static void DecodeToBFloat16(ElementType from, ReadOnlySpan<byte> bytes, Span<ushort> to)
    {
        if (from == ElementType.BFloat16)
        {
            bytes.CopyTo(MemoryMarshal.AsBytes(to));
            return;
        }

        // A double holds all elements but integers of more than 53 bits.
        const int block = 1024;
        Span<double> wide = stackalloc double[block];
        int size = from.SizeInBytes();
        for (int start = 0; start < to.Length; start += block)
        {
            Span<ushort> some = to.Slice(start, Math.Min(block, to.Length - start));
            ReadOnlySpan<byte> elements = bytes.Slice(start * size, some.Length * size);
            if (from is ElementType.Int64 or ElementType.UInt64)
                WidenToOdd(MemoryMarshal.Cast<byte, long>(elements), from == ElementType.Int64, wide);
            else
                Decode(from, elements, wide[..some.Length]);
            ElementEncoder.NarrowToBFloat16<double>(wide[..some.Length], some);
        }
    }

    // What a double has no room for is kept in its last bit, so that rounding it is rounding the integer.
    private static void WidenToOdd(ReadOnlySpan<long> from, bool isSigned, Span<double> to)
    {
        const ulong lost = (1 << 11) - 1;
        for (int i = 0; i < from.Length; i++)
        {
            bool isNegative = isSigned && from[i] < 0;
            ulong magnitude = isNegative ? 0 - (ulong)from[i] : (ulong)from[i];
            if (magnitude >> 53 != 0 && (magnitude & lost) != 0)
                magnitude = (magnitude & ~lost) | (lost + 1);
            to[i] = isNegative ? -(double)magnitude : magnitude;
        }
    }

    private static void Convert<TFrom, T>(ReadOnlySpan<byte> bytes, Span<T> to)
        where TFrom : unmanaged, INumberBase<TFrom>
        where T : unmanaged, INumberBase<T>
    {
        if (typeof(TFrom) == typeof(T))
            bytes.CopyTo(MemoryMarshal.AsBytes(to));
        else // "Truncating" concerns targets that are integers; to a floating-point type it rounds to nearest.
            TensorPrimitives.ConvertTruncating(MemoryMarshal.Cast<byte, TFrom>(bytes), to);
    }

    // .NET 10 has no BFloat16: one is the upper half of a float.
    private static void WidenBFloat16<T>(ReadOnlySpan<ushort> from, Span<T> to)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)from[i] << 16));
    }

    private static void Truth<T>(ReadOnlySpan<byte> from, Span<T> to)
        where T : unmanaged, INumberBase<T>
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = from[i] == 0 ? T.Zero : T.One;
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>Adds pieces of arrays to statistics by index. One for each thread: it owns the memory for conversions.</summary>
internal sealed class PieceAdder
{
    // A run of one index this long is worth adding where it lies.
    private const int LongRun = 512;

    private byte[] converted = [], transposed = [];

    /// <summary>
    /// How many elements of an array to read at once: so many that they stay in a core's own cache; and whole rows where a row's runs are short, so that they
    /// can be put together. All threads have at most 64 MiB for pieces, and as much for their conversion and their transpose.
    /// </summary>
    internal static int PieceLength(in ArrayLayout layout, ElementType type, int threads)
    {
        const int usual = 1 << 18;
        int most = Math.Clamp((1 << 26) / threads, usual, 1 << 23);
        int elementSize = Math.Max(type.SizeInBytes(), type is ElementType.Float16 or ElementType.BFloat16 ? sizeof(ushort) : sizeof(float));
        long row = layout.Row, elements = usual / elementSize;
        if (layout.Length == 1 || row > most / elementSize)
            return (int)elements;
        if (layout.Inner < LongRun)
            elements = Math.Clamp(row * (LongRun / layout.Inner), elements, most / elementSize);
        return (int)Math.Max(row, elements / row * row);
    }

    /// <summary>Adds consecutive elements, from one on, as they are stored.</summary>
    internal void Add(string name, ElementType type, ReadOnlySpan<byte> bytes, long first, in ArrayLayout layout, DimensionMoments to)
    {
        switch (type)
        {
            case ElementType.Float32: Add(MemoryMarshal.Cast<byte, float>(bytes), first, layout, to); break;
            case ElementType.Float64: Add(MemoryMarshal.Cast<byte, double>(bytes), first, layout, to); break;
            case ElementType.Float16: Add(MemoryMarshal.Cast<byte, Half>(bytes), first, layout, to); break;
            case ElementType.BFloat16: Add(MemoryMarshal.Cast<byte, BFloat16>(bytes), first, layout, to); break;
            case ElementType.Int32 or ElementType.UInt32: Add(Convert<double>(type, bytes), first, layout, to); break;
            case ElementType.Int64: Add(Exact(name, MemoryMarshal.Cast<byte, long>(bytes), first), first, layout, to); break;
            case ElementType.UInt64: Add(Exact(name, MemoryMarshal.Cast<byte, ulong>(bytes), first), first, layout, to); break;
            default: Add(Convert<float>(type, bytes), first, layout, to); break;        // 16 bits or fewer
        }
    }

    private void Add<T>(ReadOnlySpan<T> values, long first, in ArrayLayout layout, DimensionMoments to) where T : unmanaged
    {
        if (layout.Length == 1)
        {
            AddRun(0, values, to);
            return;
        }
        long rows = values.Length / layout.Row;
        if (layout.Inner < LongRun && rows > 1 && rows * layout.Row == values.Length && first % layout.Row == 0)
        {
            // As a matrix of rows: its transpose has the elements of each index side by side.
            Span<T> columns = Room<T>(ref transposed, values.Length);
            FortranOrder.TransposeMatrix(values, columns, (int)rows, (int)layout.Row);
            int run = (int)(layout.Inner * rows);
            for (int index = 0; index < layout.Length; index++)
                AddRun(index, columns.Slice(index * run, run), to);
            return;
        }
        while (!values.IsEmpty)
        {
            (long run, long within) = Math.DivRem(first, layout.Inner);
            int length = (int)Math.Min(values.Length, layout.Inner - within);
            AddRun((int)(run % layout.Length), values[..length], to);
            values = values[length..];
            first += length;
        }
    }

    private static void AddRun<T>(int index, ReadOnlySpan<T> values, DimensionMoments to) where T : unmanaged
    {
        if (typeof(T) == typeof(float))
            to.Add(index, MemoryMarshal.Cast<T, float>(values));
        else if (typeof(T) == typeof(double))
            to.Add(index, MemoryMarshal.Cast<T, double>(values));
        else if (typeof(T) == typeof(Half))
            to.Add(index, MemoryMarshal.Cast<T, Half>(values));
        else
            to.Add(index, MemoryMarshal.Cast<T, BFloat16>(values));
    }

    private ReadOnlySpan<T> Convert<T>(ElementType type, ReadOnlySpan<byte> bytes) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Span<T> values = Room<T>(ref converted, bytes.Length / type.SizeInBytes());
        ElementDecoder.Decode(type, bytes, values);
        return values;
    }

    // Integers that a double holds: all up to 2^53, and larger ones with zeros at their end.
    private ReadOnlySpan<double> Exact<TInteger>(string name, ReadOnlySpan<TInteger> integers, long first) where TInteger : unmanaged, IBinaryInteger<TInteger>
    {
        Span<double> values = Room<double>(ref converted, integers.Length);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = double.CreateTruncating(integers[i]);
            if (Int128.CreateTruncating(values[i]) != Int128.CreateTruncating(integers[i]))
                throw new TensorFileException($"{name}: element {first + i} in the order of the file is {integers[i]}, which no double holds; statistics of integers are for those up to 2^53.");
        }
        return values;
    }

    private static Span<T> Room<T>(ref byte[] memory, int length) where T : unmanaged
    {
        int bytes = length * Unsafe.SizeOf<T>();
        if (memory.Length < bytes)
            memory = GC.AllocateUninitializedArray<byte>(bytes);
        return MemoryMarshal.Cast<byte, T>(memory.AsSpan(0, bytes));
    }
}

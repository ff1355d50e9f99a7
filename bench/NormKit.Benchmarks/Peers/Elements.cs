using System.Numerics;
using System.Runtime.InteropServices;

namespace NormKit.Benchmarks.Peers;

/// <summary>Bytes as numbers of each element type.</summary>
internal static class Elements
{
    public static double[] Doubles(ReadOnlySpan<byte> bytes, Element element)
    {
        switch (element)
        {
            case Element.Float64:
                return MemoryMarshal.Cast<byte, double>(bytes).ToArray();
            case Element.Float32:
                return Converted(MemoryMarshal.Cast<byte, float>(bytes), value => value);
            default:
                return Converted(MemoryMarshal.Cast<byte, BFloat16>(bytes), value => (double)value);
        }
    }

    public static void Write(ReadOnlySpan<double> values, Span<byte> bytes, Element element)
    {
        switch (element)
        {
            case Element.Float64:
                values.CopyTo(MemoryMarshal.Cast<byte, double>(bytes));
                break;
            case Element.Float32:
                Convert(values, MemoryMarshal.Cast<byte, float>(bytes), value => (float)value);
                break;
            default:
                Convert(values, MemoryMarshal.Cast<byte, BFloat16>(bytes), value => (BFloat16)value);
                break;
        }
    }

    /// <summary>Values in another floating-point type.</summary>
    public static T[] As<T>(double[] values) where T : INumberBase<T> => [.. values.Select(T.CreateTruncating)];

    private static double[] Converted<T>(ReadOnlySpan<T> values, Func<T, double> convert)
    {
        double[] result = new double[values.Length];
        Convert(values, result, convert);
        return result;
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to, Func<TFrom, TTo> convert)
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = convert(from[i]);
    }
}

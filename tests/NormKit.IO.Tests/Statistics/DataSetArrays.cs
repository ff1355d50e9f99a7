using System.Globalization;
using System.Runtime.InteropServices;

namespace NormKit.IO.Tests.Statistics;

/// <summary>Arrays in files of every kind, and their statistics from one number after the other.</summary>
internal static class DataSetArrays
{
    /// <summary>Statistics by index, the index computed from each element's place in C order.</summary>
    public static DataSetStatistics Naive(IEnumerable<(double[] Values, int[] Shape)> arrays, int? dimension)
    {
        DataSetStatistics? statistics = null;
        foreach ((double[] values, int[] shape) in arrays)
        {
            int at = dimension is int d ? (d + shape.Length) % shape.Length : 0;
            statistics ??= dimension is null ? new() : new(shape[at]);
            int inner = shape[(at + 1)..].Aggregate(1, (product, length) => product * length);
            for (int i = 0; i < values.Length; i++)
                statistics.Moments[dimension is null ? 0 : i / inner % shape[at]].Add(values[i]);
        }
        return statistics!;
    }

    /// <summary>A .npy file from the format's specification.</summary>
    public static byte[] Npy(double[] values, int[] shape, string descr, bool fortranOrder = false)
    {
        double[] stored = fortranOrder ? Reordered(values, shape) : values;
        string lengths = string.Concat(shape.Select(length => string.Create(CultureInfo.InvariantCulture, $"{length}, ")));
        return HandMade.Npy(descr, $"({lengths})", Bytes(stored, descr), fortranOrder);
    }

    public static byte[] Bytes(double[] values, string descr)
    {
        byte[] bytes = descr[1..] switch
        {
            "f2" => Of(values, v => (Half)v),
            "f4" => Of(values, v => (float)v),
            "f8" => Of(values, v => v),
            "i1" => Of(values, v => (sbyte)v),
            "i2" => Of(values, v => (short)v),
            "i4" => Of(values, v => (int)v),
            "i8" => Of(values, v => (long)v),
            "u1" => Of(values, v => (byte)v),
            "u2" => Of(values, v => (ushort)v),
            "u4" => Of(values, v => (uint)v),
            "u8" => Of(values, v => (ulong)v),
            "b1" => Of(values, v => v != 0),
            _ => Of(values, v => (BFloat16)v),
        };
        int size = bytes.Length / Math.Max(1, values.Length);
        for (int i = 0; descr[0] == '>' && i < bytes.Length; i += size)
            bytes.AsSpan(i, size).Reverse();
        return bytes;
    }

    private static byte[] Of<T>(double[] values, Func<double, T> convert) where T : unmanaged =>
        MemoryMarshal.AsBytes<T>(Array.ConvertAll(values, v => convert(v))).ToArray();

    // The first dimension fastest.
    private static double[] Reordered(double[] values, int[] shape)
    {
        double[] fortran = new double[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            int rest = i, place = 0;
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                int stride = shape[..d].Aggregate(1, (product, length) => product * length);
                place += rest % shape[d] * stride;
                rest /= shape[d];
            }
            fortran[place] = values[i];
        }
        return fortran;
    }
}

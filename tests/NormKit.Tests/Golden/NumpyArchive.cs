using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;

namespace NormKit.Tests.Golden;

/// <summary>Reads the arrays of an .npz as doubles: little-endian, C order, float32 or float64, which is all that the golden files hold.</summary>
internal static partial class NumpyArchive
{
    public static Dictionary<string, double[]> Read(string path)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        return archive.Entries.ToDictionary(entry => entry.Name[..^".npy".Length], Array);
    }

    private static double[] Array(ZipArchiveEntry entry)
    {
        using MemoryStream memory = new();
        using (Stream stream = entry.Open())
            stream.CopyTo(memory);
        byte[] bytes = memory.ToArray();
        int end = 10 + BitConverter.ToUInt16(bytes, 8);
        string type = Header().Match(Encoding.ASCII.GetString(bytes, 10, end - 10)).Groups["type"].Value;
        ReadOnlySpan<byte> data = bytes.AsSpan(end);
        return type switch
        {
            "<f4" => System.Array.ConvertAll(MemoryMarshal.Cast<byte, float>(data).ToArray(), v => (double)v),
            "<f8" => MemoryMarshal.Cast<byte, double>(data).ToArray(),
            _ => throw new InvalidDataException($"{entry.FullName} is no array of floats in C order."),
        };
    }

    [GeneratedRegex("'descr': '(?<type><f[48])', 'fortran_order': False")]
    private static partial Regex Header();
}

using System.IO.Compression;

namespace NormKit.IO;

/// <summary>
/// Writes files again with their array standardized: (x - mean) / population standard deviation of its index, in double, rounded once to the type of the
/// result. All else in an archive is copied. A file is read and written in pieces.
/// </summary>
internal sealed class Standardizer
{
    private readonly double[] means, deviations;
    private readonly DataSetOptions options;

    internal Standardizer(DataSetStatistics statistics, DataSetOptions options)
    {
        this.options = options;
        (means, deviations) = (new double[statistics.Moments.Length], new double[statistics.Moments.Length]);
        for (int i = 0; i < means.Length; i++)
        {
            means[i] = statistics.Moments[i].Mean;
            double deviation = statistics.Moments[i].PopulationStandardDeviation;
            // Over infinity all finite numbers are 0, and others NaN.
            deviations[i] = deviation == 0 ? double.PositiveInfinity : deviation;
        }
    }

    /// <summary>Writes one file.</summary>
    /// <param name="location">The file, with the array's name behind a colon if it has one.</param>
    /// <param name="output">The file to write, of the same format.</param>
    /// <param name="typeOf">The type of the result for that of the array: a floating-point type.</param>
    /// <param name="told">Is told how many bytes of the array have been read.</param>
    internal void Write(string location, string output, Func<ElementType, ElementType> typeOf, Action<long> told)
    {
        using ArrayInPieces array = ArrayInPieces.Open(location, options.Name);
        ElementType type = typeOf(array.Header.ElementType);
        using FileStream stream = new(output, FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        if (array.Archive is not null)
            WriteArchive(array, location, type, stream, told);
        else if (array.Safetensors is not null)
            WriteSafetensors(array, type, stream, told);
        else
            WriteArray(array, type, stream, told);
        array.RequireEnd();
        stream.Flush(flushToDisk: true);
    }

    private void WriteArray(ArrayInPieces array, ElementType type, Stream stream, Action<long> told)
    {
        stream.Write(NpyHeader.Format(type, array.Header.Shape, array.Header.FortranOrder));
        WriteData(array, type, stream, told);
    }

    private void WriteArchive(ArrayInPieces array, string location, ElementType type, Stream stream, Action<long> told)
    {
        using ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (ZipArchiveEntry entry in array.Archive!.Entries)
        {
            ZipArchiveEntry copy = archive.CreateEntry(entry.FullName, entry.CompressedLength < entry.Length ? CompressionLevel.Optimal : CompressionLevel.NoCompression);
            copy.LastWriteTime = entry.LastWriteTime;
            using Stream to = copy.Open();
            if (entry == array.Entry)
            {
                WriteArray(array, type, to, told);
                continue;
            }
            NpzFile.CopyEntry($"{location}: entry {TensorFileException.Quote(entry.FullName)}", entry, to);
        }
    }

    private void WriteSafetensors(ArrayInPieces array, ElementType type, Stream stream, Action<long> told)
    {
        SafetensorsHeader header = array.Safetensors!;
        SafetensorsType typeOf(SafetensorsEntry entry) => entry == array.SafetensorsEntry ? SafetensorsType.All[SafetensorsType.IndexOf(type)] : entry.Type;
        SafetensorsEntry[] ordered = [.. header.Entries.Values.OrderByDescending(entry => Array.IndexOf(SafetensorsType.All, typeOf(entry))).ThenBy(entry => entry.Name, StringComparer.Ordinal)];
        SafetensorsFile.WriteHeader(
            stream, array.Name,
            [.. ordered.Select(entry => (entry.Name, typeOf(entry), entry.Shape,
                entry == array.SafetensorsEntry ? (long)TensorShape.Count(entry.Shape) * type.SizeInBytes() : entry.End - entry.Begin))],
            header.Metadata.Count > 0 ? header.Metadata : null);
        foreach (SafetensorsEntry entry in ordered)
        {
            if (entry == array.SafetensorsEntry)
                WriteData(array, type, stream, told);
            else
                array.CopyTo(stream, header.DataStart + entry.Begin, entry.End - entry.Begin);
        }
    }

    private void WriteData(ArrayInPieces array, ElementType type, Stream stream, Action<long> told)
    {
        const int piece = 1 << 16;
        ArrayLayout layout = ArrayLayout.Of(array.Name, array.Header.Shape, array.Header.FortranOrder, options.Dimension);
        int size = array.Header.ElementType.SizeInBytes();
        byte[] bytes = new byte[piece * size], written = new byte[piece * type.SizeInBytes()];
        double[] values = new double[piece];
        for (long first = 0; first < layout.Count; first += piece)
        {
            int count = (int)Math.Min(piece, layout.Count - first);
            array.Read(first, bytes.AsSpan(0, count * size));
            ElementDecoder.Decode(array.Header.ElementType, bytes.AsSpan(0, count * size), values.AsSpan(0, count));
            Standardize(values.AsSpan(0, count), first, layout);
            Span<byte> result = written.AsSpan(0, count * type.SizeInBytes());
            ElementEncoder.Encode<double>(values.AsSpan(0, count), type, result);
            stream.Write(result);
            told(count * (long)size);
        }
    }

    private void Standardize(Span<double> values, long first, in ArrayLayout layout)
    {
        while (!values.IsEmpty)
        {
            (long run, long within) = Math.DivRem(first, layout.Inner);
            int length = (int)Math.Min(values.Length, layout.Inner - within), index = (int)(run % layout.Length);
            (double mean, double deviation) = (means[index], deviations[index]);
            foreach (ref double value in values[..length])
                value = (value - mean) / deviation;
            values = values[length..];
            first += length;
        }
    }
}

using System.Numerics;

namespace NormKit.IO;

/// <summary>One tensor of a .safetensors header. Begin and End count bytes from the start of the data section.</summary>
internal sealed record SafetensorsEntry(string Name, SafetensorsType Type, nint[] Shape, long Begin, long End)
{
    /// <summary>Refuses sizes that disagree and data that leaves a hole, overlaps, or is not what the file holds.</summary>
    internal static void Validate(IReadOnlyList<SafetensorsEntry> entries, long dataLength, string file)
    {
        long end = 0;
        foreach (SafetensorsEntry entry in entries.OrderBy(entry => entry.Begin).ThenBy(entry => entry.End))
        {
            if (entry.Begin != end)
            {
                string fault = entry.Begin > end ? $"a hole of {entry.Begin - end} bytes before" : "an overlap with the tensor before";
                throw entry.Error(file, $"data_offsets [{entry.Begin}, {entry.End}] leave {fault} it; data must cover the file once");
            }

            BigInteger bits = TensorShape.Count(entry.Shape) * entry.Type.Bits;
            if (bits != (BigInteger)(entry.End - entry.Begin) * 8)
            {
                throw entry.Error(file, $"shape {TensorShape.Text(entry.Shape)} of {entry.Type.Name} has {bits} bits but "
                    + $"data_offsets [{entry.Begin}, {entry.End}] span {entry.End - entry.Begin} bytes");
            }

            end = entry.End;
        }

        if (end != dataLength)
        {
            throw new TensorFileException(
                $"{file}: data_offsets end at {end} but the data section has {dataLength} bytes; the file is truncated or damaged.");
        }
    }

    /// <summary>The type of the elements.</summary>
    /// <exception cref="TensorFileException">It is one that is only validated.</exception>
    internal ElementType Supported(string file) =>
        Type.ElementType ?? throw Error(file, $"dtype {Type.Name} is not supported; convert it to F16, BF16, F32 or F64 first");

    internal TensorFileException Error(string file, string rule) =>
        new($"{file}: header, tensor {TensorFileException.Quote(Name)}: {rule}.");
}

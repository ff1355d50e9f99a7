using System.Runtime.InteropServices;
using System.Text;

namespace NormKit.IO.Tests.Models;

/// <summary>Builds .gguf files from docs/gguf.md of ggml, without the code under test.</summary>
internal sealed class GgufBuilder(uint version = 3, int alignment = 32)
{
    private readonly List<Action<BinaryWriter>> values = [], infos = [];
    private readonly List<byte> data = [];

    public GgufBuilder Text(string key, string value) => Value(key, 8, writer => Text(writer, value));

    public GgufBuilder UInt32(string key, uint value) => Value(key, 4, writer => writer.Write(value));

    public GgufBuilder Single(string key, float value) => Value(key, 6, writer => writer.Write(value));

    public GgufBuilder Texts(string key, params string[] texts) => Value(key, 9, writer =>
    {
        writer.Write(8u);
        writer.Write((ulong)texts.Length);
        foreach (string text in texts)
            Text(writer, text);
    });

    public GgufBuilder Value(string key, uint type, Action<BinaryWriter> write)
    {
        values.Add(writer =>
        {
            Text(writer, key);
            writer.Write(type);
            write(writer);
        });
        return this;
    }

    public GgufBuilder Tensor(string name, float[] elements, params int[] shape) => Raw(name, 0, MemoryMarshal.AsBytes(elements.AsSpan()).ToArray(), shape.Length == 0 ? [elements.Length] : shape);

    public GgufBuilder Halves(string name, float[] elements) => Raw(name, 1, MemoryMarshal.AsBytes(elements.Select(value => (Half)value).ToArray().AsSpan()).ToArray(), elements.Length);

    /// <param name="name">The tensor's name.</param>
    /// <param name="type">The number of its type in ggml.</param>
    /// <param name="bytes">Its elements.</param>
    /// <param name="shape">Its dimensions, the last one contiguous; the file has them the other way round.</param>
    public GgufBuilder Raw(string name, uint type, byte[] bytes, params int[] shape)
    {
        ulong offset = (ulong)data.Count;
        infos.Add(writer =>
        {
            Text(writer, name);
            writer.Write((uint)shape.Length);
            foreach (int length in shape.Reverse())
                writer.Write((ulong)length);
            writer.Write(type);
            writer.Write(offset);
        });
        data.AddRange(bytes);
        while (data.Count % alignment != 0)
            data.Add(0);
        return this;
    }

    public byte[] Build()
    {
        MemoryStream file = new();
        using BinaryWriter writer = new(file, Encoding.UTF8);
        writer.Write("GGUF"u8);
        writer.Write(version);
        writer.Write((ulong)infos.Count);
        writer.Write((ulong)values.Count + (alignment == 32 ? 0ul : 1ul));
        foreach (Action<BinaryWriter> value in values)
            value(writer);
        if (alignment != 32)
        {
            Text(writer, "general.alignment");
            writer.Write(4u);
            writer.Write((uint)alignment);
        }
        foreach (Action<BinaryWriter> info in infos)
            info(writer);
        while (file.Position % alignment != 0)
            file.WriteByte(0);
        writer.Write(data.ToArray());
        return file.ToArray();
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}

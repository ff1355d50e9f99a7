using System.Buffers;
using System.Globalization;
using System.Text;
using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>Writes a model as a fold has changed it: new bytes for the nodes and constants concerned, all others as they are.</summary>
internal sealed class OnnxRewriter(ModelFile file, OnnxFold fold)
{
    private const int ExternalAlignment = 64;

    private readonly OnnxModel model = file.Onnx!;
    private readonly List<Piece> pieces = [];
    private readonly List<ModelTensor> external = [];
    private string externalName = "";
    private long externalLength;

    /// <summary>New bytes in place of some, within messages whose lengths change with them.</summary>
    private sealed record Piece(long Start, long End, byte[] Bytes, IReadOnlyList<(long LengthStart, long Start, long End)> Containers)
    {
        internal long Growth => Bytes.Length - (End - Start);
    }

    internal void Write(string output, CancellationToken stop)
    {
        externalName = ExternalName(output);
        foreach (WorkGraph graph in fold.Graphs.Values)
            Collect(graph);
        AddLengths();
        pieces.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.End != b.End ? a.End.CompareTo(b.End) : b.Containers.Count.CompareTo(a.Containers.Count));
        string directory = Path.GetDirectoryName(Path.GetFullPath(output))!;
        CopyExternal(directory, stop);
        if (external.Count > 0)
            FilePath.Replace(Path.Combine(directory, externalName), WriteExternal);
        FilePath.Replace(output, stream =>
        {
            long position = 0;
            foreach (Piece piece in pieces)
            {
                stop.ThrowIfCancellationRequested();
                model.File.CopyTo(stream, position, piece.Start - position);
                stream.Write(piece.Bytes);
                position = piece.End;
            }
            model.File.CopyTo(stream, position, model.File.Length - position);
        });
    }

    private void Collect(WorkGraph graph)
    {
        OnnxGraph source = graph.Source;
        foreach (WorkNode node in graph.Nodes)
        {
            if (node.IsRemoved)
                pieces.Add(new(node.Source.TagStart, node.Source.End, [], source.Containers));
            else if (node.IsChanged)
                pieces.Add(new(node.Source.TagStart, node.Source.End, Rewritten(node), source.Containers));
        }
        WireWriter added = new();
        foreach ((string name, ModelTensor tensor) in graph.Replaced)
        {
            OnnxInitializer? old = source.Initializers.GetValueOrDefault(name);
            if (graph.RemovedInitializers.Contains(name))
                continue;
            WireWriter bytes = new();
            bytes.Bytes(5, Tensor(tensor, isExternal: old?.IsExternal == true || graph.IsCopyOfExternal(name)));
            if (old is null)
                added.Append(bytes.ToArray());
            else
                pieces.Add(new(old.TagStart, old.End, bytes.ToArray(), source.Containers));

            // Before version 4 of the format each initializer is an input of the graph too.
            if (old is null && model.IrVersion < 4 && source.Parent is null)
                added.Bytes(11, ValueInfo(tensor));
        }
        foreach (string name in graph.RemovedInitializers)
        {
            OnnxInitializer old = source.Initializers[name];
            pieces.Add(new(old.TagStart, old.End, [], source.Containers));
            if (source.Inputs.Find(input => input.Name == name) is OnnxValue input)
                pieces.Add(new(input.TagStart, input.End, [], source.Containers));
        }
        foreach (string name in graph.RemovedValues)
        {
            if (source.Values.TryGetValue(name, out OnnxValue? value))
                pieces.Add(new(value.TagStart, value.End, [], source.Containers));
        }
        byte[] atEnd = added.ToArray();
        if (atEnd.Length > 0)
        {
            long end = source.Containers[^1].End;
            pieces.Add(new(end, end, atEnd, source.Containers));
        }
    }

    /// <summary>A node anew: its inputs, outputs and operator as they are now, every other field as it was.</summary>
    private byte[] Rewritten(WorkNode node)
    {
        WireWriter content = new();
        foreach (string input in node.Inputs)
            content.Text(1, input);
        foreach (string output in node.Outputs)
            content.Text(2, output);
        WireReader reader = new(model.File);
        HashSet<long> dropped = [.. node.Dropped.Select(name => node.Source.Attributes.GetValueOrDefault(name)?.TagStart ?? -1)];
        for (long position = node.Source.Start; reader.Next(ref position, node.Source.End, out WireField field);)
        {
            if (field.Number is 1 or 2 || field.Number == 5 && dropped.Contains(field.TagStart))
                continue;
            if (field.Number == 4)
            {
                content.Text(4, node.Operator);
                continue;
            }
            byte[] raw = new byte[position - field.TagStart];
            model.File.Read(field.TagStart, raw, "node");
            content.Append(raw);
        }
        foreach ((string name, long value) in node.NewIntegers)
        {
            WireWriter attribute = new();
            attribute.Text(1, name);
            attribute.Integer(3, value);
            attribute.Integer(20, 2);
            content.Bytes(5, attribute.ToArray());
        }
        WireWriter whole = new();
        whole.Bytes(1, content.ToArray());
        return whole.ToArray();
    }

    private byte[] Tensor(ModelTensor tensor, bool isExternal)
    {
        WireWriter content = new();
        foreach (nint length in tensor.Shape)
            content.Integer(1, length);
        content.Integer(2, TypeOf(tensor));
        content.Text(8, tensor.Name);
        byte[] bytes = new byte[tensor.Count * tensor.ElementType!.Value.SizeInBytes()];
        if (!isExternal)
        {
            tensor.ReadBytes(bytes);
            content.Bytes(9, bytes);
            return content.ToArray();
        }
        externalLength += -externalLength & (ExternalAlignment - 1);
        foreach ((string key, string value) in ((string, string)[])
            [("location", externalName), ("offset", externalLength.ToString(CultureInfo.InvariantCulture)), ("length", bytes.LongLength.ToString(CultureInfo.InvariantCulture))])
        {
            WireWriter pair = new();
            pair.Text(1, key);
            pair.Text(2, value);
            content.Bytes(13, pair.ToArray());
        }
        content.Integer(14, 1);
        external.Add(tensor);
        externalLength += bytes.LongLength;
        return content.ToArray();
    }

    private static byte[] ValueInfo(ModelTensor tensor)
    {
        WireWriter shape = new(), inner = new(), type = new(), info = new();
        foreach (nint length in tensor.Shape)
        {
            WireWriter dimension = new();
            dimension.Integer(1, length);
            shape.Bytes(1, dimension.ToArray());
        }
        inner.Integer(1, TypeOf(tensor));
        inner.Bytes(2, shape.ToArray());
        type.Bytes(1, inner.ToArray());
        info.Text(1, tensor.Name);
        info.Bytes(2, type.ToArray());
        return info.ToArray();
    }

    private static int TypeOf(ModelTensor tensor) => tensor.ElementType switch
    {
        ElementType.Float16 => OnnxTypes.Float16,
        ElementType.BFloat16 => OnnxTypes.BFloat16,
        ElementType.Float64 => OnnxTypes.Double,
        _ => OnnxTypes.Float,
    };

    /// <summary>The lengths of all messages around a change, innermost first: each may grow by a byte itself.</summary>
    private void AddLengths()
    {
        foreach (var container in pieces.SelectMany(piece => piece.Containers).Distinct().OrderByDescending(container => container.Start).ToList())
        {
            long growth = pieces.Where(piece => piece.Containers.Contains(container)).Sum(piece => piece.Growth);
            if (growth == 0)
                continue;
            var chain = pieces.First(piece => piece.Containers.Contains(container)).Containers.TakeWhile(one => one != container).ToList();
            WireWriter length = new();
            length.Varint((ulong)(container.End - container.Start + growth));
            pieces.Add(new(container.LengthStart, container.Start, length.ToArray(), chain));
        }
    }

    private string ExternalName(string output)
    {
        string name = Path.GetFileName(output) + ".data";
        HashSet<string> taken = [.. file.Maps.Select(map => Path.GetFileName(map.Path))];
        while (taken.Contains(name))
            name = Path.GetFileName(output) + ".folded" + name[Path.GetFileName(output).Length..];
        return name;
    }

    private void WriteExternal(FileStream stream)
    {
        foreach (ModelTensor tensor in external)
        {
            while (stream.Position % ExternalAlignment != 0)
                stream.WriteByte(0);
            byte[] bytes = new byte[tensor.Count * tensor.ElementType!.Value.SizeInBytes()];
            tensor.ReadBytes(bytes);
            stream.Write(bytes);
        }
    }

    /// <summary>A model in another directory needs its external data there.</summary>
    private void CopyExternal(string directory, CancellationToken stop)
    {
        string home = Path.GetDirectoryName(Path.GetFullPath(file.Path))!;
        if (home == directory)
            return;
        foreach (MappedBytes map in file.Maps.Skip(1))
        {
            stop.ThrowIfCancellationRequested();
            string target = Path.Combine(directory, Path.GetRelativePath(home, Path.GetFullPath(map.Path)));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            FilePath.Replace(target, stream => map.CopyTo(stream, 0, map.Length));
        }
    }

    /// <summary>Writes fields of protocol buffers.</summary>
    private sealed class WireWriter
    {
        private readonly ArrayBufferWriter<byte> buffer = new();

        internal byte[] ToArray() => buffer.WrittenSpan.ToArray();

        internal void Append(byte[] bytes) => buffer.Write(bytes);

        internal void Integer(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        internal void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

        internal void Bytes(int field, byte[] value)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)value.Length);
            buffer.Write(value);
        }

        internal void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                buffer.Write([(byte)(value | 0x80)]);
            buffer.Write([(byte)value]);
        }
    }
}

using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace NormKit.IO.Onnx;

/// <summary>An ONNX model: graphs, nodes and where each constant lies. Walks the file without copying constants, so that a model of any size is read.</summary>
/// <remarks>Field numbers are those of onnx/onnx.proto.</remarks>
internal sealed class OnnxModel
{
    private const int MostDepth = 32;
    private const long LongestText = 1 << 20;

    private readonly WireReader reader;
    private readonly Func<string, MappedBytes> map;
    private readonly List<ModelTensor> tensors = [];
    private readonly Dictionary<string, string> metadata = [];

    private OnnxModel(MappedBytes file, Func<string, MappedBytes> map) => (reader, this.map) = (new WireReader(file), map);

    internal MappedBytes File => reader.File;

    internal long IrVersion { get; private set; }

    /// <summary>The version of each operator set, by domain.</summary>
    internal Dictionary<string, long> Opsets { get; } = [];

    internal OnnxGraph Graph { get; private set; } = null!;

    /// <summary>All graphs: the main one, subgraphs, bodies of functions.</summary>
    internal List<OnnxGraph> Graphs { get; } = [];

    internal IReadOnlyList<ModelTensor> Tensors => tensors;

    internal IReadOnlyDictionary<string, string> Metadata => metadata;

    internal long Opset => Opsets.GetValueOrDefault("", 1);

    internal static OnnxModel Read(MappedBytes file, Func<string, MappedBytes> map)
    {
        OnnxModel model = new(file, map);
        model.ReadModel();
        return model;
    }

    private void ReadModel()
    {
        bool hasGraph = false;
        List<WireField> functions = [];
        for (long position = 0; reader.Next(ref position, File.Length, out WireField field);)
        {
            switch (field.Number)
            {
                case 1: IrVersion = Integer(field, "ir_version"); break;
                case 2: metadata["producer_name"] = Text(field, "producer_name"); break;
                case 3: metadata["producer_version"] = Text(field, "producer_version"); break;
                case 7:
                    if (hasGraph)
                        throw reader.Error(field.TagStart, "the model has two graphs");
                    hasGraph = true;
                    Require(field, WireType.Bytes, "graph");
                    Graph = ReadGraph(field, parent: null, "", [], 0);
                    break;
                case 8: ReadOpset(field); break;
                case 14: ReadMetadata(field); break;
                case 25: functions.Add(field); break;
            }
        }
        if (!hasGraph)
            throw new TensorFileException($"{File.Path}: holds no graph; this is no ONNX model, or it is damaged.");
        foreach (WireField function in functions)
            ReadFunction(function);
    }

    private void ReadOpset(WireField field)
    {
        Require(field, WireType.Bytes, "opset_import");
        string domain = "";
        long version = 1;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                domain = Text(inner, "domain");
            else if (inner.Number == 2)
                version = Integer(inner, "version");
        }
        Opsets[domain == "ai.onnx" ? "" : domain] = version;
    }

    private void ReadMetadata(WireField field)
    {
        (string key, string value) = ReadPair(field, "metadata_props");
        metadata.TryAdd(key, value);
    }

    private (string Key, string Value) ReadPair(WireField field, string name)
    {
        Require(field, WireType.Bytes, name);
        string key = "", value = "";
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                key = Text(inner, name);
            else if (inner.Number == 2)
                value = inner.Length <= LongestText ? Text(inner, name) : "";
        }
        return (key, value);
    }

    private void ReadFunction(WireField field)
    {
        Require(field, WireType.Bytes, "functions");
        string name = "";
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                name = Text(inner, "name");
        }
        OnnxGraph body = new() { Name = name, IsFunction = true, Place = $"function {name}" };
        Graphs.Add(body);
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 7)
                ReadNode(inner, body, 1);
        }
    }

    private OnnxGraph ReadGraph(WireField field, OnnxGraph? parent, string place, IReadOnlyList<(long, long, long)> around, int depth)
    {
        if (depth > MostDepth)
            throw reader.Error(field.TagStart, $"graphs lie more than {MostDepth} deep in each other");
        OnnxGraph graph = new() { Parent = parent, Place = place, Containers = [.. around, Container(field)] };
        Graphs.Add(graph);
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: ReadNode(inner, graph, depth); break;
                case 2: graph.Name = Text(inner, "name"); break;
                case 5:
                    OnnxInitializer initializer = ReadTensor(inner);
                    if (!graph.Initializers.TryAdd(initializer.Name, initializer))
                        throw reader.Error(inner.TagStart, $"initializer {TensorFileException.Quote(initializer.Name)} occurs twice");
                    tensors.Add(initializer.Tensor);
                    break;
                case 11: graph.Inputs.Add(ReadValue(inner)); break;
                case 12: graph.Outputs.Add(ReadValue(inner)); break;
                case 13:
                    OnnxValue value = ReadValue(inner);
                    graph.Values.TryAdd(value.Name, value);
                    break;
            }
        }

        // What a subgraph reads and does not make itself, it takes from the graphs around it.
        HashSet<string> own = [.. graph.Inputs.Select(input => input.Name), .. graph.Initializers.Keys, .. graph.Nodes.SelectMany(node => node.Outputs)];
        foreach (string name in graph.Nodes.SelectMany(node => node.Inputs).Concat(graph.Outputs.Select(output => output.Name)).Concat(graph.Captured))
        {
            if (parent is not null && name.Length > 0 && !own.Contains(name))
                parent.Captured.Add(name);
        }
        return graph;
    }

    private (long, long, long) Container(WireField field)
    {
        // Behind the tag, a varint itself, stands the length.
        long position = field.TagStart;
        reader.Varint(ref position, field.Start);
        return (position, field.Start, field.End);
    }

    private void ReadNode(WireField field, OnnxGraph graph, int depth)
    {
        Require(field, WireType.Bytes, "node");
        OnnxNode node = new(graph) { Index = graph.Nodes.Count, TagStart = field.TagStart, Start = field.Start, End = field.End };
        List<WireField> attributes = [];
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: node.Inputs.Add(Text(inner, "input")); break;
                case 2: node.Outputs.Add(Text(inner, "output")); break;
                case 3: node.Name = Text(inner, "name"); break;
                case 4: node.Operator = Text(inner, "op_type"); break;
                case 5: attributes.Add(inner); break;
                case 7: node.Domain = Text(inner, "domain") is "ai.onnx" ? "" : Text(inner, "domain"); break;
            }
        }
        foreach (WireField attribute in attributes)
        {
            OnnxAttribute read = ReadAttribute(attribute, node, [.. graph.Containers, Container(field), Container(attribute)], depth);
            if (!node.Attributes.TryAdd(read.Name, read))
                throw reader.Error(attribute.TagStart, $"attribute {TensorFileException.Quote(read.Name)} of node {TensorFileException.Quote(node.Label)} occurs twice");
        }
        graph.Nodes.Add(node);
    }

    private OnnxAttribute ReadAttribute(WireField field, OnnxNode node, IReadOnlyList<(long, long, long)> around, int depth)
    {
        Require(field, WireType.Bytes, "attribute");
        OnnxAttribute attribute = new() { TagStart = field.TagStart, End = field.End };
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: attribute.Name = Text(inner, "attribute name"); break;
                case 2: attribute.Float = Single(inner); break;
                case 3: attribute.Integer = Integer(inner, "attribute"); break;
                case 4:
                    Require(inner, WireType.Bytes, "attribute");
                    attribute.Text = inner.Length <= LongestText ? Latin(inner) : null;
                    break;
                case 5: attribute.Tensor = ReadTensor(inner).Tensor; break;
                case 6 or 11:
                    Require(inner, WireType.Bytes, "graph");
                    attribute.Graphs.Add(ReadGraph(inner, node.Graph, $"{(node.Graph.Place.Length > 0 ? node.Graph.Place + ", " : "")}{attribute.Name} of {node.Label}", around, depth + 1));
                    break;
                case 7: ReadFloats(inner, attribute.Floats); break;
                case 8: ReadIntegers(inner, attribute.Integers); break;
                case 21: attribute.IsReference = true; break;
            }
        }
        return attribute;
    }

    private OnnxInitializer ReadTensor(WireField field)
    {
        Require(field, WireType.Bytes, "tensor");
        string name = "";
        int type = 0;
        List<nint> shape = [];
        List<(long, long)> typed = [], raw = [];
        List<WireField> varints = [];
        Dictionary<string, string> external = [];
        bool isExternal = false;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: ReadDimensions(inner, shape); break;
                case 2: type = (int)Math.Clamp(Integer(inner, "data_type"), -1, int.MaxValue); break;
                case 4 or 10: typed.Add((inner.Start, inner.Length)); break;
                case 5 or 7 or 11: varints.Add(inner); break;
                case 8: name = Text(inner, "name"); break;
                case 9:
                    Require(inner, WireType.Bytes, "raw_data");
                    raw.Add((inner.Start, inner.Length));
                    break;
                case 13:
                    (string key, string value) = ReadPair(inner, "external_data");
                    external[key] = value;
                    break;
                case 14: isExternal = Integer(inner, "data_location") == 1; break;
            }
        }

        nint[] dimensions = [.. shape];
        BigInteger bits = TensorShape.Count(dimensions) * OnnxTypes.Bits(type);
        TensorBytes bytes = isExternal ? External(field, name, external, bits)
            : raw.Count > 0 ? new TensorBytes(File, raw[^1].Item1, raw[^1].Item2)
            : typed.Count > 0 || varints.Count == 0 ? new TensorBytes(File, typed)
            : Decoded(varints, type, bits, field, name);
        if (bits > 0 && (bits + 7) / 8 != bytes.Length)
        {
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)}, {TensorShape.Text(dimensions)} of {OnnxTypes.Name(type)}, needs "
                + $"{(bits + 7) / 8} bytes but has {bytes.Length}");
        }
        return new OnnxInitializer(new ModelTensor(name, OnnxTypes.Name(type), OnnxTypes.Element(type), dimensions, bytes), type, isExternal, field.TagStart, field.End);
    }

    /// <summary>int32_data and int64_data hold a number of up to ten bytes for each element; they are decoded when somebody asks.</summary>
    private TensorBytes Decoded(List<WireField> fields, int type, BigInteger bits, WireField tensor, string name)
    {
        long count = 0;
        foreach (WireField field in fields)
        {
            if (field.Wire == WireType.Varint)
            {
                count++;
                continue;
            }
            Require(field, WireType.Bytes, "data");
            for (long position = field.Start; position < field.End; count++)
                reader.Varint(ref position, field.End);
        }
        int size = OnnxTypes.Bits(type) / 8;
        if (count * size > Array.MaxLength)
            throw reader.Error(tensor.TagStart, $"tensor {TensorFileException.Quote(name)} has {count} elements outside raw_data");
        return new TensorBytes(File.Path, size == 0 ? (long)((bits + 7) / 8) : count * size, () =>
        {
            byte[] bytes = new byte[count * Math.Max(1, size)];
            Span<byte> eight = stackalloc byte[8];
            int at = 0;
            foreach (WireField field in fields)
            {
                long position = field.Start, end = field.Wire == WireType.Varint ? field.Start + 10 : field.End;
                while (position < end)
                {
                    BinaryPrimitives.WriteUInt64LittleEndian(eight, field.Wire == WireType.Varint ? field.Value : reader.Varint(ref position, end));
                    eight[..size].CopyTo(bytes.AsSpan(at));
                    at += size;
                    if (field.Wire == WireType.Varint)
                        break;
                }
            }
            return bytes;
        });
    }

    private TensorBytes External(WireField field, string name, Dictionary<string, string> external, BigInteger bits)
    {
        string Value(string key) => external.GetValueOrDefault(key, "0");
        if (!external.TryGetValue("location", out string? location))
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)} is in another file, but no location says in which");
        if (!long.TryParse(Value("offset"), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            || !long.TryParse(Value("length"), NumberStyles.None, CultureInfo.InvariantCulture, out long length))
            throw reader.Error(field.TagStart, $"tensor {TensorFileException.Quote(name)}: offset or length of its external data is no number");
        MappedBytes file = map(ExternalPath(location, name));
        if (offset > file.Length)
            throw new TensorFileException($"{file.Path}: tensor {TensorFileException.Quote(name)} begins at byte {offset}, but the file has {file.Length}; it is truncated, or belongs to another model.");
        if (!external.ContainsKey("length"))
            length = bits > 0 ? (long)BigInteger.Min((bits + 7) / 8, long.MaxValue) : file.Length - offset;
        if (length > file.Length - offset)
            throw new TensorFileException($"{file.Path}: tensor {TensorFileException.Quote(name)} needs {length} bytes from byte {offset} on, but the file has {file.Length}; it is truncated, or belongs to another model.");
        return new TensorBytes(file, offset, length);
    }

    /// <summary>A model must not reach files outside its directory.</summary>
    private string ExternalPath(string location, string name)
    {
        string[] parts = location.Split('/', '\\');
        if (location.Length == 0 || location.Contains('\0') || Path.IsPathRooted(location) || parts.Contains("..") || location.Contains(':'))
            throw new TensorFileException($"{File.Path}: tensor {TensorFileException.Quote(name)} is in {TensorFileException.Quote(location)}; external data must lie in the model's directory.");
        return Path.Combine([Path.GetDirectoryName(File.Path)!, .. parts]);
    }

    private OnnxValue ReadValue(WireField field)
    {
        Require(field, WireType.Bytes, "value");
        string name = "";
        int type = 0;
        long[]? shape = null;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                name = Text(inner, "name");
            else if (inner.Number == 2)
                ReadType(inner, ref type, ref shape);
        }
        return new OnnxValue(name, type, shape, field.TagStart, field.End);
    }

    private void ReadType(WireField field, ref int type, ref long[]? shape)
    {
        Require(field, WireType.Bytes, "type");
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField tensor);)
        {
            if (tensor.Number != 1 || tensor.Wire != WireType.Bytes)
                continue;
            for (long inner = tensor.Start; reader.Next(ref inner, tensor.End, out WireField part);)
            {
                if (part.Number == 1)
                    type = (int)Math.Clamp(Integer(part, "elem_type"), -1, int.MaxValue);
                else if (part.Number == 2)
                    shape = ReadShape(part);
            }
        }
    }

    private long[] ReadShape(WireField field)
    {
        Require(field, WireType.Bytes, "shape");
        List<long> shape = [];
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField dimension);)
        {
            if (dimension.Number != 1)
                continue;
            Require(dimension, WireType.Bytes, "dimension");
            long length = -1;
            for (long inner = dimension.Start; reader.Next(ref inner, dimension.End, out WireField part);)
            {
                if (part.Number == 1)
                    length = Integer(part, "dim_value");
            }
            shape.Add(length);
        }
        return [.. shape];
    }

    private void ReadDimensions(WireField field, List<nint> shape)
    {
        List<long> lengths = [];
        ReadIntegers(field, lengths);
        foreach (long length in lengths)
        {
            if (length < 0)
                throw reader.Error(field.TagStart, $"a tensor has a dimension of {length}");
            shape.Add((nint)length);
        }
        if (shape.Count > TensorShape.MaxRank)
            throw reader.Error(field.TagStart, $"a tensor has more than {TensorShape.MaxRank} dimensions");
    }

    private void ReadIntegers(WireField field, List<long> to)
    {
        if (field.Wire == WireType.Varint)
        {
            to.Add((long)field.Value);
            return;
        }
        Require(field, WireType.Bytes, "integers");
        for (long position = field.Start; position < field.End;)
            to.Add((long)reader.Varint(ref position, field.End));
    }

    private void ReadFloats(WireField field, List<float> to)
    {
        if (field.Wire == WireType.Fixed32)
        {
            to.Add(Single(field));
            return;
        }
        Require(field, WireType.Bytes, "floats");
        if (field.Length % sizeof(float) != 0)
            throw reader.Error(field.Start, "floats that are no multiple of four bytes");
        for (long position = field.Start; position < field.End; position += sizeof(float))
            to.Add(BitConverter.UInt32BitsToSingle(File.UInt32(position, "float")));
    }

    private float Single(WireField field)
    {
        Require(field, WireType.Fixed32, "float");
        return BitConverter.UInt32BitsToSingle((uint)field.Value);
    }

    private long Integer(WireField field, string name)
    {
        Require(field, WireType.Varint, name);
        return (long)field.Value;
    }

    private string Text(WireField field, string name)
    {
        Require(field, WireType.Bytes, name);
        if (field.Length > LongestText)
            throw reader.Error(field.TagStart, $"the {name} has {field.Length} bytes");
        Span<byte> bytes = new byte[(int)field.Length];
        File.Read(field.Start, bytes, name);
        return System.Text.Unicode.Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw reader.Error(field.Start, $"the {name} is not valid UTF-8");
    }

    /// <summary>A text attribute may hold any bytes.</summary>
    private string Latin(WireField field)
    {
        Span<byte> bytes = new byte[(int)field.Length];
        File.Read(field.Start, bytes, "attribute");
        return Encoding.Latin1.GetString(bytes);
    }

    private void Require(WireField field, WireType wire, string name)
    {
        if (field.Wire != wire)
            throw reader.Error(field.TagStart, $"the {name} is written as {field.Wire}, not as {wire}");
    }
}

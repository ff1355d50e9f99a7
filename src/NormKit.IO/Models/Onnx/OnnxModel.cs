namespace NormKit.IO.Onnx;

/// <summary>An ONNX model: graphs, nodes and where each constant lies. Walks the file without copying constants, so that a model of any size is read.</summary>
/// <remarks>Field numbers are those of onnx/onnx.proto.</remarks>
internal sealed class OnnxModel
{
    private const int MostDepth = 32;

    private readonly WireReader reader;
    private readonly OnnxTensorReader tensorReader;
    private readonly List<ModelTensor> tensors = [];
    private readonly Dictionary<string, string> metadata = [];

    private OnnxModel(MappedBytes file, Func<string, MappedBytes> map)
    {
        reader = new(file);
        tensorReader = new(reader, map);
    }

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
                case 1: IrVersion = reader.Integer(field, "ir_version"); break;
                case 2: metadata["producer_name"] = reader.Text(field, "producer_name"); break;
                case 3: metadata["producer_version"] = reader.Text(field, "producer_version"); break;
                case 7:
                    if (hasGraph)
                        throw reader.Error(field.TagStart, "the model has two graphs");
                    hasGraph = true;
                    reader.Require(field, WireType.Bytes, "graph");
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
        reader.Require(field, WireType.Bytes, "opset_import");
        string domain = "";
        long version = 1;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                domain = reader.Text(inner, "domain");
            else if (inner.Number == 2)
                version = reader.Integer(inner, "version");
        }
        Opsets[domain == "ai.onnx" ? "" : domain] = version;
    }

    private void ReadMetadata(WireField field)
    {
        (string key, string value) = reader.Pair(field, "metadata_props");
        metadata.TryAdd(key, value);
    }

    private void ReadFunction(WireField field)
    {
        reader.Require(field, WireType.Bytes, "functions");
        string name = "";
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                name = reader.Text(inner, "name");
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
                case 2: graph.Name = reader.Text(inner, "name"); break;
                case 5:
                    OnnxInitializer initializer = tensorReader.Read(inner);
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
        reader.Require(field, WireType.Bytes, "node");
        OnnxNode node = new(graph) { Index = graph.Nodes.Count, TagStart = field.TagStart, Start = field.Start, End = field.End };
        List<WireField> attributes = [];
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: node.Inputs.Add(reader.Text(inner, "input")); break;
                case 2: node.Outputs.Add(reader.Text(inner, "output")); break;
                case 3: node.Name = reader.Text(inner, "name"); break;
                case 4: node.Operator = reader.Text(inner, "op_type"); break;
                case 5: attributes.Add(inner); break;
                case 7: node.Domain = reader.Text(inner, "domain") is "ai.onnx" ? "" : reader.Text(inner, "domain"); break;
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
        reader.Require(field, WireType.Bytes, "attribute");
        OnnxAttribute attribute = new() { TagStart = field.TagStart, End = field.End };
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            switch (inner.Number)
            {
                case 1: attribute.Name = reader.Text(inner, "attribute name"); break;
                case 2: attribute.Float = reader.Single(inner); break;
                case 3: attribute.Integer = reader.Integer(inner, "attribute"); break;
                case 4:
                    reader.Require(inner, WireType.Bytes, "attribute");
                    attribute.Text = inner.Length <= WireReader.LongestText ? reader.Latin(inner) : null;
                    break;
                case 5: attribute.Tensor = tensorReader.Read(inner).Tensor; break;
                case 6 or 11:
                    reader.Require(inner, WireType.Bytes, "graph");
                    attribute.Graphs.Add(ReadGraph(inner, node.Graph, $"{(node.Graph.Place.Length > 0 ? node.Graph.Place + ", " : "")}{attribute.Name} of {node.Label}", around, depth + 1));
                    break;
                case 7: reader.Floats(inner, attribute.Floats); break;
                case 8: reader.Integers(inner, attribute.Integers); break;
                case 21: attribute.IsReference = true; break;
            }
        }
        return attribute;
    }

    private OnnxValue ReadValue(WireField field)
    {
        reader.Require(field, WireType.Bytes, "value");
        string name = "";
        int type = 0;
        long[]? shape = null;
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField inner);)
        {
            if (inner.Number == 1)
                name = reader.Text(inner, "name");
            else if (inner.Number == 2)
                ReadType(inner, ref type, ref shape);
        }
        return new OnnxValue(name, type, shape, field.TagStart, field.End);
    }

    private void ReadType(WireField field, ref int type, ref long[]? shape)
    {
        reader.Require(field, WireType.Bytes, "type");
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField tensor);)
        {
            if (tensor.Number != 1 || tensor.Wire != WireType.Bytes)
                continue;
            for (long inner = tensor.Start; reader.Next(ref inner, tensor.End, out WireField part);)
            {
                if (part.Number == 1)
                    type = (int)Math.Clamp(reader.Integer(part, "elem_type"), -1, int.MaxValue);
                else if (part.Number == 2)
                    shape = ReadShape(part);
            }
        }
    }

    private long[] ReadShape(WireField field)
    {
        reader.Require(field, WireType.Bytes, "shape");
        List<long> shape = [];
        for (long position = field.Start; reader.Next(ref position, field.End, out WireField dimension);)
        {
            if (dimension.Number != 1)
                continue;
            reader.Require(dimension, WireType.Bytes, "dimension");
            long length = -1;
            for (long inner = dimension.Start; reader.Next(ref inner, dimension.End, out WireField part);)
            {
                if (part.Number == 1)
                    length = reader.Integer(part, "dim_value");
            }
            shape.Add(length);
        }
        return [.. shape];
    }
}

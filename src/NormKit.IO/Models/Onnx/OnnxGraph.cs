namespace NormKit.IO.Onnx;

/// <summary>A graph, or the body of a function: nodes, constants, inputs and outputs.</summary>
internal sealed class OnnxGraph
{
    private Dictionary<string, OnnxNode>? producers;
    private Dictionary<string, List<OnnxNode>>? consumers;

    internal string Name { get; set; } = "";

    /// <summary>The graph around a subgraph, whose values the subgraph sees too.</summary>
    internal OnnxGraph? Parent { get; init; }

    /// <summary>The messages that hold this graph, outermost first, the graph itself last: where each one's length and content begin, and its end.</summary>
    internal IReadOnlyList<(long LengthStart, long Start, long End)> Containers { get; init; } = [];

    /// <summary>What the graph is called in a report: empty for the main graph.</summary>
    internal string Place { get; init; } = "";

    internal bool IsFunction { get; init; }

    internal List<OnnxNode> Nodes { get; } = [];

    internal OrderedDictionary<string, OnnxInitializer> Initializers { get; } = [];

    internal List<OnnxValue> Inputs { get; } = [];

    internal List<OnnxValue> Outputs { get; } = [];

    internal Dictionary<string, OnnxValue> Values { get; } = [];

    /// <summary>Names that subgraphs of this graph read from outside themselves.</summary>
    internal HashSet<string> Captured { get; } = [];

    internal OnnxNode? Producer(string? value)
    {
        if (value is null)
            return null;
        if (producers is null)
        {
            producers = [];
            foreach (OnnxNode node in Nodes)
            {
                foreach (string output in node.Outputs.Where(output => output.Length > 0))
                    producers.TryAdd(output, node);
            }
        }
        return producers.GetValueOrDefault(value);
    }

    internal IReadOnlyList<OnnxNode> Consumers(string? value)
    {
        if (value is null)
            return [];
        if (consumers is null)
        {
            consumers = [];
            foreach (OnnxNode node in Nodes)
            {
                foreach (string input in node.Inputs.Where(input => input.Length > 0))
                {
                    if (!consumers.TryGetValue(input, out List<OnnxNode>? readers))
                        consumers.Add(input, readers = []);
                    readers.Add(node);
                }
            }
        }
        return consumers.GetValueOrDefault(value) ?? [];
    }

    /// <summary>The initializer of a name, here or in a graph around this one.</summary>
    internal OnnxInitializer? Initializer(string? value)
    {
        for (OnnxGraph? graph = this; value is not null && graph is not null; graph = graph.Parent)
        {
            if (graph.Initializers.TryGetValue(value, out OnnxInitializer? found))
                return found;
            if (graph.Producer(value) is not null)
                return null;
        }
        return null;
    }

    /// <summary>The constant that a value is: an initializer, the output of a Constant node, or one of these through Identity or Cast; null if it is computed.</summary>
    internal ModelTensor? Constant(string? value, int depth = 0)
    {
        if (value is null || depth > 8)
            return null;
        if (Initializer(value) is OnnxInitializer initializer)
            return initializer.Tensor;
        OnnxNode? node = Producer(value);
        return node switch
        {
            { Operator: "Constant" } => node.Attributes.GetValueOrDefault("value")?.Tensor,
            { Operator: "Identity" or "Cast" or "CastLike" } => Constant(node.Input(0), depth + 1),
            null when Parent is not null => Parent.Constant(value, depth + 1),
            _ => null,
        };
    }

    /// <summary>The number that a value is; null if it is none, or is computed.</summary>
    internal double? Scalar(string? value)
    {
        if (value is null)
            return null;
        if (Producer(value) is { Operator: "Constant" } node)
        {
            if (node.Attributes.GetValueOrDefault("value_float")?.Float is float single)
                return single;
            if (node.Attributes.GetValueOrDefault("value_int")?.Integer is long integer)
                return integer;
            if (node.Attributes.GetValueOrDefault("value_floats")?.Floats is [float only])
                return only;
        }
        return Constant(value) is { Count: 1, ElementType: not null } tensor ? tensor.ToArray<double>()[0] : null;
    }

    internal OnnxValue? Value(string? name) => name is null ? null
        : Values.GetValueOrDefault(name) ?? Inputs.Find(input => input.Name == name) ?? Outputs.Find(output => output.Name == name) ?? Parent?.Value(name);
}

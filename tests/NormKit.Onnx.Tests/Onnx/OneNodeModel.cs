namespace NormKit.Onnx.Tests;

/// <summary>An ONNX model of one node, as the bytes of an .onnx file. Field numbers are those of onnx.proto; shapes are left open, so one model takes any.</summary>
internal static class OneNodeModel
{
    // The first that may hold opset 23, which has RMSNormalization.
    private const int IrVersion = 11;

    // AttributeProto.AttributeType.
    private const int FloatAttribute = 1, IntegerAttribute = 2, IntegersAttribute = 7;

    /// <param name="node">The operator and its attributes.</param>
    /// <param name="inputs">For each input its TensorProto.DataType; null for an optional one that is left out.</param>
    /// <param name="outputs">For each output whether it is wanted.</param>
    public static byte[] Of(OnnxNode node, IReadOnlyList<int?> inputs, IReadOnlyList<bool> outputs) => new ProtobufWriter()
        .Integer(1, IrVersion)
        .Message(7, graph => Graph(graph, node, inputs, outputs))
        .Message(8, opset => opset.Text(1, node.Domain).Integer(2, node.Opset))
        .ToArray();

    public static string InputName(int index) => $"x{index}";

    public static string OutputName(int index) => $"y{index}";

    private static void Graph(ProtobufWriter graph, OnnxNode node, IReadOnlyList<int?> inputs, IReadOnlyList<bool> outputs)
    {
        graph.Message(1, n => Node(n, node, inputs, outputs)).Text(2, "one node");
        for (int i = 0; i < inputs.Count; i++)
        {
            if (inputs[i] is int type)
                graph.Message(11, info => info.Text(1, InputName(i)).Message(2, t => t.Message(1, tensor => tensor.Integer(1, type))));
        }
        for (int i = 0; i < outputs.Count; i++)
        {
            // ONNX Runtime infers the type.
            if (outputs[i])
                graph.Message(12, info => info.Text(1, OutputName(i)));
        }
    }

    private static void Node(ProtobufWriter writer, OnnxNode node, IReadOnlyList<int?> inputs, IReadOnlyList<bool> outputs)
    {
        // An empty name is an optional input or output that is left out.
        for (int i = 0; i < inputs.Count; i++)
            writer.Text(1, inputs[i] is null ? "" : InputName(i));
        for (int i = 0; i < outputs.Count; i++)
            writer.Text(2, outputs[i] ? OutputName(i) : "");
        writer.Text(4, node.Operator).Text(7, node.Domain);
        foreach ((string name, object value) in node.Attributes)
            writer.Message(5, attribute => Attribute(attribute.Text(1, name), value));
    }

    private static void Attribute(ProtobufWriter attribute, object value)
    {
        switch (value)
        {
            case float number:
                attribute.Float(2, number).Integer(20, FloatAttribute);
                break;
            case int number:
                attribute.Integer(3, number).Integer(20, IntegerAttribute);
                break;
            case int[] numbers:
                foreach (int number in numbers)
                    attribute.Integer(8, number);
                attribute.Integer(20, IntegersAttribute);
                break;
            default:
                throw new ArgumentException($"No attribute of type {value.GetType()}.", nameof(value));
        }
    }
}

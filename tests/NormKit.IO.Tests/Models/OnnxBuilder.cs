using System.Runtime.InteropServices;
using NormKit.Onnx.Tests;

namespace NormKit.IO.Tests.Models;

/// <summary>Builds .onnx files from the field numbers of onnx.proto, without the code under test.</summary>
internal sealed class OnnxBuilder(int opset = 17, int ir = 8)
{
    public const int Float = 1, Int64 = 7, Half = 10, Double = 11, BFloat16 = 16;

    private readonly List<Action<ProtobufWriter>> nodes = [], initializers = [], inputs = [], outputs = [], values = [];
    private readonly List<(string Domain, int Version)> domains = [("", opset)];

    public OnnxBuilder Domain(string domain, int version)
    {
        domains.Add((domain, version));
        return this;
    }

    /// <summary>A node; an attribute is a float, a long, a long[], a string, or another builder for a graph.</summary>
    public OnnxBuilder Node(string op, string[] from, string[] to, string name = "", string domain = "", params (string Name, object Value)[] attributes)
    {
        nodes.Add(node =>
        {
            foreach (string input in from)
                node.Text(1, input);
            foreach (string output in to)
                node.Text(2, output);
            if (name.Length > 0)
                node.Text(3, name);
            node.Text(4, op);
            foreach ((string key, object value) in attributes)
                node.Message(5, attribute => Attribute(attribute.Text(1, key), value));
            if (domain.Length > 0)
                node.Text(7, domain);
        });
        return this;
    }

    public OnnxBuilder Initializer(string name, float[] data, params long[] shape) => Raw(name, Float, MemoryMarshal.AsBytes(data.AsSpan()).ToArray(), shape.Length == 0 ? [data.Length] : shape);

    public OnnxBuilder Doubles(string name, double[] data, params long[] shape) => Raw(name, Double, MemoryMarshal.AsBytes(data.AsSpan()).ToArray(), shape.Length == 0 ? [data.Length] : shape);

    public OnnxBuilder Halves(string name, float[] data, params long[] shape) =>
        Raw(name, Half, MemoryMarshal.AsBytes(data.Select(value => (System.Half)value).ToArray().AsSpan()).ToArray(), shape.Length == 0 ? [data.Length] : shape);

    public OnnxBuilder Integers(string name, params long[] data) => Raw(name, Int64, MemoryMarshal.AsBytes(data.AsSpan()).ToArray(), [data.Length]);

    public OnnxBuilder Raw(string name, int type, byte[] data, long[] shape) => Tensor(tensor =>
    {
        Head(tensor, name, type, shape);
        tensor.Bytes(9, data);
    });

    /// <summary>A scalar with no dimension.</summary>
    public OnnxBuilder Scalar(string name, float value) => Tensor(tensor => tensor.Integer(2, Float).Text(8, name).Bytes(9, BitConverter.GetBytes(value)));

    public OnnxBuilder Tensor(Action<ProtobufWriter> write)
    {
        initializers.Add(write);
        return this;
    }

    public static void Head(ProtobufWriter tensor, string name, int type, long[] shape)
    {
        foreach (long length in shape)
            tensor.Integer(1, length);
        tensor.Integer(2, type).Text(8, name);
    }

    public OnnxBuilder External(string name, string location, long offset, long length, int type, params long[] shape) => Tensor(tensor =>
    {
        Head(tensor, name, type, shape);
        foreach ((string key, string value) in ((string, string)[])[("location", location), ("offset", $"{offset}"), ("length", $"{length}")])
            tensor.Message(13, pair => pair.Text(1, key).Text(2, value));
        tensor.Integer(14, 1);
    });

    public OnnxBuilder Input(string name, params long[] shape) => TypedInput(name, Float, shape);

    public OnnxBuilder TypedInput(string name, int type, params long[] shape)
    {
        inputs.Add(info => Value(info, name, type, shape));
        return this;
    }

    public OnnxBuilder Output(string name, params long[] shape)
    {
        outputs.Add(info => Value(info, name, Float, shape));
        return this;
    }

    public OnnxBuilder ValueInfo(string name, params long[] shape)
    {
        values.Add(info => Value(info, name, Float, shape));
        return this;
    }

    public byte[] Build()
    {
        ProtobufWriter model = new ProtobufWriter().Integer(1, ir).Text(2, "the tests").Message(7, Graph);
        foreach ((string domain, int version) in domains)
            model.Message(8, set => (domain.Length > 0 ? set.Text(1, domain) : set).Integer(2, version));
        return model.Message(14, pair => pair.Text(1, "kept").Text(2, "as it is")).ToArray();
    }

    public string Write(string path)
    {
        File.WriteAllBytes(path, Build());
        return path;
    }

    private void Graph(ProtobufWriter graph)
    {
        foreach (Action<ProtobufWriter> node in nodes)
            graph.Message(1, node);
        graph.Text(2, "graph");
        foreach (Action<ProtobufWriter> initializer in initializers)
            graph.Message(5, initializer);
        foreach (Action<ProtobufWriter> input in inputs)
            graph.Message(11, input);
        foreach (Action<ProtobufWriter> output in outputs)
            graph.Message(12, output);
        foreach (Action<ProtobufWriter> value in values)
            graph.Message(13, value);
    }

    private static void Attribute(ProtobufWriter attribute, object value)
    {
        switch (value)
        {
            case float number: attribute.Float(2, number).Integer(20, 1); break;
            case long number: attribute.Integer(3, number).Integer(20, 2); break;
            case int number: attribute.Integer(3, number).Integer(20, 2); break;
            case string text: attribute.Text(4, text).Integer(20, 3); break;
            case Action<ProtobufWriter> tensor: attribute.Message(5, tensor).Integer(20, 4); break;
            case OnnxBuilder inner: attribute.Message(6, inner.Graph).Integer(20, 5); break;
            case long[] numbers:
                foreach (long number in numbers)
                    attribute.Integer(8, number);
                attribute.Integer(20, 7);
                break;
            default: throw new ArgumentException($"No attribute of type {value.GetType()}.", nameof(value));
        }
    }

    private static void Value(ProtobufWriter info, string name, int type, long[] shape) => info.Text(1, name).Message(2, t => t.Message(1, tensor => tensor.Integer(1, type).Message(2, s =>
    {
        // -1 is a length that is not known.
        foreach (long length in shape)
            s.Message(1, dimension => _ = length < 0 ? dimension.Text(2, "n") : dimension.Integer(1, length));
    })));
}

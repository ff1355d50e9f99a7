namespace NormKit.IO.Onnx;

/// <summary>A node of a graph.</summary>
internal sealed class OnnxNode
{
    internal OnnxNode(OnnxGraph graph) => Graph = graph;

    internal OnnxGraph Graph { get; }

    internal string Name { get; set; } = "";

    internal string Operator { get; set; } = "";

    /// <summary>Empty for the operators of ONNX itself.</summary>
    internal string Domain { get; set; } = "";

    internal List<string> Inputs { get; } = [];

    internal List<string> Outputs { get; } = [];

    internal Dictionary<string, OnnxAttribute> Attributes { get; } = [];

    /// <summary>Its place among the nodes of its graph, from 0.</summary>
    internal int Index { get; init; }

    internal long TagStart { get; init; }

    internal long Start { get; init; }

    internal long End { get; init; }

    internal bool Is(string name, string domain = "") => Operator == name && Domain == domain;

    internal string? Input(int index) => index < Inputs.Count && Inputs[index].Length > 0 ? Inputs[index] : null;

    internal string? Output(int index) => index < Outputs.Count && Outputs[index].Length > 0 ? Outputs[index] : null;

    internal long Integer(string attribute, long otherwise) => Attributes.GetValueOrDefault(attribute)?.Integer ?? otherwise;

    internal double Float(string attribute, double otherwise) => Attributes.GetValueOrDefault(attribute)?.Float is float value ? value : otherwise;

    internal string Text(string attribute, string otherwise) => Attributes.GetValueOrDefault(attribute)?.Text ?? otherwise;

    internal IReadOnlyList<long>? Integers(string attribute) => Attributes.GetValueOrDefault(attribute)?.Integers;

    /// <summary>The node for people: its name, or else its output.</summary>
    internal string Label => Name.Length > 0 ? Name : Output(0) ?? $"node {Index}";
}

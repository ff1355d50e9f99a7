using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>A node as a fold has changed it.</summary>
internal sealed class WorkNode(OnnxNode source)
{
    internal OnnxNode Source => source;

    internal string Operator { get; set; } = source.Operator;

    internal List<string> Inputs { get; } = [.. source.Inputs];

    internal List<string> Outputs { get; } = [.. source.Outputs];

    /// <summary>Attributes to leave out, and integers to add.</summary>
    internal HashSet<string> Dropped { get; } = [];

    internal List<(string Name, long Value)> NewIntegers { get; } = [];

    internal bool IsRemoved { get; set; }

    internal bool IsChanged => Operator != source.Operator || !Inputs.SequenceEqual(source.Inputs) || !Outputs.SequenceEqual(source.Outputs) || Dropped.Count > 0;

    internal string? Input(int index) => index < Inputs.Count && Inputs[index].Length > 0 ? Inputs[index] : null;
}

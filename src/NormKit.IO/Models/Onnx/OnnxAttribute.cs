namespace NormKit.IO.Onnx;

/// <summary>An attribute of a node. Of its values, those are set that the file gives.</summary>
internal sealed class OnnxAttribute
{
    internal string Name { get; set; } = "";

    internal float? Float { get; set; }

    internal long? Integer { get; set; }

    internal string? Text { get; set; }

    internal ModelTensor? Tensor { get; set; }

    internal List<float> Floats { get; } = [];

    internal List<long> Integers { get; } = [];

    internal List<OnnxGraph> Graphs { get; } = [];

    /// <summary>Whether the value is an argument of the function around the node.</summary>
    internal bool IsReference { get; set; }

    internal long TagStart { get; init; }

    internal long End { get; init; }
}

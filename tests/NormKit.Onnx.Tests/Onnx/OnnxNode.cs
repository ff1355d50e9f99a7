namespace NormKit.Onnx.Tests;

/// <summary>An operator with its attributes.</summary>
/// <param name="Operator">Its type in the ONNX standard.</param>
/// <param name="Opset">The version of the operator set, which chooses the version of the operator.</param>
/// <param name="Domain">Empty for ONNX, com.microsoft for ONNX Runtime's own operators.</param>
internal sealed partial record OnnxNode(string Operator, int Opset, string Domain = "")
{
    public const string Microsoft = "com.microsoft";

    public List<(string Name, object Value)> Attributes { get; } = [];

    /// <summary>An attribute: a float, an int or an int[].</summary>
    public OnnxNode With(string attribute, object value)
    {
        Attributes.Add((attribute, value));
        return this;
    }
}

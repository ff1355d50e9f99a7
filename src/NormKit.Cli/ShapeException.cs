namespace NormKit.Cli;

/// <summary>A shape that a layer does not take. The layer knows it in its own order of dimensions; whoever read the file can name it as it is there.</summary>
internal sealed class ShapeException(nint[] shape, Func<string, string> message) : UsageException(message(NumberType.Text(shape)))
{
    /// <summary>The same with another text for the shape.</summary>
    public string MessageFor(string shapeText) => message(shapeText);
}

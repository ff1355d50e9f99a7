namespace NormKit.IO;

/// <summary>One thing that is wrong with a norm of a model file.</summary>
public sealed class NormFinding
{
    internal NormFinding(NormFindingKind kind, string text) => (Kind, Text) = (kind, text);

    /// <summary>Gets what is wrong.</summary>
    public NormFindingKind Kind { get; }

    /// <summary>Gets the reason and the way out, in sentences.</summary>
    public string Text { get; }
}

namespace NormKit.IO;

/// <summary>The result of a fold for one norm.</summary>
public sealed class FoldedNorm
{
    internal FoldedNorm(string name, string? into, string text) => (Name, Into, Text) = (name, into, text);

    /// <summary>Gets the norm's name.</summary>
    public string Name { get; }

    /// <summary>Gets the layers that took the norm; null if it was kept.</summary>
    public string? Into { get; }

    /// <summary>Gets how it was folded, or why it was kept.</summary>
    public string Text { get; }

    /// <summary>Gets the largest difference between the outputs of the pair before and after, on random input in double; null if it was not checked.</summary>
    public double? Difference { get; internal set; }

    /// <summary>Gets the largest output of the pair on that input; null if it was not checked.</summary>
    public double? LargestOutput { get; internal set; }
}

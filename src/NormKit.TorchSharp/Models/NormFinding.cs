namespace NormKit.TorchSharp;

/// <summary>Something that is wrong, or may be, with a norm of a model.</summary>
/// <param name="Path">The norm's name in the model; empty for the model itself.</param>
/// <param name="Problem">What it is.</param>
/// <param name="Channels">The channels that have it.</param>
/// <param name="Message">The same in a sentence.</param>
public sealed record NormFinding(string Path, NormProblem Problem, IReadOnlyList<int> Channels, string Message)
{
    /// <summary>The path and the message.</summary>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}

namespace NormKit.Cli.Catalogue;

/// <summary>Floating-point operations for each element of the input: every +, -, *, /, root, power, max, exp and tanh is one. What a group or a channel
/// does once is left out.</summary>
/// <param name="Forward">Of a forward pass in training: what, and how many.</param>
/// <param name="Backward">Of a backward pass; none where there is no such pass.</param>
internal sealed record Work(IReadOnlyList<(string What, int Count)> Forward, IReadOnlyList<(string What, int Count)> Backward)
{
    public int ForwardCount => Forward.Sum(part => part.Count);

    public int BackwardCount => Backward.Sum(part => part.Count);

    /// <summary>"8: mean 1, variance 3, ..."</summary>
    public static string Text(IReadOnlyList<(string What, int Count)> parts) =>
        $"{parts.Sum(part => part.Count)}: {string.Join(", ", parts.Select(part => $"{part.What} {part.Count}"))}";
}

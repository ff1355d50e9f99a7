namespace NormKit.TorchSharp;

/// <summary>What a call changed in a model, and what it left.</summary>
/// <param name="Changed">The modules that were exchanged or folded, in the model's order.</param>
/// <param name="Kept">The modules that could have been, and the reason why they were not.</param>
public sealed record ModelChanges(IReadOnlyList<ModuleChange> Changed, IReadOnlyList<ModuleChange> Kept)
{
    /// <summary>One line for each module.</summary>
    public override string ToString() => string.Join(
        Environment.NewLine,
        [
            .. Changed.Select(change => $"{change.Path}: {change.Type} -> {change.Text}"),
            .. Kept.Select(change => $"{change.Path}: {change.Type} stays: {change.Text}"),
        ]);
}

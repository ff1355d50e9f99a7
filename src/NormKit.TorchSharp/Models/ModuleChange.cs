namespace NormKit.TorchSharp;

/// <summary>What became of one module of a model.</summary>
/// <param name="Path">Its name in the model, as in state dictionaries.</param>
/// <param name="Type">The type that it had.</param>
/// <param name="Text">What took its place, or why it stayed.</param>
public sealed record ModuleChange(string Path, string Type, string Text);

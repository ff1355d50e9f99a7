using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>A place in a layer that a file may fill.</summary>
/// <param name="Value">The layer's own memory.</param>
/// <param name="Grad">Where its gradient is after a backward pass; null where it has none.</param>
internal readonly record struct Slot<T>(Tensor<T> Value, Tensor<T>? Grad);

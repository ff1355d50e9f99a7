using NormKit.Cli.Catalogue;
using NormKit.Cli.Timing;

namespace NormKit.Cli.Bench;

/// <summary>What bench was asked for.</summary>
/// <param name="Layer">Null for the usual five.</param>
/// <param name="Settings">Of the layer.</param>
/// <param name="Shape">Of the input.</param>
/// <param name="Type">The element type's name.</param>
/// <param name="Threads">How many.</param>
/// <param name="Rounds">How often each call is timed; fewer where that would take too long.</param>
internal sealed record BenchRequest(LayerEntry? Layer, LayerSettings Settings, nint[] Shape, string Type, int Threads, int Rounds = 31);

/// <summary>What was measured.</summary>
/// <param name="Request">Of what.</param>
/// <param name="Bytes">Of an array of the input's shape.</param>
/// <param name="Rounds">How many there were.</param>
/// <param name="Forward">What memory allows a forward pass.</param>
/// <param name="Backward">What it allows a backward pass.</param>
/// <param name="Layers">The layers.</param>
/// <param name="Remarks">What was left out, and why.</param>
internal sealed record BenchResult(
    BenchRequest Request, long Bytes, int Rounds, BenchLimit Forward, BenchLimit Backward, IReadOnlyList<BenchLayer> Layers, IReadOnlyList<string> Remarks);

/// <summary>Milliseconds of the streams of a pass.</summary>
internal sealed record BenchLimit(Spread Ordinary, Spread PastCaches);

/// <summary>A layer's passes; backward is null where it has none.</summary>
internal sealed record BenchLayer(string Name, BenchPass Forward, BenchPass? Backward);

/// <summary>Milliseconds, and the quotients by the two limits.</summary>
internal sealed record BenchPass(Spread Milliseconds, Spread ToOrdinary, Spread ToPastCaches);

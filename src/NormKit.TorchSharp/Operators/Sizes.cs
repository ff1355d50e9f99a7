using System.Runtime.CompilerServices;

namespace NormKit.TorchSharp.Operators;

/// <summary>The lengths of some dimensions, compared by value, so that an operator with them can be looked up.</summary>
internal sealed class Sizes(IEnumerable<long> lengths) : IEquatable<Sizes>
{
    public long[] Lengths { get; } = [.. lengths];

    public nint[] Native => [.. Lengths.Select(length => (nint)length)];

    public bool Equals(Sizes? other) => other is not null && Lengths.AsSpan().SequenceEqual(other.Lengths);

    public override bool Equals(object? obj) => Equals(obj as Sizes);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (long length in Lengths)
            hash.Add(length);
        return hash.ToHashCode();
    }

    public override string ToString() => $"[{string.Join(", ", Lengths)}]";

    /// <exception cref="ArgumentNullException">There are none.</exception>
    public static Sizes Of(long[] lengths, [CallerArgumentExpression(nameof(lengths))] string name = "") =>
        new(lengths ?? throw new ArgumentNullException(name));

    /// <summary>A number of channels, groups or the like as NormKit takes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is larger than an array can be.</exception>
    public static int Count(string layer, string name, long value) => value <= int.MaxValue
        ? (int)Math.Max(value, int.MinValue)
        : throw new ArgumentOutOfRangeException(name, value, $"{layer}: {name} is at most {int.MaxValue}.");
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>A number that tells whether ranks hold the same values; it is no protection against whoever wants two to agree.</summary>
internal struct Fingerprint
{
    private ulong state;

    public void Add<TItem>(ReadOnlySpan<TItem> values) where TItem : unmanaged
    {
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
            Mix(word);
        foreach (byte rest in bytes[(words.Length * sizeof(ulong))..])
            Mix(rest);
        Mix((ulong)bytes.Length);
    }

    public override readonly string ToString() => state.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private void Mix(ulong word) => state = BitOperations.RotateLeft((state ^ word) * 0x9E3779B97F4A7C15, 29);
}

namespace NormKit.IO;

/// <summary>How far the compressed arrays of a .npz file may expand. A small file can hold gigabytes of zeros, by mistake or to harm.</summary>
/// <remarks>An array may have <see cref="MaxRatio"/> bytes for each byte that the file spends on it. What it has beyond counts against
/// <see cref="FreeBytes"/>, which all arrays of one call share. Arrays that are not compressed are never refused.</remarks>
public sealed class NpzLimits
{
    private readonly double maxRatio = 100;
    private readonly long freeBytes = 256 << 20;

    /// <summary>No limit: for files of your own.</summary>
    public static NpzLimits None { get; } = new() { FreeBytes = long.MaxValue };

    /// <summary>Gets how many bytes each compressed byte may become: 100, unless set. Numbers that were measured compress less than 10 to 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The ratio is less than 1, or NaN.</exception>
    public double MaxRatio
    {
        get => maxRatio;
        init => maxRatio = value >= 1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "NpzLimits: MaxRatio is at least 1.");
    }

    /// <summary>Gets how many bytes the arrays of one call may have beyond that ratio: 256 MiB, unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public long FreeBytes
    {
        get => freeBytes;
        init => freeBytes = value >= 0 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "NpzLimits: FreeBytes is not negative.");
    }
}

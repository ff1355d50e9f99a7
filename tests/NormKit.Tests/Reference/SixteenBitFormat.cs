namespace NormKit.Tests.Reference;

/// <summary>A 16-bit floating-point format as IEEE 754-2019, 3.4 defines it: exact values, and rounding by comparison with the middle of two neighbours.</summary>
internal sealed class SixteenBitFormat
{
    public static readonly SixteenBitFormat BFloat16 = new(fractionBits: 7, bias: 127);
    public static readonly SixteenBitFormat Half = new(fractionBits: 10, bias: 15);

    /// <summary>The magnitudes in order; the last one is where infinity stands, with the value that the next finite number would have.</summary>
    private readonly double[] magnitudes;

    private readonly int fractionBits, bias;

    private SixteenBitFormat(int fractionBits, int bias)
    {
        (this.fractionBits, this.bias) = (fractionBits, bias);
        InfinityBits = (ushort)(((1 << (15 - fractionBits)) - 1) << fractionBits);
        magnitudes = [.. Enumerable.Range(0, InfinityBits).Select(bits => Value((ushort)bits)), Math.ScaleB(1, bias + 1)];
    }

    public ushort InfinityBits { get; }

    public double Value(ushort bits)
    {
        int fraction = bits & ((1 << fractionBits) - 1), exponent = (bits & 0x7FFF) >> fractionBits;
        double magnitude = (bits & 0x7FFF) >= InfinityBits
            ? fraction == 0 ? double.PositiveInfinity : double.NaN
            : Math.ScaleB(exponent == 0 ? fraction : fraction + (1 << fractionBits), Math.Max(exponent, 1) - bias - fractionBits);
        return bits >> 15 == 0 ? magnitude : -magnitude;
    }

    /// <summary>The bits of the number nearest to one that is not NaN.</summary>
    public ushort Nearest(double value)
    {
        int sign = double.IsNegative(value) ? 0x8000 : 0;
        double magnitude = Math.Abs(value);
        if (magnitude >= magnitudes[^1])
            return (ushort)(sign | InfinityBits);
        int found = Array.BinarySearch(magnitudes, magnitude);
        if (found >= 0)
            return (ushort)(sign | found);
        int above = ~found;
        double middle = (magnitudes[above - 1] + magnitudes[above]) / 2;   // exact: one bit more than the format has
        int nearest = magnitude < middle ? above - 1 : magnitude > middle ? above : above & ~1;
        return (ushort)(sign | nearest);
    }

    /// <summary>What tries a rounding: each middle of two neighbours and the doubles next to it, in both signs.</summary>
    public IEnumerable<double> Ties()
    {
        for (int low = 0; low < InfinityBits; low++)
        {
            double middle = (magnitudes[low] + magnitudes[low + 1]) / 2;
            foreach (double value in (double[])[Math.BitDecrement(middle), middle, Math.BitIncrement(middle)])
            {
                yield return value;
                yield return -value;
            }
        }
    }
}

namespace NormKit.Cli.Compare;

/// <summary>A binary floating-point type, as far as units in the last place need it.</summary>
/// <param name="Name">As NumPy calls it.</param>
/// <param name="FractionBits">Bits behind the leading one.</param>
/// <param name="LeastExponent">The exponent of the smallest normal number.</param>
internal sealed record FloatingType(string Name, int FractionBits, int LeastExponent)
{
    public static readonly FloatingType Float32 = new("float32", 23, -126);
    public static readonly FloatingType Float64 = new("float64", 52, -1022);

    /// <summary>The distance between neighbouring numbers of the type around a value; that of the smallest ones at 0.</summary>
    public double Spacing(double value)
    {
        int exponent = value == 0 ? LeastExponent : Math.Max(Math.ILogB(value), LeastExponent);
        return double.IsFinite(value) ? Math.ScaleB(1, exponent - FractionBits) : double.NaN;
    }
}

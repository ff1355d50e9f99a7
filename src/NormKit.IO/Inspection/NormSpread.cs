namespace NormKit.IO;

/// <summary>How the values of a tensor spread: five quantiles of the finite ones.</summary>
internal sealed record NormSpread(string Part, int Count, double Least, double Low, double Median, double High, double Most)
{
    internal static NormSpread Of(string part, double[] values)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        Array.Sort(finite);
        double At(double share) => finite.Length == 0 ? double.NaN : finite[(int)Math.Round(share * (finite.Length - 1))];
        return new(part, values.Length, At(0), At(0.25), At(0.5), At(0.75), At(1));
    }
}

namespace NormKit.Cli.Timing;

/// <summary>The middle of some measurements, and the quarters below and above which a quarter of them lies.</summary>
internal readonly record struct Spread(double Median, double Low, double High)
{
    public static Spread Of(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return new(At(sorted, 0.5), At(sorted, 0.25), At(sorted, 0.75));
    }

    /// <summary>Of the quotients within each round, which a machine that changes its speed between rounds leaves alone.</summary>
    public static Spread OfQuotients(double[] above, double[] below) => Of(above.Zip(below, (a, b) => a / b));

    private static double At(double[] sorted, double share)
    {
        double place = share * (sorted.Length - 1);
        int low = (int)place, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((place - low) * (sorted[high] - sorted[low]));
    }
}

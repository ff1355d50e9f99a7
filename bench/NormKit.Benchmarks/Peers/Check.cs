namespace NormKit.Benchmarks.Peers;

/// <summary>A result that is not what the formula gives.</summary>
internal sealed class WrongResultException(string message) : Exception(message);

/// <summary>Compares results with the reference: nothing that is wrong is worth timing.</summary>
internal static class Check
{
    /// <summary>
    /// The largest error in parts of the largest value, by element type: NormKit's promises, and what is let pass of others. In double the plain sums of
    /// the reference round as much as any of them.
    /// </summary>
    private static (double Output, double Gradient) Allowed(Element element, bool isOurs) => (element, isOurs) switch
    {
        (Element.Float32, true) => (1e-6, 5e-6),
        (Element.Float64, _) => (1e-12, 1e-11),
        (Element.BFloat16, true) => (4e-3, 1e-4),
        (Element.Float32, false) => (1e-5, 1e-4),
        _ => (3e-2, 3e-2),
    };

    public static bool IsOurs(string who) => who.StartsWith("NormKit", StringComparison.Ordinal);

    /// <returns>The largest error of the output.</returns>
    /// <exception cref="WrongResultException">An error is too large.</exception>
    public static double Right(string who, RowData data, Results expected, Results actual)
    {
        (double ofOutput, double ofGradient) = Allowed(data.Row.Element, IsOurs(who));
        string what = $"{who}, {data.Row.Name}, {data.Pass.ToString().ToLowerInvariant()}";
        double error = One($"{what}: output", expected.Output, actual.Output, ofOutput);
        if (expected.Sum is not null)
            One($"{what}: sum", expected.Sum, actual.Sum!, ofOutput);
        if (expected.GradWeight is not null)
            One($"{what}: weight's gradient", expected.GradWeight, actual.GradWeight!, ofGradient);
        if (expected.GradBias is not null)
            One($"{what}: bias's gradient", expected.GradBias, actual.GradBias!, ofGradient);
        return error;
    }

    private static double One(string what, double[] expected, double[] actual, double allowed)
    {
        if (actual.Length != expected.Length)
            throw new WrongResultException($"{what}: {actual.Length} values, not {expected.Length}.");
        double largest = 0, worst = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            largest = Math.Max(largest, Math.Abs(expected[i]));
            double off = Math.Abs(actual[i] - expected[i]);
            worst = off <= worst ? worst : off;    // NaN stays
            if (double.IsNaN(off))
                break;
        }
        double error = worst / largest;
        return error <= allowed ? error : throw new WrongResultException($"{what}: off by {error:g3} of the largest value; {allowed:g2} is allowed.");
    }
}

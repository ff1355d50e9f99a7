namespace NormKit.Tests.Reference;

/// <summary>Equality to the bit, of values held in double; NaN equals NaN.</summary>
internal static class SameBits
{
    public static bool Are(double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b) || (double.IsNaN(a) && double.IsNaN(b));

    public static void Check(IReadOnlyList<double> expected, IReadOnlyList<double> actual, string what)
    {
        Assert.True(expected.Count == actual.Count, $"{what}: {actual.Count} values, not {expected.Count}");
        int[] wrong = [.. Enumerable.Range(0, expected.Count).Where(i => !Are(expected[i], actual[i]))];
        if (wrong.Length > 0)
            Assert.Fail($"{what}: {wrong.Length} of {expected.Count} differ; number {wrong[0]} is {actual[wrong[0]]:R}, not {expected[wrong[0]]:R}");
    }

    /// <summary>The library against the definition: moments, output, and the gradients that the definition has.</summary>
    public static void Check(DefinedPass expected, LibraryPass actual, string what)
    {
        for (int set = 0; set < expected.Moments.Length; set++)
        {
            DefinedMoments of = expected.Moments[set];
            Moments found = actual.Moments[set];
            Assert.True(
                found.Count == of.Count && Are(of.Mean, found.Mean) && Are(of.Low, found.MeanLow) && Are(of.Q, found.M2),
                $"{what}: set {set} has moments {found.Count}, {found.Mean:R}, {found.MeanLow:R}, {found.M2:R}; not {of.Count}, {of.Mean:R}, {of.Low:R}, {of.Q:R}");
        }
        Check(expected.Y, actual.Y, $"{what}: y");
        Check(expected.Dx, actual.Dx, $"{what}: dx");
        if (expected.DWeight is not null && actual.DWeight.Length > 0)
            Check(expected.DWeight, actual.DWeight, $"{what}: gradient of the weight");
        if (expected.DBias is not null && actual.DBias.Length > 0)
            Check(expected.DBias, actual.DBias, $"{what}: gradient of the bias");
    }

    /// <summary>The library against itself.</summary>
    public static void Check(LibraryPass expected, LibraryPass actual, string what)
    {
        Assert.Equal(expected.Moments.Length, actual.Moments.Length);
        Check([.. expected.Moments.SelectMany(Fields)], [.. actual.Moments.SelectMany(Fields)], $"{what}: moments");
        Check(expected.Y, actual.Y, $"{what}: y");
        Check(expected.Dx, actual.Dx, $"{what}: dx");
        Check(expected.DWeight, actual.DWeight, $"{what}: gradient of the weight");
        Check(expected.DBias, actual.DBias, $"{what}: gradient of the bias");
    }

    public static IEnumerable<double> Fields(Moments of) => [of.Count, of.Mean, of.MeanLow, of.M2];
}

namespace NormKit.Cli.Tests;

/// <summary>Closeness of arrays, NaN and infinity never being close.</summary>
internal static class Near
{
    /// <summary>The contract of the library for float outputs, with room for the rounding of a weight and a bias.</summary>
    public const double Float = 1e-6;

    /// <summary>Double outputs.</summary>
    public const double Double = 1e-13;

    public static void Equal(double[] expected, double[] actual, double relativeToMax)
    {
        Assert.Equal(expected.Length, actual.Length);
        double allowed = relativeToMax * expected.Max(Math.Abs);
        for (int i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(expected[i] - actual[i]) <= allowed, $"[{i}]: expected {expected[i]:r}, got {actual[i]:r}, allowed {allowed:g3}");
    }

    /// <summary>Reproducible values around an offset; each seed gives others.</summary>
    public static double[] Random(int count, int seed, double offset = 0, double scale = 1)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (double)(float)(offset + (scale * ((2 * random.NextDouble()) - 1))))];
    }
}

namespace NormKit.IO.Tests.Models;

/// <summary>Values as trained norms have them.</summary>
internal sealed class Draw(int seed)
{
    private readonly Random random = new(seed);

    /// <summary>Scattered about a centre, in float.</summary>
    public float[] About(double centre, double deviation, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(centre + (deviation * Gauss())))];

    /// <summary>Positive, from 0.1 to 10.</summary>
    public float[] Variances(int count) => [.. Enumerable.Range(0, count).Select(_ => (float)Math.Pow(10, (2 * random.NextDouble()) - 1))];

    private double Gauss() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

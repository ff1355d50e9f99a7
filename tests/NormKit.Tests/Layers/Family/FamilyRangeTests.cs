using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>The ends of float's range, for every layer.</summary>
public class FamilyRangeTests
{
    public static TheoryData<string> All { get; } = Members.Names();

    /// <summary>Inputs up to float's largest number, about zero and far from it: the right finite result where the true one is finite, else infinity.</summary>
    [Theory, MemberData(nameof(All))]
    public void Forward_NearTheLargestFloat_IsFiniteWhereTheTruthIs(string name)
    {
        Member member = Members.Named(name);
        foreach ((double least, double most) in (ReadOnlySpan<(double, double)>)[(-1, 1), (0.5, 1), (-1, -0.999)])
        {
            double[] expected = Drawn(member, least * float.MaxValue, most * float.MaxValue).Expected().Y;
            double largest = expected.Where(v => Math.Abs(v) <= float.MaxValue).Select(Math.Abs).DefaultIfEmpty(0).Max();
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                float[] y = Drawn(member, least * float.MaxValue, most * float.MaxValue).Run(placement).Y;
                for (int i = 0; i < y.Length; i++)
                {
                    double allowed = Tolerances.ForwardFloat * largest;
                    bool isNear = Math.Abs(y[i] - expected[i]) <= allowed || (float.IsInfinity(y[i]) && Math.Sign(y[i]) == Math.Sign(expected[i]) && Math.Abs(expected[i]) + allowed >= float.MaxValue);
                    Assert.True(isNear, $"{member}, {placement}, {least} to {most} of the largest: y[{i}] is {y[i]}, not {expected[i]}");
                }
            }
        }
    }

    /// <summary>Inputs that are denormal to the last: output keeps their digits where the formula does, and is nowhere flushed to zero.</summary>
    [Theory, MemberData(nameof(All))]
    public void Forward_OfDenormals_MatchesFormula(string name)
    {
        Member member = Members.Named(name);
        double largest = 4e5 * float.Epsilon;
        double[] expected = Drawn(member, -largest, largest).Expected().Y;
        // Where a bias is added nothing of the input is left; what is tested there is that it brings no NaN.
        double allowed = Math.Max(Tolerances.ForwardFloat * expected.Max(Math.Abs), float.Epsilon);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            float[] y = Drawn(member, -largest, largest).Run(placement).Y;
            for (int i = 0; i < y.Length; i++)
                Assert.True(Math.Abs(y[i] - expected[i]) <= allowed, $"{member}, {placement}: y[{i}] is {y[i]}, not {expected[i]}");
        }
    }

    /// <summary>
    /// Pairs about a mean, so that mean and variance are small numbers that every sum holds exactly, and a factor that is a power of two: tolerance 0, at
    /// any offset whose sum with the deviation is a float.
    /// </summary>
    [Theory]
    [InlineData(0)]
    [InlineData(96)]
    [InlineData(-4096)]
    [InlineData(1048576)]
    public void Forward_OfExactPairs_IsExact(float offset)
    {
        // Deviations of -2 and 2: a variance of 4, and with eps 0 a factor of one half.
        float[] x = [.. Enumerable.Range(0, 2 * 6 * 96).Select(i => offset + ((i & 1) == 0 ? -2 : 2))], y = new float[x.Length];
        float[] expected = [.. x.Select(v => (v - offset) / 2)];
        foreach (MemoryFormat format in Enum.GetValues<MemoryFormat>())
        {
            // In channels-last order neighbours are channels, so pairs lie within groups and rows only.
            if (format == MemoryFormat.Contiguous)
            {
                Functional.BatchNorm<float>(x, [2, 6, 96], y, training: true, eps: 0, format: format);
                Assert.Equal(expected, (IEnumerable<float>)y);
                Functional.InstanceNorm<float>(x, [2, 6, 96], y, useInputStats: true, eps: 0, format: format);
                Assert.Equal(expected, (IEnumerable<float>)y);
            }
            Functional.GroupNorm<float>(x, [2, 6, 96], y, 3, eps: 0, format: format);
            Assert.Equal(expected, (IEnumerable<float>)y);
            Functional.LayerNorm<float>(x, [2, 6, 96], y, [6, 96], eps: 0, format: format);
            Assert.Equal(expected, (IEnumerable<float>)y);
        }
        float[] plain = [.. x.Select(v => v - offset)];
        Functional.RmsNorm<float>(plain, [12, 96], y, [96], eps: 0);
        Assert.Equal(expected, (IEnumerable<float>)y);
    }

    private static Subject<float> Drawn(Member member, double least, double most)
    {
        Subject<float> subject = new(member);
        Random random = new(5);
        for (int i = 0; i < subject.X.Length; i++)
            subject.X[i] = (float)(least + ((most - least) * random.NextDouble()));
        return subject;
    }
}

namespace NormKit.Tests.Reference;

/// <summary>The second implementation of the definition, against the processor's arithmetic, formulas in double-double and values worked out by hand.</summary>
public class DefinitionReferenceTests
{
    /// <summary>IEEE 754 says that these operations are the exact ones, rounded once.</summary>
    [Fact]
    public void ToDouble_OfSumsProductsAndQuotients_IsThatOfTheProcessor()
    {
        Random random = new(1);
        for (int i = 0; i < 20_000; i++)
        {
            double a = Draw(), b = Draw();
            Exact exactA = Exact.Of(a), exactB = Exact.Of(b);
            Assert.Equal(a + b, Exact.ToDouble(exactA + exactB));
            Assert.Equal(a - b, Exact.ToDouble(exactA - exactB));
            Assert.Equal(a * b, Exact.ToDouble(exactA * exactB));
            Assert.Equal(a / b, Exact.ToDouble(exactA / exactB));
            Assert.Equal(Math.ILogB(a), Exact.FloorLog2(exactA));
            double small = a % 1e9;
            Assert.Equal(Math.Floor(small), (double)Exact.Floor(Exact.Of(small)));
        }

        // Of all sizes, subnormal quotients and products included, and often so short that a result lies in the middle of two doubles.
        double Draw()
        {
            double mantissa = random.Next(2) == 0 ? random.NextDouble() + 1 : random.Next(1, 1 << 27);
            return Math.ScaleB(random.Next(2) == 0 ? mantissa : -mantissa, random.Next(4) == 0 ? random.Next(-560, -480) : random.Next(-60, 60));
        }
    }

    [Fact]
    public void Operations_OnFractions_KeepThem()
    {
        Exact third = Exact.Of(1) / 3, seventh = Exact.Of(1) / 7;
        Assert.True((third + third + third - Exact.Of(1)).IsZero);
        Assert.True(((third * seventh * Exact.Of(21)) - Exact.Of(1)).IsZero);
        Assert.True((third - seventh - (Exact.Of(4) / 21)).IsZero);
        Assert.Equal(-1, Exact.Floor(-third));
        Assert.Equal(-2, Exact.FloorLog2(third));
        Assert.Equal(-1, (seventh - third).Sign);
    }

    /// <summary>theta * 2^29 is 324508639: a fraction of 212362273 * 2^-29 and more rounds up.</summary>
    [Fact]
    public void Roundings_NextToAThreshold_GoWhereTheySay()
    {
        Exact step = Exact.PowerOfTwo(-29), threshold = Exact.Of(5) + (Exact.Of(212362273) * step);
        foreach (int log2u in (int[])[-200, -30, 0, 7])
        {
            Exact u = Exact.PowerOfTwo(log2u);
            Assert.True((Definition.G(threshold * u, log2u) - (Exact.Of(6) * u)).IsZero);
            Assert.True((Definition.G((threshold - step) * u, log2u) - (Exact.Of(5) * u)).IsZero);
            Assert.True((Definition.G(-threshold * u, log2u) + (Exact.Of(6) * u)).IsZero);
        }
        // The largest of 30 bits goes over into the next power of two.
        Exact large = Exact.Of((1 << 30) - 1);
        Assert.True((Definition.R(large) - large).IsZero);
        Assert.True((Definition.R(large + Exact.Of(0.5)) - Exact.PowerOfTwo(30)).IsZero);
        Assert.True((Definition.R(large + Exact.Of(0.25)) - large).IsZero);
        Assert.True(Definition.R(Exact.Zero).IsZero);
        Assert.Equal([-2, -1, -1, 0, 0, 1], ((double[])[0.1, 0.25, 0.9, 1, 3.9, 4]).Select(Definition.Half));
    }

    [Fact]
    public void Moments_NextToAThreshold_AreThoseWorkedOut()
    {
        foreach (int distance in HardSets.Distances)
        {
            int below = distance < 0 ? 1 : 0;
            float[] squares = HardSets.SquaresNextToAThreshold(distance), deviations = HardSets.DeviationsNextToAThreshold(distance);
            Assert.Equal((HardSets.StepsOfSquares - below) * 536870912.0, Definition.AboutZero(squares).Q);
            Assert.Equal(new(deviations.Length, 0, 0, (HardSets.StepsOfSquares - below) * 536870912.0), Definition.Centred(deviations));
            Assert.Equal(new(8, Math.ScaleB(HardSets.Steps - below, -31), 0, 4), Definition.Centred(HardSets.MeanNextToAThreshold(distance)));
        }
    }

    [Fact]
    public void Sums_NextToAThreshold_AreThoseWorkedOut()
    {
        DefinedMoments set = Definition.Centred(HardSets.Alternating);
        Assert.Equal(new(8, 0, 0, 8), set);
        foreach (int distance in HardSets.Distances)
        {
            double rounded = Math.ScaleB(HardSets.Steps - (distance < 0 ? 1 : 0), -28);
            Assert.Equal(rounded, Definition.Sums(set, Exactly(HardSets.GradientNextToAThreshold(distance)), HardSets.Alternating).A);
            Assert.Equal(rounded, Definition.Sums(set, Exactly(HardSets.ProductsNextToAThreshold(distance)), HardSets.Alternating).B);
        }
    }

    [Fact]
    public void Moments_OfConstants_AreTheConstantAndZero()
    {
        foreach (float constant in (float[])[0, -1 / 3f, float.Epsilon, float.MaxValue, 1e30f])
        {
            for (int n = 1; n < 12; n++)
                Assert.Equal(new(n, constant, 0, 0), Definition.Centred([.. Enumerable.Repeat(constant, n)]));
        }
    }

    public static MatrixTheoryData<DefinedNorm, double, double> Offsets { get; } = new(Enum.GetValues<DefinedNorm>(), [0, 3, -100, 1e4], [1e-5, 0]);

    /// <summary>The roundings of the definition cost nothing that shows: the formulas in double-double, within the contract of floats.</summary>
    [Theory, MemberData(nameof(Offsets))]
    public void Pass_OnRandomInput_IsNearTheFormula(DefinedNorm norm, double offset, double eps)
    {
        DefinedCase problem = norm switch
        {
            DefinedNorm.Layer or DefinedNorm.Rms => new(norm, [9, 37], Eps: eps),
            DefinedNorm.Group => new(norm, [3, 6, 11], Groups: 2, eps),
            _ => new(norm, [3, 5, 13], Eps: eps),
        };
        Random random = new(4);
        float[] x = Inputs<float>.Normal(random, problem.Elements, 1, offset), dy = Inputs<float>.Normal(random, problem.Elements, 1, 0.25);
        float[] weight = Inputs<float>.Normal(random, problem.Parameters, 0.5, 1), bias = Inputs<float>.Normal(random, problem.Parameters, 0.5);
        DefinedPass pass = DefinedPass.Of(problem, x, dy, weight, norm == DefinedNorm.Rms ? null : bias);
        Expected expected = norm == DefinedNorm.Rms ? OfRms(problem, x, dy, weight) : NormFormula.Of(
            ProblemOf(problem), Inputs<float>.Doubles(x)!, Inputs<float>.Doubles(dy), Inputs<float>.Doubles(weight), Inputs<float>.Doubles(bias));
        Closeness.Near<double>(pass.Y, expected.Y, Tolerances.ForwardFloat, "y");
        Closeness.Near<double>(pass.Dx, expected.Dx, Tolerances.InputGradientFloat, "dx");
        for (int set = 0; set < problem.Sets; set++)
        {
            DefinedMoments of = pass.Moments[set];
            double deviation = Math.Sqrt(expected.Variance[set]);
            Assert.True(Math.Abs(of.Mean - expected.Mean[set]) <= 1e-7 * deviation, $"mean {of.Mean}, not {expected.Mean[set]}");
            Assert.True(Math.Abs((of.Q / of.Count / expected.Variance[set]) - 1) <= 1e-7, $"variance {of.Q / of.Count}, not {expected.Variance[set]}");
        }
        Assert.Equal(problem.WeightsByElement, pass.DWeight is null);
        if (pass.DWeight is not null)
        {
            Closeness.Near<double>(pass.DWeight, expected.DWeight, 1e-7, "gradient of the weight");
            Closeness.Near<double>(pass.DBias, expected.DBias, 1e-7, "gradient of the bias");
        }
    }

    private static Exact[] Exactly(float[] values) => [.. values.Select(v => Exact.Of(v))];

    private static Problem ProblemOf(DefinedCase problem) => problem.Norm switch
    {
        DefinedNorm.Layer => new(Norm.Layer, problem.Shape, Eps: problem.Eps),
        DefinedNorm.Batch => new(Norm.Batch, problem.Shape, Eps: problem.Eps),
        DefinedNorm.Instance => new(Norm.Instance, problem.Shape, Eps: problem.Eps),
        _ => new(Norm.Group, problem.Shape, problem.Groups, Eps: problem.Eps),
    };

    /// <summary>RMS norm in plain double, row by row.</summary>
    private static Expected OfRms(DefinedCase problem, float[] x, float[] dy, float[] weight)
    {
        int width = problem.C;
        double[] y = new double[x.Length], dx = new double[x.Length], squares = new double[problem.N];
        for (int row = 0; row < problem.N; row++)
        {
            int[] elements = [.. Enumerable.Range(row * width, width)];
            squares[row] = elements.Sum(i => (double)x[i] * x[i]) / width;
            double factor = 1 / Math.Sqrt(squares[row] + problem.Eps);
            double products = elements.Sum(i => (double)dy[i] * weight[i % width] * x[i]) / width;
            foreach (int i in elements)
            {
                y[i] = x[i] * factor * weight[i % width];
                dx[i] = ((double)dy[i] * weight[i % width] * factor) - (x[i] * products * factor * factor * factor);
            }
        }
        return new(y, dx, [], [], new double[problem.N], squares);
    }
}

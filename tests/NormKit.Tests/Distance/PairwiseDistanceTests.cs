using System.Numerics.Tensors;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class PairwiseDistanceTests
{
    public static TheoryData<double> Norms { get; } = [0, 0.5, 1, 2, 3, double.PositiveInfinity];

    [Theory, MemberData(nameof(Norms))]
    public void Forward_OfEachNorm_MatchesFormula(double p)
    {
        foreach (double eps in (double[])[1e-6, 0, 0.25, -0.5])
        {
            double[] x1 = Inputs<double>.Normal(new(1), 5 * 4 * 7, 2, 1), x2 = Inputs<double>.Normal(new(2), 5 * 4 * 7);
            x2[3] = x1[3];
            double[] expected = [.. Enumerable.Range(0, 20).Select(row => Formula(x1.AsSpan(row * 7, 7), x2.AsSpan(row * 7, 7), p, eps))];
            PairwiseDistance distance = new(p, eps);
            Closeness.Near<double>(Placing.Logical(distance.Forward<double>(Tensor.Create(x1, [5, 4, 7]), Tensor.Create(x2, [5, 4, 7]))), expected, 1e-15, $"p {p}");
            double[] onSpans = new double[20];
            distance.Forward<double>(x1, x2, [5, 4, 7], onSpans);
            Closeness.Near<double>(onSpans, expected, 1e-15, $"p {p} on spans");
            float[] floats = Placing.Logical(distance.Forward<float>(Tensor.Create(Floats(x1), [5, 4, 7]), Tensor.Create(Floats(x2), [5, 4, 7])));
            double[] expectedOfFloats = [.. Enumerable.Range(0, 20).Select(row => Formula(
                Inputs<float>.Doubles(Floats(x1))!.AsSpan(row * 7, 7), Inputs<float>.Doubles(Floats(x2))!.AsSpan(row * 7, 7), p, eps))];
            Closeness.Near<float>(floats, expectedOfFloats, 6e-8, $"p {p} in float: rounded once");
        }
    }

    [Theory, MemberData(nameof(Norms))]
    public void Forward_OneVectorAgainstMany_ServesForEachRow(double p)
    {
        double[] many = Inputs<double>.Normal(new(1), 35), one = Inputs<double>.Normal(new(2), 7), repeated = [.. Enumerable.Repeat(one, 5).SelectMany(v => v)];
        PairwiseDistance distance = new(p);
        Tensor<double> rows = Tensor.Create(many, [5, 7]), vector = Tensor.Create(one, [7]), copies = Tensor.Create(repeated, [5, 7]);
        Assert.Equal(Placing.Logical(distance.Forward<double>(rows, copies)), (IEnumerable<double>)Placing.Logical(distance.Forward<double>(rows, vector)));
        Assert.Equal(Placing.Logical(distance.Forward<double>(copies, rows)), (IEnumerable<double>)Placing.Logical(distance.Forward<double>(vector, rows)));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(double.PositiveInfinity)]
    public void Backward_OfEachNorm_IsFiniteDifferences(double p)
    {
        PairwiseDistance distance = new(p, 0.01);
        double[] dy = Inputs<double>.Normal(new(3), 5);
        foreach ((int rows1, int rows2) in (ReadOnlySpan<(int, int)>)[(5, 5), (1, 5), (5, 1)])
        {
            double[] x1 = Inputs<double>.Normal(new(1), rows1 * 7), x2 = Inputs<double>.Normal(new(2), rows2 * 7);
            (Tensor<double> dx1, Tensor<double> dx2) = distance.Backward<double>(Tensor.Create(dy), Of(x1, rows1), Of(x2, rows2));
            Closeness.Near<double>(Placing.Logical(dx1), FiniteDifferences.Of(x1, Value), Tolerance(p), $"p {p}, {rows1} against {rows2}: dx1");
            Closeness.Near<double>(Placing.Logical(dx2), FiniteDifferences.Of(x2, Value), Tolerance(p), $"p {p}, {rows1} against {rows2}: dx2");
            Assert.Equal(Of(x1, rows1).Lengths.ToArray(), dx1.Lengths.ToArray());

            double[] onSpans1 = new double[x1.Length], onSpans2 = new double[x2.Length];
            distance.Backward<double>(dy, x1, x2, [5, 7], onSpans1, onSpans2);
            Assert.Equal(Placing.Logical(dx1).Concat(Placing.Logical(dx2)), onSpans1.Concat(onSpans2));

            double Value() => FiniteDifferences.Dot(Placing.Logical(distance.Forward<double>(Of(x1, rows1), Of(x2, rows2))), dy);
        }

        static Tensor<double> Of(double[] values, int rows) => rows == 1 ? Tensor.Create(values) : Tensor.Create(values, [rows, 7]);
        // |d|^(-3/2) is the second derivative of the root: steps of 1e-5 see it where a difference is small.
        static double Tolerance(double p) => p < 1 ? 1e-5 : Tolerances.FiniteDifference;
    }

    /// <summary>torch: the gradient of a distance of 0 is 0, sign(0) is 0, p = 0 has no slope, and equal largest differences share theirs.</summary>
    [Fact]
    public void Backward_WhereTheNormHasNoSlope_FollowsTorch()
    {
        double[] x1 = [1, -2, 2, 0], zeros = new double[4];
        foreach (double p in (double[])[0, 0.5, 1, 2, 3, double.PositiveInfinity])
            Assert.Equal(zeros, Gradient(p, x1, x1));
        Assert.Equal(zeros, Gradient(0, x1, zeros));
        Assert.Equal([1, -1, 1, 0], Gradient(1, x1, zeros));
        Assert.Equal([0, -0.5, 0.5, 0], Gradient(double.PositiveInfinity, x1, zeros));
        Assert.Equal([1 / 3.0, -2 / 3.0, 2 / 3.0, 0], Gradient(2, x1, zeros));

        static double[] Gradient(double p, double[] a, double[] b) => Placing.Logical(new PairwiseDistance(p, eps: 0).Backward<double>(Tensor.Create([1.0]), Tensor.Create(a), Tensor.Create(b)).GradX1);
    }

    /// <summary>The floor that eps puts under the distance of equal tensors.</summary>
    [Fact]
    public void Forward_EqualTensors_AreRootOfWidthTimesEpsApart()
    {
        float[] x = Inputs<float>.Normal(new(1), 3 * 64);
        float[] distances = Placing.Logical(new PairwiseDistance().Forward<float>(Tensor.Create(x, [3, 64]), Tensor.Create(x, [3, 64])));
        Closeness.Near<float>(distances, [8e-6, 8e-6, 8e-6], 6e-8, "floor");
    }

    [Fact]
    public void Forward_KeepDim_KeepsALengthOfOne()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 24), [2, 3, 4]), y = Tensor.Create(Inputs<float>.Normal(new(2), 24), [2, 3, 4]);
        Tensor<float> dropped = new PairwiseDistance().Forward<float>(x, y), kept = new PairwiseDistance(keepdim: true).Forward<float>(x, y);
        Assert.Equal([2, 3], dropped.Lengths.ToArray());
        Assert.Equal([2, 3, 1], kept.Lengths.ToArray());
        Assert.Equal(Placing.Logical(dropped), (IEnumerable<float>)Placing.Logical(kept));
        Assert.Equal([1], new PairwiseDistance(keepdim: true).Forward<float>(Tensor.Create([1f, 2]), Tensor.Create([3f, 4])).Lengths.ToArray());
        Assert.Equal(1, new PairwiseDistance().Forward<float>(Tensor.Create([1f, 2]), Tensor.Create([3f, 4])).FlattenedLength);
    }

    [Fact]
    public void Forward_OfViews_ReadsThemInOrder()
    {
        double[] memory = Inputs<double>.Normal(new(1), 12), other = Inputs<double>.Normal(new(2), 12);
        Tensor<double> view = Tensor.Create(memory, [4, 3]).PermuteDimensions([1, 0]), copy = Tensor.Create(Placing.Logical(view), [3, 4]);
        Assert.Equal(
            Placing.Logical(new PairwiseDistance().Forward<double>(copy, Tensor.Create(other, [3, 4]))),
            (IEnumerable<double>)Placing.Logical(new PairwiseDistance().Forward<double>(view, Tensor.Create(other, [3, 4]))));
    }

    /// <summary>With eps 0 it is a metric: symmetric, and no way round is shorter.</summary>
    [Fact]
    public void Forward_WithoutEps_IsAMetric() =>
        Gen.Select(Gen.Double[-10, 10].Array[6], Gen.Double[-10, 10].Array[6], Gen.Double[-10, 10].Array[6], Gen.Double[1, 5]).Sample((a, b, c, p) =>
        {
            double ab = Distance(a, b), ba = Distance(b, a), ac = Distance(a, c), cb = Distance(c, b);
            Assert.Equal(ab, ba);
            Assert.True(ab <= (ac + cb) * (1 + 1e-14));

            double Distance(double[] x, double[] y) => Placing.Logical(new PairwiseDistance(p, eps: 0).Forward<double>(Tensor.Create(x), Tensor.Create(y)))[0];
        }, iter: 500, threads: 1);

    [Theory, MemberData(nameof(Norms))]
    public void Forward_NaN_IsHandedOn(double p)
    {
        float[] distances = Placing.Logical(new PairwiseDistance(p).Forward<float>(Tensor.Create([1f, float.NaN, 2, 3], [2, 2]), Tensor.Create(new float[4], [2, 2])));
        Assert.Equal(p != 0, float.IsNaN(distances[0]));    // p = 0 counts it as a difference
        Assert.True(float.IsFinite(distances[1]));
    }

    [Fact]
    public void Constructor_BadArguments_Throw()
    {
        Assert.Throws<ArgumentOutOfRangeException>("p", () => new PairwiseDistance(-1));
        Assert.Throws<ArgumentOutOfRangeException>("p", () => new PairwiseDistance(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new PairwiseDistance(eps: double.NaN));
        Assert.Equal((2.0, 1e-6, false), (new PairwiseDistance().P, new PairwiseDistance().Eps, new PairwiseDistance().KeepDim));
    }

    [Fact]
    public void Forward_ShapesThatDoNotFit_Throw()
    {
        PairwiseDistance distance = new();
        ArgumentException thrown = Assert.Throws<ArgumentException>(() => { _ = distance.Forward<float>(Tensor.CreateFromShape<float>([3, 4]), Tensor.CreateFromShape<float>([2, 4])); });
        Assert.Contains("PairwiseDistance", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("[3, 4]", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("[2, 4]", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => { _ = distance.Forward<float>(Tensor.CreateFromShape<float>([3, 4]), Tensor.CreateFromShape<float>([3])); });
        float[] y = [1, 2, 3];
        Assert.Throws<ArgumentException>("destination", () => distance.Forward<float>(new float[12], new float[12], [4, 3], y));
        Assert.Throws<ArgumentException>(() => distance.Forward<float>(new float[12], new float[6], [4, 3], new float[4]));
        Assert.Throws<ArgumentException>("destination", () => distance.Forward<float>(y, new float[3], [3, 1], y));
        Assert.Equal([1f, 2, 3], y);
        Assert.Throws<ArgumentException>("gradOutput", () => distance.Backward<float>(new float[3], new float[12], new float[12], [4, 3], new float[12], new float[12]));
        Assert.Throws<NotSupportedException>(() => { _ = distance.Forward<Half>(Tensor.CreateFromShape<Half>([3]), Tensor.CreateFromShape<Half>([3])); });
    }

    private static double Formula(ReadOnlySpan<double> x1, ReadOnlySpan<double> x2, double p, double eps)
    {
        double sum = 0, largest = 0;
        for (int j = 0; j < x1.Length; j++)
        {
            double d = Math.Abs(x1[j] - x2[j] + eps);
            sum += p == 0 ? (d == 0 ? 0 : 1) : Math.Pow(d, double.IsInfinity(p) ? 1 : p);
            largest = Math.Max(largest, d);
        }
        return p == 0 ? sum : double.IsInfinity(p) ? largest : Math.Pow(sum, 1 / p);
    }

    private static float[] Floats(double[] values) => Array.ConvertAll(values, v => (float)v);
}

using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

public class CosineSimilarityTests
{
    [Fact]
    public void Pass_OfSixteenBits_IsThatOfDoublesRoundedOnce()
    {
        Half[] x1 = Array.ConvertAll(Inputs<double>.Normal(new(4), 60, 2, 1), v => (Half)v), x2 = Array.ConvertAll(Inputs<double>.Normal(new(5), 60), v => (Half)v);
        BFloat16[] b1 = Array.ConvertAll(Inputs<double>.Normal(new(6), 60, 2, 1), v => (BFloat16)v), b2 = Array.ConvertAll(Inputs<double>.Normal(new(7), 60), v => (BFloat16)v);
        Check(x1, x2, v => (double)v, v => (Half)v);
        Check(b1, b2, v => (double)v, v => (BFloat16)v);

        static void Check<T>(T[] x1, T[] x2, Converter<T, double> widen, Converter<double, T> round) where T : unmanaged
        {
            CosineSimilarity similarity = new();
            nint[] shape = [3, 5, 4];
            T[] dy = x1[..12];
            Tensor<double> wide1 = Tensor.Create(Array.ConvertAll(x1, widen), shape), wide2 = Tensor.Create(Array.ConvertAll(x2, widen), shape);
            Tensor<double> y = similarity.Forward<double>(wide1, wide2);
            (Tensor<double> dx1, Tensor<double> dx2) = similarity.Backward<double>(Tensor.Create(Array.ConvertAll(dy, widen), [3, 4]), wide1, wide2);
            (Tensor<T> g1, Tensor<T> g2) = similarity.Backward<T>(Tensor.Create(dy, [3, 4]), Tensor.Create(x1, shape), Tensor.Create(x2, shape));
            Closeness.SameBits<T>(Array.ConvertAll(Placing.Logical(y), round), Placing.Logical(similarity.Forward<T>(Tensor.Create(x1, shape), Tensor.Create(x2, shape))), "y");
            Closeness.SameBits<T>(Array.ConvertAll(Placing.Logical(dx1), round), Placing.Logical(g1), "dx1");
            Closeness.SameBits<T>(Array.ConvertAll(Placing.Logical(dx2), round), Placing.Logical(g2), "dx2");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(-1)]
    public void Pass_AlongEachDimension_MatchesFormula(int dim)
    {
        nint[] shape = [4, 5, 9];
        double[] x1 = Inputs<double>.Normal(new(1), 180, 2, 1), x2 = Inputs<double>.Normal(new(2), 180);
        int axis = (dim + 3) % 3;
        nint[] output = [.. shape.Where((_, d) => d != axis)];
        double[] dy = Inputs<double>.Normal(new(3), (int)(output[0] * output[1]));
        // Some vectors of either are shorter than the larger eps.
        foreach (double eps in (double[])[1e-8, 3])
        {
            Gradients expected = Gradients.By(v => UncentredFormulas.CosineSimilarity(v[0], v[1], Over.Axes(shape, axis), eps), dy, x1, x2);
            CosineSimilarity similarity = new(dim, eps);
            Tensor<double> y = similarity.Forward<double>(Tensor.Create(x1, shape), Tensor.Create(x2, shape));
            (Tensor<double> dx1, Tensor<double> dx2) = similarity.Backward<double>(Tensor.Create(dy, output), Tensor.Create(x1, shape), Tensor.Create(x2, shape));
            Assert.Equal(output, y.Lengths.ToArray());
            Closeness.Near<double>(Placing.Logical(y), expected.Y, Tolerances.ForwardDouble, $"eps {eps}: y");
            Closeness.Near<double>(Placing.Logical(dx1), expected.Of[0], Tolerances.InputGradientDouble, $"eps {eps}: dx1");
            Closeness.Near<double>(Placing.Logical(dx2), expected.Of[1], Tolerances.InputGradientDouble, $"eps {eps}: dx2");
        }
    }

    /// <summary>What broadcasts is what is repeated: one result, and the sum of the gradients of the copies.</summary>
    [Theory]
    [InlineData(new[] { 4, 5, 3 }, new[] { 5, 3 })]
    [InlineData(new[] { 3 }, new[] { 4, 5, 3 })]
    [InlineData(new[] { 4, 1, 3 }, new[] { 1, 5, 3 })]
    [InlineData(new[] { 4, 5, 1 }, new[] { 4, 1, 3 })]
    [InlineData(new[] { 1 }, new[] { 4, 5, 3 })]
    public void Pass_OfShapesThatBroadcast_IsThatOfCopies(int[] lengths1, int[] lengths2)
    {
        nint[] common = [4, 5, 3], shape1 = [.. lengths1], shape2 = [.. lengths2];
        double[] x1 = Inputs<double>.Normal(new(1), lengths1.Aggregate(1, (a, b) => a * b)), x2 = Inputs<double>.Normal(new(2), lengths2.Aggregate(1, (a, b) => a * b));
        foreach (int dim in (int[])[0, 1, 2])
        {
            nint[] output = [.. common.Where((_, d) => d != dim)];
            double[] dy = Inputs<double>.Normal(new(3), (int)(output[0] * output[1]));
            Gradients expected = Gradients.By(v => UncentredFormulas.CosineSimilarity(Copies(v[0], shape1), Copies(v[1], shape2), Over.Axes(common, dim), 1e-8), dy, x1, x2);
            CosineSimilarity similarity = new(dim);
            Tensor<double> y = similarity.Forward<double>(Tensor.Create(x1, shape1), Tensor.Create(x2, shape2));
            Assert.Equal(output, y.Lengths.ToArray());
            Closeness.Near<double>(Placing.Logical(y), expected.Y, Tolerances.ForwardDouble, $"dim {dim}: y");
            (Tensor<double> dx1, Tensor<double> dx2) = similarity.Backward<double>(Tensor.Create(dy, output), Tensor.Create(x1, shape1), Tensor.Create(x2, shape2));
            Assert.Equal(shape1, dx1.Lengths.ToArray());
            // A vector repeated along its own dimension has one direction whatever its number is: a gradient of 0, from terms of about 1 that cancel.
            Assert.All(Placing.Logical(dx1).Zip(expected.Of[0]), p => Assert.Equal(p.Second, p.First, 1e-12));
            Assert.All(Placing.Logical(dx2).Zip(expected.Of[1]), p => Assert.Equal(p.Second, p.First, 1e-12));

            double[] onSpans = new double[dy.Length], onSpans1 = new double[x1.Length], onSpans2 = new double[x2.Length];
            similarity.Forward<double>(x1, shape1, x2, shape2, onSpans);
            similarity.Backward<double>(dy, x1, shape1, x2, shape2, onSpans1, onSpans2);
            Assert.Equal(Placing.Logical(y), onSpans);
            Assert.Equal(Placing.Logical(dx1), onSpans1);
            Assert.Equal(Placing.Logical(dx2), onSpans2);
        }

        Var[] Copies(Var[] x, nint[] shape)
        {
            Var[] copies = new Var[60];
            for (int i = 0; i < copies.Length; i++)
            {
                int[] at = Over.Coordinates(common, i)[^shape.Length..];
                copies[i] = x[at.Select((c, d) => shape[d] == 1 ? 0 : c).Zip(shape).Aggregate(0, (index, p) => (index * (int)p.Second) + p.First)];
            }
            return copies;
        }
    }

    [Fact]
    public void Functional_IsTheClass()
    {
        Tensor<float> x1 = Tensor.Create(Inputs<float>.Normal(new(1), 60), [3, 4, 5]), x2 = Tensor.Create(Inputs<float>.Normal(new(2), 20), [4, 5]);
        Assert.Equal(Placing.Logical(new CosineSimilarity(0, 4).Forward<float>(x1, x2)), Placing.Logical(Functional.CosineSimilarity<float>(x1, x2, 0, 4)));
    }

    [Fact]
    public void Forward_OfFloats_IsRoundedOnce()
    {
        float[] x1 = Inputs<float>.Normal(new(1), 60), x2 = Inputs<float>.Normal(new(2), 60);
        CosineSimilarity similarity = new(-1);
        double[] wide = Placing.Logical(similarity.Forward<double>(Tensor.Create(Inputs<float>.Doubles(x1)!, [5, 12]), Tensor.Create(Inputs<float>.Doubles(x2)!, [5, 12])));
        Tensor<float> into = Tensor.CreateFromShape<float>([5]);
        similarity.Forward<float>(Tensor.Create(x1, [5, 12]), Tensor.Create(x2, [5, 12]), into);
        Assert.Equal(wide.Select(v => (float)v), Placing.Logical(into));
    }

    /// <summary>Cauchy and Schwarz: from -1 to 1, so that every arc cosine is a number. Vectors of one direction are where rounding goes beyond.</summary>
    [Fact]
    public void Forward_OfVectorsOfOneDirection_StaysWithinOne()
    {
        Random random = new(9);
        CosineSimilarity similarity = new(0, 0);
        double[][] vectors = [[1, 1, 1], [2, 3], [0.1, 0.7], [1e200, 3e199], [5e-324, 1e-323], .. Enumerable.Range(0, 3000).Select(i => Inputs<double>.Normal(random, (i % 40) + 1))];
        foreach (double[] x in vectors)
        {
            foreach (double factor in (double[])[1, -1, 3, -0.1])
            {
                Tensor<double> first = Tensor.Create(x), second = Tensor.Create(Array.ConvertAll(x, v => v * factor));
                double cosine = Placing.Logical(similarity.Forward<double>(first, second))[0];
                Assert.InRange(cosine, -1, 1);
                Assert.InRange(Math.Acos(cosine), 0, Math.PI);
                // Below the smallest normal number a product by a factor has few digits, and the direction changes.
                if (x.Min(Math.Abs) > 1e-300)
                    Assert.Equal(Math.Sign(factor), cosine, 1e-15);
            }
        }
    }

    /// <summary>Scaling either vector changes nothing, however far.</summary>
    [Fact]
    public void Pass_OfScaledVectors_ScalesNothing()
    {
        double[] x1 = Inputs<double>.Normal(new(1), 12), x2 = Inputs<double>.Normal(new(2), 12);
        CosineSimilarity similarity = new(0, 0);
        Tensor<double> dy = Tensor.Create([1.5], [1]);
        double expected = Placing.Logical(similarity.Forward<double>(Tensor.Create(x1, [12]), Tensor.Create(x2, [12])))[0];
        double[] slope = Placing.Logical(similarity.Backward<double>(dy, Tensor.Create(x1, [12]), Tensor.Create(x2, [12])).GradX1);
        foreach ((int e1, int e2) in (ReadOnlySpan<(int, int)>)[(1000, 900), (-900, 1000), (-990, -900)])
        {
            Tensor<double> scaled1 = Tensor.Create(x1.Select(v => Math.ScaleB(v, e1)).ToArray(), [12]), scaled2 = Tensor.Create(x2.Select(v => Math.ScaleB(v, e2)).ToArray(), [12]);
            Closeness.Near<double>(Placing.Logical(similarity.Forward<double>(scaled1, scaled2)), [expected], Tolerances.ForwardDouble, $"{e1}, {e2}: y");
            Closeness.Near<double>(
                Placing.Logical(similarity.Backward<double>(dy, scaled1, scaled2).GradX1).Select(v => Math.ScaleB(v, e1)).ToArray(), slope, Tolerances.InputGradientDouble, $"{e1}, {e2}: dx1");
        }
    }

    [Fact]
    public void Pass_OfZerosAndNaN_ReachesNoOtherVector()
    {
        double[] x1 = [1, 2, 0, 0, double.NaN, 1], x2 = [3, -1, 1, 4, 1, 2];
        CosineSimilarity similarity = new(1);
        Tensor<double> first = Tensor.Create(x1, [3, 2]), second = Tensor.Create(x2, [3, 2]);
        double[] y = Placing.Logical(similarity.Forward<double>(first, second));
        Closeness.Near<double>(y.AsSpan(0, 2), [1 / Math.Sqrt(50), 0], Tolerances.ForwardDouble, "y");
        Assert.True(double.IsNaN(y[2]));
        (Tensor<double> dx1, Tensor<double> dx2) = similarity.Backward<double>(Tensor.Create([1.0, 1, 1], [3]), first, second);
        // A vector of zeros is shorter than eps, which stands for its length.
        Closeness.Near<double>(Placing.Logical(dx1).AsSpan(2, 2), [1e8 / Math.Sqrt(17), 4e8 / Math.Sqrt(17)], Tolerances.InputGradientDouble, "dx1 of zeros");
        Assert.Equal([0, 0], Placing.Logical(dx2)[2..4]);
        Assert.Equal([0], Placing.Logical(new CosineSimilarity(0, 0).Forward<double>(Tensor.Create([0.0, 0], [2]), Tensor.Create([1.0, 2], [2]))));
    }

    [Fact]
    public void Refused_SaysWhat()
    {
        CosineSimilarity similarity = new();
        Tensor<float> x = Tensor.CreateFromShape<float>([2, 3]), y = Tensor.CreateFromShape<float>([2, 4]), dy = Tensor.CreateFromShape<float>([2]);
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new CosineSimilarity(1, -1));
        Assert.Contains("do not broadcast", Assert.Throws<ArgumentException>("x2", () => similarity.Forward<float>(x, y)).Message, StringComparison.Ordinal);
        Assert.Contains("range of [-2, 1], but got 2", Assert.Throws<ArgumentException>("dim", () => new CosineSimilarity(2).Forward<float>(x, x)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("destination", () => similarity.Forward<float>(x, x, y));
        Assert.Throws<ArgumentException>("gradOutput", () => similarity.Backward<float>(x, x, x));
        Assert.Throws<ArgumentException>("gradX2", () => similarity.Backward<float>(dy, x, x, x, y));
        float[] values = [1, 2, 3, 4, 5, 6];
        Assert.Throws<ArgumentException>("destination", () => similarity.Forward<float>(values, [2, 3], values, [2, 3], values.AsSpan(0, 2)));
        Assert.Throws<ArgumentException>("gradX1", () => similarity.Backward<float>(new float[2], values, [2, 3], new float[6], [2, 3], values, new float[6]));
        Assert.Equal([1, 2, 3, 4, 5, 6], values);
    }
}

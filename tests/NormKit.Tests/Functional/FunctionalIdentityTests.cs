using System.Numerics.Tensors;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>What must be equal by the meaning of the layers, whatever the numbers.</summary>
public class FunctionalIdentityTests
{
    private static readonly nint[] Shape = [3, 10, 7, 11];

    [Theory, CombinatorialNorms]
    public void GroupNorm_OfOneGroup_IsLayerNormOverChannelsAndPositions(Placement placement)
    {
        float[] x = Inputs<float>.Normal(new(1), 2310, 3, 5);
        Near(
            Functional.LayerNorm<float>(Placing.Place(x, Shape, placement), [10, 7, 11]),
            Functional.GroupNorm<float>(Placing.Place(x, Shape, placement), 1));
    }

    [Theory, CombinatorialNorms]
    public void GroupNorm_OfAGroupPerChannel_IsInstanceNorm(Placement placement)
    {
        float[] x = Inputs<float>.Normal(new(1), 2310, 3, 5), weight = Inputs<float>.Normal(new(2), 10), bias = Inputs<float>.Normal(new(3), 10);
        Near(
            Functional.InstanceNorm<float>(Placing.Place(x, Shape, placement), useInputStats: true, weight: Tensor.Create(weight), bias: Tensor.Create(bias)),
            Functional.GroupNorm<float>(Placing.Place(x, Shape, placement), 10, Tensor.Create(weight), Tensor.Create(bias)));
    }

    [Theory, CombinatorialNorms]
    public void BatchNorm_OfOneSample_IsInstanceNorm(Placement placement)
    {
        nint[] shape = [1, 30, 7, 11];
        float[] x = Inputs<float>.Normal(new(1), 2310, 3, 5);
        Near(
            Functional.InstanceNorm<float>(Placing.Place(x, shape, placement), useInputStats: true),
            Functional.BatchNorm<float>(Placing.Place(x, shape, placement), training: true));
    }

    [Fact]
    public void BatchNorm_OfSequences_IsLayerNormOfTheTransposed()
    {
        float[] x = Inputs<float>.Normal(new(1), 6 * 5 * 13, 3, 5);
        Tensor<float> tensor = Tensor.Create(x, [6, 5, 13]);
        Tensor<float> byLayer = Functional.LayerNorm<float>(tensor.PermuteDimensions([1, 0, 2]), [6, 13]);
        Near(byLayer.PermuteDimensions([1, 0, 2]), Functional.BatchNorm<float>(tensor, training: true));
    }

    [Theory, WithEach(1, 5, 16, 77)]
    public void BatchNorm_InEvaluation_IsAnAffineMapOfEachChannel(MemoryFormat format, int positions)
    {
        Random random = new(4);
        nint[] shape = [3, 10, positions];
        float[] x = Inputs<float>.Normal(random, 30 * positions, 3, 5), y = new float[x.Length];
        float[] mean = Inputs<float>.Normal(random, 10, 2), variance = [.. Enumerable.Range(3, 10).Select(i => i / 4f)];
        float[] weight = Inputs<float>.Normal(random, 10), bias = Inputs<float>.Normal(random, 10);
        float[] before = [.. mean, .. variance];
        bool last = format == MemoryFormat.ChannelsLast;
        Functional.BatchNorm<float>(last ? Placing.ToChannelsLast(x, shape) : x, shape, y, training: false, mean, variance, weight, bias, format: format);
        double[] expected = [.. x.Select((v, i) =>
        {
            int c = i / positions % 10;
            return ((v - (double)mean[c]) / Math.Sqrt(variance[c] + 1e-5) * weight[c]) + bias[c];
        })];
        Closeness.Near<float>(last ? Placing.FromChannelsLast(y, shape) : y, expected, Tolerances.ForwardFloat, "y");
        Assert.Equal(before, mean.Concat(variance));
    }

    [Theory, CombinatorialNorms]
    public void ChannelsLast_IsContiguousWithinTolerance(Norm norm)
    {
        Problem problem = Problem.Large(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3, offset: 200);
        Results<float> contiguous = Results<float>.OnSpans(problem, inputs), last = Results<float>.OnSpans(problem, inputs, MemoryFormat.ChannelsLast);
        // Each is within the contract of the truth, so they are within twice that of each other.
        Closeness.Near<float>(last.Y, Inputs<float>.Doubles(contiguous.Y), 2 * Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(last.Dx, Inputs<float>.Doubles(contiguous.Dx), 2 * Tolerances.InputGradientFloat, "dx");
        Closeness.Near<float>(last.DWeight, Inputs<float>.Doubles(contiguous.DWeight), 2 * Tolerances.ParameterGradientFloat, "dweight");
    }

    /// <summary>x * 2^k + c is normalized to the same, where eps goes with the scale: exactly, for these changes round nothing.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_OfScaledInput_IsTheSame(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3, offset: 1);
        Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
        Results<float> scaled = Results<float>.OnTensors(
            problem with { Eps = problem.Eps * 64 }, inputs with { X = Array.ConvertAll(inputs.X, v => v * 8) }, placement);
        Closeness.SameBits<float>(results.Y, scaled.Y, "y");
        Closeness.SameBits<float>(results.DWeight, scaled.DWeight, "dweight");
    }

    [Theory, CombinatorialNorms]
    public void Forward_OfShiftedInput_IsTheSameWithinTolerance(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3);
        // Multiples of 1/64 so that the shift rounds nothing.
        float[] x = Array.ConvertAll(inputs.X, v => MathF.Round(v * 64) / 64);
        Results<float> results = Results<float>.OnTensors(problem, inputs with { X = x }, placement);
        Results<float> shifted = Results<float>.OnTensors(problem, inputs with { X = Array.ConvertAll(x, v => v + 65536) }, placement);
        Closeness.Near<float>(shifted.Y, Inputs<float>.Doubles(results.Y), 2 * Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(shifted.Dx, Inputs<float>.Doubles(results.Dx), 2 * Tolerances.InputGradientFloat, "dx");
    }

    /// <summary>Adding a constant to a set changes nothing, so its gradient sums to 0; neither does scaling it, but for eps.</summary>
    [Theory, CombinatorialNorms]
    public void Backward_SumOverASet_IsZero(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm, eps: 0);
        Inputs<double> inputs = Inputs<double>.Draw(problem, 3, offset: 1);
        Results<double> results = Results<double>.OnTensors(problem, inputs, placement);
        double[] sums = new double[problem.Sets], products = new double[problem.Sets];
        for (int i = 0; i < problem.Elements; i++)
        {
            sums[problem.SetOf(i)] += results.Dx[i];
            products[problem.SetOf(i)] += results.Dx[i] * inputs.X[i];
        }
        double all = results.Dx.Sum(Math.Abs);
        Assert.Contains(results.Dx, v => Math.Abs(v) > 0.1);
        Assert.All(sums, sum => Assert.Equal(0, sum, Tolerances.InputGradientDouble * all));
        Assert.All(products, product => Assert.Equal(0, product, 4 * Tolerances.InputGradientDouble * all));
    }

    [Theory, CombinatorialNorms]
    public void Backward_InDouble_IsFiniteDifferencesOfForward(Norm norm, MemoryFormat format)
    {
        Problem problem = new(norm, [2, 6, 5], Groups: 3, NormalizedRank: 2, Eps: 1e-3);
        Inputs<double> inputs = Inputs<double>.Draw(problem, seed: 3, offset: 0.7);
        Results<double> results = Results<double>.OnSpans(problem, inputs, format);
        Closeness.Near<double>(results.Dx, Slopes(inputs.X), Tolerances.FiniteDifference, "dx");
        Closeness.Near<double>(results.DWeight, Slopes(inputs.Weight!), Tolerances.FiniteDifference, "dweight");
        Closeness.Near<double>(results.DBias, Slopes(inputs.Bias!), Tolerances.FiniteDifference, "dbias");

        double[] Slopes(double[] at) => FiniteDifferences.Of(at, () => FiniteDifferences.Dot(Results<double>.OnSpans(problem, inputs, format).Y, inputs.Dy));
    }

    [Fact]
    public void Function_OfAnyGeometry_MatchesFormula()
    {
        Gen<(Norm Norm, int N, int C, int K, int S, int T, Placement Placement, double Offset, int Seed)> cases =
            Gen.Select(Gen.Enum<Norm>(), Gen.Int[1, 9], Gen.Int[1, 7], Gen.Int[1, 7], Gen.Int[1, 40], Gen.Int[2, 19], Gen.Enum<Placement>(), Gen.Double[-1000, 1000])
                .SelectMany(c => Gen.Int[0, 1 << 20].Select(seed => (c.Item1, c.Item2, c.Item3, c.Item4, c.Item5, c.Item6, c.Item7, c.Item8, seed)));
        cases.Sample(
            c =>
            {
                Problem problem = new(c.Norm, [c.N, c.C * c.K, c.S, c.T], c.K, NormalizedRank: 1 + (c.S % 3));
                Inputs<float> inputs = Inputs<float>.Draw(problem, c.Seed, c.Offset);
                if (problem.Elements / problem.Sets == 1)
                    return;
                Results<float> results = Results<float>.OnTensors(problem, inputs, c.Placement, threads: 2);
                Expected expected = inputs.By(problem);
                Closeness.Near<float>(results.Y, expected.Y, Tolerances.ForwardFloat, $"{c} y");

                // A gradient may cancel to nothing by chance: it is held to what it is a sum of, where that is larger.
                double invStd = expected.Variance.Max(v => 1 / Math.Sqrt(v + problem.Eps));
                double term = inputs.Dy.Max(Math.Abs) * inputs.Weight!.Max(Math.Abs) * invStd;
                double sum = Math.Sqrt(problem.Elements / problem.Parameters);
                Within(results.Dx, expected.Dx, Tolerances.InputGradientFloat, term);
                Within(results.DWeight, expected.DWeight, Tolerances.ParameterGradientFloat, sum);
                Within(results.DBias, expected.DBias, Tolerances.ParameterGradientFloat, sum);

                static void Within(float[] actual, double[] wanted, double tolerance, double size)
                {
                    double allowed = tolerance * Math.Max(size, wanted.Max(Math.Abs));
                    for (int i = 0; i < actual.Length; i++)
                        Assert.Equal(wanted[i], actual[i], allowed);
                }
            },
            iter: 400, threads: 1);
    }

    private static void Near(Tensor<float> expected, Tensor<float> actual) =>
        Closeness.Near<float>(Placing.Logical(actual), Inputs<float>.Doubles(Placing.Logical(expected)), 2 * Tolerances.ForwardFloat, "y");
}

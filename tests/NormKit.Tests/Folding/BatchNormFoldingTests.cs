using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Layer and norm one after the other, by NormKit's norm and a naive layer, against the folded layer.</summary>
public class BatchNormFoldingTests
{
    private static readonly nint[][] Kernels = [[1], [3], [2, 3], [1, 1], [2, 1, 3]];

    /// <summary>Sums of at most 60 products, in two orders, in double; the float ones begin from weights rounded once.</summary>
    private static double Tolerance<T>() => typeof(T) == typeof(float) ? 1e-6 : 1e-12;

    [Theory, WithEach(1, 2, 3)]
    public void FoldIntoPreceding_Convolution_EqualsConvolutionThenNorm(int groups)
    {
        foreach (nint[] kernel in Kernels)
        {
            foreach ((int stride, int padding, int dilation) in ((int, int, int)[])[(1, 0, 1), (1, 1, 1), (2, 1, 2), (3, 2, 1)])
                CheckPreceding(new(FoldableLayer.Convolution, groups, stride, padding, dilation), 2, 3, kernel);
        }
    }

    [Theory, WithEach(1, 2, 3)]
    public void FoldIntoPreceding_TransposedConvolution_EqualsTransposedConvolutionThenNorm(int groups)
    {
        foreach (nint[] kernel in Kernels)
        {
            foreach ((int stride, int padding, int dilation, int outputPadding) in ((int, int, int, int)[])[(1, 0, 1, 0), (2, 1, 1, 1), (3, 0, 2, 2)])
            {
                CheckPreceding(new(FoldableLayer.TransposedConvolution, groups, stride, padding, dilation, outputPadding), 3, 2, kernel);
                CheckPreceding(new(FoldableLayer.TransposedConvolution, groups, stride, padding, dilation, outputPadding), 2, 3, kernel);
            }
        }
    }

    [Fact]
    public void FoldIntoPreceding_Linear_EqualsLinearThenNorm() => CheckPreceding(new(FoldableLayer.Linear), 5, 7, []);

    [Fact]
    public void FoldIntoFollowing_Linear_EqualsNormThenLinear() => CheckFollowing(new(FoldableLayer.Linear), 5, 7, [], hasZeroPadding: null);

    [Theory, WithEach(1, 2, 3)]
    public void FoldIntoFollowing_ConvolutionWithoutPadding_EqualsNormThenConvolution(int groups)
    {
        foreach (nint[] kernel in Kernels)
        {
            foreach ((int stride, int dilation) in ((int, int)[])[(1, 1), (2, 2), (3, 1)])
            {
                CheckFollowing(new(FoldableLayer.Convolution, groups, stride, 0, dilation), 2, 3, kernel, hasZeroPadding: false);
                CheckFollowing(new(FoldableLayer.Convolution, groups, stride, 0, dilation), 3, 2, kernel, hasZeroPadding: false);
            }
        }
    }

    [Theory, WithEach(1, 2, 3)]
    public void FoldIntoFollowing_LayerThatReadsZerosAndNormWithoutShift_EqualsNormThenLayer(int groups)
    {
        foreach (nint[] kernel in Kernels)
        {
            CheckFollowing(new(FoldableLayer.Convolution, groups, 1, 2), 2, 3, kernel, hasZeroPadding: true, shifts: false);
            CheckFollowing(new(FoldableLayer.TransposedConvolution, groups, 2, 1, 1, 1), 3, 2, kernel, hasZeroPadding: null, shifts: false);
        }
    }

    [Fact]
    public void FoldIntoFollowing_ZeroPaddingAndShift_IsRefusedWithTheWayOutThatWorks()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Convolution, 2, Padding: 1), 2, 3, [3, 2], normAfter: false);
        ArgumentException thrown = Assert.Throws<ArgumentException>("hasZeroPadding", () => problem.FoldIntoFollowing(hasZeroPadding: true));
        double[] padding = new double[problem.Inputs];
        for (int c = 0; c < padding.Length; c++)
        {
            double scale = problem.Norm.Weight!.Value[c] / Math.Sqrt(problem.Norm.RunningVar![c] + problem.Norm.Eps);
            padding[c] = problem.Norm.RunningMean![c] - (problem.Norm.Bias!.Value[c] / scale);
        }
        Assert.Contains("pads with zeros", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("-shift / scale (", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("hasZeroPadding: false", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("the layer before it", thrown.Message, StringComparison.Ordinal);

        // Without the refusal, the border would be wrong by far more than rounding.
        (double[] expected, _) = problem.Layer(problem.Normalized(problem.DoubleX, problem.Shape), problem.Shape);
        FoldedLayer<double> folded = problem.FoldIntoFollowing(hasZeroPadding: false);
        Assert.True(Closeness.Error<double>(problem.Folded(folded, problem.DoubleX, problem.Shape).Y, expected) > 0.01);

        (double[] padded, nint[] paddedShape) = NaiveConvolution.Pad(problem.DoubleX, problem.Shape, 1, padding);
        double[] weight = Placing.Logical(folded.Weight), bias = Placing.Logical(folded.Bias);
        (double[] y, _) = (problem.Setting with { Padding = 0 }).Of(padded, paddedShape, weight, problem.WeightShape, bias);
        Closeness.Near<double>(y, expected, Tolerance<double>(), "padded by -shift / scale");
    }

    [Fact]
    public void FoldIntoFollowing_TransposedConvolutionAndShift_IsRefused()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.TransposedConvolution), 2, 3, [3], normAfter: false);
        ArgumentException thrown = Assert.Throws<ArgumentException>("layer", () => problem.FoldIntoFollowing(hasZeroPadding: null));
        Assert.Contains("between and around its inputs", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("pad each channel", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldIntoPreceding_Float_IsTheDoubleResultRoundedOnce()
    {
        FoldingCase<float> problem = new(new(FoldableLayer.Convolution), 2, 5, [3], normAfter: true);
        FoldedLayer<float> folded = problem.FoldIntoPreceding();
        float[] weight = Placing.Logical(folded.Weight), bias = Placing.Logical(folded.Bias);
        for (int o = 0; o < 5; o++)
        {
            BatchNorm<float> norm = problem.Norm;
            double scale = norm.Weight!.Value[o] / Math.Sqrt(norm.RunningVar![o] + norm.Eps);
            Assert.Equal((float)((((double)problem.Bias![o] - norm.RunningMean![o]) * scale) + norm.Bias!.Value[o]), bias[o]);
            for (int i = 6 * o; i < 6 * (o + 1); i++)
                Assert.Equal((float)(problem.Weight[i] * scale), weight[i]);
        }
    }

    [Theory, CombinatorialNorms]
    public void Fold_WeightInAnyLayout_GivesTheSameBitsRowMajorAndLeavesItAsItWas(Placement placement)
    {
        FoldingCase<float> before = new(new(FoldableLayer.TransposedConvolution, 2), 3, 2, [2, 3], normAfter: true);
        FoldingCase<float> after = new(new(FoldableLayer.Convolution, 2), 3, 2, [2, 3], normAfter: false);
        foreach ((FoldingCase<float> problem, bool isBefore) in ((FoldingCase<float>, bool)[])[(before, true), (after, false)])
        {
            Tensor<float> weight = Placing.Place(problem.Weight, problem.WeightShape, placement);
            Tensor<float> bias = Placing.Place(problem.Bias!, [problem.Outputs], placement == Placement.ChannelsLast ? Placement.Contiguous : placement);
            float[][] held = State(problem.Norm);
            FoldedLayer<float> expected = isBefore ? problem.FoldIntoPreceding() : problem.FoldIntoFollowing(false);
            FoldedLayer<float> folded = isBefore
                ? BatchNormFolding.FoldIntoPreceding<float>(problem.Norm, problem.Setting.Layer, weight, bias, 2)
                : BatchNormFolding.FoldIntoFollowing<float>(problem.Norm, problem.Setting.Layer, weight, bias, 2, false);
            Closeness.SameBits<float>(Placing.Logical(expected.Weight), folded.Weight.GetSpan([0, 0, 0, 0], problem.Weight.Length), "weight");
            Closeness.SameBits<float>(Placing.Logical(expected.Bias), Placing.Logical(folded.Bias), "bias");
            Closeness.SameBits<float>(problem.Weight, Placing.Logical(weight), "the given weight");
            Closeness.SameBits<float>(problem.Bias!, Placing.Logical(bias), "the given bias");
            Assert.Equal(held, State(problem.Norm));
        }
    }

    [Fact]
    public void Fold_NormInTrainingMode_FoldsAsInEvaluation()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Linear), 4, 4, [], normAfter: true);
        Assert.True(problem.Norm.Training);
        (FoldedLayer<double> before, FoldedLayer<double> after) = (problem.FoldIntoPreceding(), problem.FoldIntoFollowing(null));
        problem.Norm.Eval();
        (Tensor<double> weight, Tensor<double> bias) = problem.FoldIntoPreceding();
        Closeness.SameBits<double>(Placing.Logical(weight), Placing.Logical(before.Weight), "weight");
        Closeness.SameBits<double>(Placing.Logical(bias), Placing.Logical(before.Bias), "bias");
        Closeness.SameBits<double>(Placing.Logical(problem.FoldIntoFollowing(null).Weight), Placing.Logical(after.Weight), "weight");
        Closeness.SameBits<double>(Placing.Logical(problem.FoldIntoFollowing(null).Bias), Placing.Logical(after.Bias), "bias");
        Assert.NotEqual(Placing.Logical(before.Weight), Placing.Logical(after.Weight));
    }

    [Fact]
    public void Fold_ExampleOfTheDocs_GivesTheSameOutputs()
    {
        float[] before = new TorchRandom(1).Rand(16 * 3 * 3 * 3) is var r ? Placing.Logical(r) : [];
        Tensor<float> weight = Tensor.Create(before, [16, 3, 3, 3]);
        BatchNorm2d<float> norm = new(16);
        norm.Forward(new TorchRandom(2).Rand(4, 16, 5, 5));

        // <docs>
        FoldedLayer<float> folded = BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Convolution, weight);
        (Tensor<float> newWeight, Tensor<float> newBias) = folded;      // [16, 3, 3, 3] and [16]
        // </docs>

        double[] x = Inputs<float>.Doubles(Placing.Logical(new TorchRandom(3).Rand(2, 3, 6, 5)))!;
        NaiveConvolution setting = new(FoldableLayer.Convolution, Padding: 1);
        (double[] middle, nint[] shape) = setting.Of(x, [2, 3, 6, 5], Inputs<float>.Doubles(before)!, [16, 3, 3, 3], null);
        norm.Eval();
        float[] y = Placing.Logical(norm.Forward(Tensor.Create(Array.ConvertAll(middle, v => (float)v), shape)));
        (double[] once, _) = setting.Of(
            x, [2, 3, 6, 5], Inputs<float>.Doubles(Placing.Logical(newWeight))!, [16, 3, 3, 3], Inputs<float>.Doubles(Placing.Logical(newBias)));
        Closeness.Near<float>(y, once, 2 * Tolerance<float>(), "folded");
    }

    private static void CheckPreceding(NaiveConvolution setting, int inPerGroup, int outPerGroup, nint[] kernel)
    {
        foreach ((bool affine, bool hasBias) in ((bool, bool)[])[(true, true), (true, false), (false, true), (false, false)])
        {
            CheckPreceding<double>(new(setting, inPerGroup, outPerGroup, kernel, normAfter: true, affine, hasBias));
            CheckPreceding<float>(new(setting, inPerGroup, outPerGroup, kernel, normAfter: true, affine, hasBias));
        }
    }

    private static void CheckPreceding<T>(FoldingCase<T> problem) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (double[] middle, nint[] shape) = problem.Layer(problem.DoubleX, problem.Shape);
        (double[] y, _) = problem.Folded(problem.FoldIntoPreceding(), problem.DoubleX, problem.Shape);
        Closeness.Near<double>(y, problem.Normalized(middle, shape), Tolerance<T>(), Text(problem));
    }

    private static void CheckFollowing(NaiveConvolution setting, int inPerGroup, int outPerGroup, nint[] kernel, bool? hasZeroPadding, bool shifts = true)
    {
        foreach ((bool affine, bool hasBias) in ((bool, bool)[])[(true, true), (true, false), (false, true), (false, false)])
        {
            CheckFollowing<double>(new(setting, inPerGroup, outPerGroup, kernel, normAfter: false, affine, hasBias), hasZeroPadding, shifts);
            CheckFollowing<float>(new(setting, inPerGroup, outPerGroup, kernel, normAfter: false, affine, hasBias), hasZeroPadding, shifts);
        }
    }

    private static void CheckFollowing<T>(FoldingCase<T> problem, bool? hasZeroPadding, bool shifts) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!shifts)
        {
            FoldingCase<T>.Set(problem.Norm.RunningMean!, new T[problem.Inputs]);
            if (problem.Norm.Bias is not null)
                FoldingCase<T>.Set(problem.Norm.Bias.Value, new T[problem.Inputs]);
        }
        (double[] expected, _) = problem.Layer(problem.Normalized(problem.DoubleX, problem.Shape), problem.Shape);
        (double[] y, _) = problem.Folded(problem.FoldIntoFollowing(hasZeroPadding), problem.DoubleX, problem.Shape);
        Closeness.Near<double>(y, expected, Tolerance<T>(), Text(problem));
    }

    private static string Text<T>(FoldingCase<T> problem) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        $"{problem.Setting}, weight [{string.Join(", ", problem.WeightShape)}], bias {problem.Bias is not null}, affine {problem.Norm.Weight is not null}, {typeof(T).Name}";

    private static float[][] State(BatchNorm<float> norm) =>
        [Placing.Logical(norm.RunningMean!), Placing.Logical(norm.RunningVar!), Placing.Logical(norm.Weight!.Value), Placing.Logical(norm.Bias!.Value)];
}

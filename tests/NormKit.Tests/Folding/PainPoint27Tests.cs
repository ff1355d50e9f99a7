using NormKit.Folding;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>The mistakes that other projects made in folding, each with what it would give here. Expected values are written from the formula.</summary>
public class PainPoint27Tests
{
    /// <summary>PyTorch, PR #45474: folding a norm without weight and bias crashed.</summary>
    [Fact]
    public void Fold_AffineFalse_DoesNotCrash()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Convolution), 3, 3, [2], normAfter: true, affine: false);
        double[] before = Placing.Logical(problem.FoldIntoPreceding().Weight), after = Placing.Logical(problem.FoldIntoFollowing(false).Weight);
        for (int i = 0; i < problem.Weight.Length; i++)
        {
            Assert.Equal(problem.Weight[i] / Math.Sqrt(problem.Norm.RunningVar![i / 6] + 1e-3), before[i], 1e-14);
            Assert.Equal(problem.Weight[i] / Math.Sqrt(problem.Norm.RunningVar![i / 2 % 3] + 1e-3), after[i], 1e-14);
        }
    }

    /// <summary>ultralytics/yolov3 #807: the convolution's bias was added without the norm's scale.</summary>
    [Fact]
    public void Fold_ConvolutionBias_IsScaled()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Convolution), 2, 5, [3], normAfter: true);
        double[] bias = Placing.Logical(problem.FoldIntoPreceding().Bias);
        for (int o = 0; o < 5; o++)
        {
            double scale = Scale(problem.Norm, o), mean = problem.Norm.RunningMean![o], beta = problem.Norm.Bias!.Value[o];
            Assert.Equal(((problem.Bias![o] - mean) * scale) + beta, bias[o], 1e-13);
            Assert.True(Math.Abs(problem.Bias[o] - (mean * scale) + beta - bias[o]) > 1e-3, "a bias left unscaled would pass");
        }
    }

    /// <summary>tt-metal, PR #5317: a convolution without bias got none, and the norm's shift was lost.</summary>
    [Theory]
    [InlineData(FoldableLayer.Linear)]
    [InlineData(FoldableLayer.Convolution)]
    [InlineData(FoldableLayer.TransposedConvolution)]
    public void Fold_NoBias_GetsOne(FoldableLayer layer)
    {
        FoldingCase<double> problem = new(new(layer), 4, 4, layer == FoldableLayer.Linear ? [] : [3], normAfter: true, hasBias: false);
        double[] bias = Placing.Logical(problem.FoldIntoPreceding().Bias);
        for (int o = 0; o < 4; o++)
        {
            Assert.Equal(problem.Norm.Bias!.Value[o] - (problem.Norm.RunningMean![o] * Scale(problem.Norm, o)), bias[o], 1e-13);
            Assert.NotEqual(0, bias[o]);
        }
        if (layer == FoldableLayer.TransposedConvolution)
            return;
        double[] after = Placing.Logical(problem.FoldIntoFollowing(layer == FoldableLayer.Linear ? null : false).Bias);
        int kernel = layer == FoldableLayer.Linear ? 1 : 3;
        for (int o = 0; o < 4; o++)
        {
            double expected = 0;
            for (int i = 0; i < 4 * kernel; i++)
                expected += problem.Weight[(o * 4 * kernel) + i] * (problem.Norm.Bias!.Value[i / kernel] - (problem.Norm.RunningMean![i / kernel] * Scale(problem.Norm, i / kernel)));
            Assert.Equal(expected, after[o], 1e-13);
        }
    }

    /// <summary>optimum, PR #348: a norm without bias was folded as if its bias were ones. Weight without bias exists only below the public entry.</summary>
    [Fact]
    public void Fold_MissingBeta_CountsAsZerosAndMissingGammaAsOnes()
    {
        double[] mean = [0.5, -2], variance = [3, 0.25], gamma = [1.5, -0.5], beta = [0.75, -4];
        ChannelMap noBeta = ChannelMap.From<double>("test", mean, variance, gamma, [], eps: 1);
        ChannelMap noGamma = ChannelMap.From<double>("test", mean, variance, [], beta, eps: 1);
        Assert.Equal(-0.5 * 1.5 / 2, noBeta.Of(0, 0), 1e-15);
        Assert.Equal(2 * -0.5 / Math.Sqrt(1.25), noBeta.Of(0, 1), 1e-15);
        Assert.Equal((-0.5 / 2) + 0.75, noGamma.Of(0, 0), 1e-15);
        Assert.Equal(1 / Math.Sqrt(1.25), noGamma.Scale(1), 1e-15);

        FoldingCase<double> problem = new(new(FoldableLayer.Convolution), 2, 3, [2], normAfter: true, affine: false, hasBias: false);
        double[] bias = Placing.Logical(problem.FoldIntoPreceding().Bias);
        for (int o = 0; o < 3; o++)
            Assert.Equal(-problem.Norm.RunningMean![o] * Scale(problem.Norm, o), bias[o], 1e-13);
    }

    /// <summary>aimet #154: the first axis of a transposed convolution's weight, its inputs, was scaled. With as many inputs as outputs both axes fit.</summary>
    [Theory, WithEach(1, 2)]
    public void Fold_TransposedConvolution_ScalesTheOutputAxis(int groups)
    {
        FoldingCase<double> problem = new(new(FoldableLayer.TransposedConvolution, groups), 3, 3, [2], normAfter: true);
        double[] weight = Placing.Logical(problem.FoldIntoPreceding().Weight);
        int differ = 0;
        for (int i = 0; i < 3 * groups; i++)
        {
            for (int j = 0; j < 3; j++)
            {
                int output = (i / 3 * 3) + j, at = ((i * 3) + j) * 2;
                Assert.Equal(problem.Weight[at] * Scale(problem.Norm, output), weight[at], 1e-13);
                Assert.Equal(problem.Weight[at + 1] * Scale(problem.Norm, output), weight[at + 1], 1e-13);
                differ += Math.Abs((problem.Weight[at] * Scale(problem.Norm, i)) - weight[at]) > 1e-3 ? 1 : 0;
            }
        }
        Assert.True(differ >= 5 * groups, "scaling the inputs would pass");
    }

    private static double Scale(BatchNorm<double> norm, int channel) =>
        (norm.Weight?.Value[channel] ?? 1) / Math.Sqrt(norm.RunningVar![channel] + norm.Eps);
}

using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>What is refused, by which argument and with which numbers; and what is folded though it looks odd.</summary>
public class FoldingErrorTests
{
    private static readonly BatchNorm<double> Six = new(6);

    [Theory]
    [InlineData(FoldableLayer.Linear, new[] { 5, 4 }, 1, "weight", "6 channels and the layer 5 output channels (weight [5, 4], groups 1)")]
    [InlineData(FoldableLayer.Linear, new[] { 6 }, 1, "weight", "(out, in), with no length of 0; this one has [6]")]
    [InlineData(FoldableLayer.Linear, new[] { 6, 4, 3 }, 1, "weight", "(out, in), with no length of 0; this one has [6, 4, 3]")]
    [InlineData(FoldableLayer.Linear, new[] { 6, 4 }, 2, "groups", "one group, not 2")]
    [InlineData(FoldableLayer.Convolution, new[] { 6, 4 }, 1, "weight", "(out, in / groups, *kernel), with no length of 0; this one has [6, 4]")]
    [InlineData(FoldableLayer.Convolution, new[] { 6, 4, 0 }, 1, "weight", "with no length of 0")]
    [InlineData(FoldableLayer.Convolution, new[] { 4, 6, 3 }, 1, "weight", "6 channels and the layer 4 output channels")]
    [InlineData(FoldableLayer.Convolution, new[] { 6, 4, 3 }, 4, "groups", "6 output channels do not split into 4 equal groups")]
    [InlineData(FoldableLayer.Convolution, new[] { 6, 4, 3 }, 0, "groups", "at least one group")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 6, 4 }, 1, "weight", "(in, out / groups, *kernel), with no length of 0; this one has [6, 4]")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 6, 4, 3 }, 1, "weight", "6 channels and the layer 4 output channels (weight [6, 4, 3], groups 1)")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 4, 3, 3 }, 4, "weight", "6 channels and the layer 12 output channels (weight [4, 3, 3], groups 4)")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 5, 3, 3 }, 2, "groups", "5 input channels do not split into 2 equal groups")]
    [InlineData((FoldableLayer)7, new[] { 6, 4, 3 }, 1, "layer", "no foldable layer")]
    public void FoldIntoPreceding_ShapesThatDoNotFit_AreNamed(FoldableLayer layer, int[] shape, int groups, string argument, string words)
    {
        Tensor<double> weight = Weight(shape);
        ArgumentException thrown = Assert.ThrowsAny<ArgumentException>(() => BatchNormFolding.FoldIntoPreceding(Six, layer, weight, default, groups));
        Assert.Equal(argument, thrown.ParamName);
        Assert.StartsWith("FoldIntoPreceding: ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FoldableLayer.Linear, new[] { 6, 4 }, 1, null, "weight", "6 channels and the layer 4 input channels")]
    [InlineData(FoldableLayer.Convolution, new[] { 6, 6, 3 }, 2, false, "weight", "6 channels and the layer 12 input channels (weight [6, 6, 3], groups 2)")]
    [InlineData(FoldableLayer.Convolution, new[] { 5, 3, 3 }, 2, false, "groups", "5 output channels do not split into 2 equal groups")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 4, 6, 3 }, 1, null, "weight", "6 channels and the layer 4 input channels")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 6, 5, 3 }, 4, null, "groups", "6 input channels do not split into 4 equal groups")]
    [InlineData(FoldableLayer.Convolution, new[] { 4, 6, 3 }, 1, null, "hasZeroPadding", "say whether the convolution pads with zeros")]
    [InlineData(FoldableLayer.Linear, new[] { 4, 6 }, 1, false, "hasZeroPadding", "a linear layer reads no zeros")]
    [InlineData(FoldableLayer.TransposedConvolution, new[] { 6, 5, 3 }, 1, false, "hasZeroPadding", "a transposed convolution always reads zeros")]
    public void FoldIntoFollowing_ShapesThatDoNotFit_AreNamed(FoldableLayer layer, int[] shape, int groups, bool? hasZeroPadding, string argument, string words)
    {
        Tensor<double> weight = Weight(shape);
        ArgumentException thrown = Assert.ThrowsAny<ArgumentException>(
            () => BatchNormFolding.FoldIntoFollowing(Six, layer, weight, default, groups, hasZeroPadding));
        Assert.Equal(argument, thrown.ParamName);
        Assert.StartsWith("FoldIntoFollowing: ", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(words, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fold_BiasOfAnotherLength_IsRefused()
    {
        // A transposed convolution of two groups has twice as many outputs as its weight has columns.
        Tensor<double> weight = Weight([4, 3, 2]), short3 = Tensor.Create<double>([1, 2, 3], [3]), matrix = Tensor.Create(new double[6], [6, 1]);
        ArgumentException thrown = Assert.Throws<ArgumentException>(
            "bias", () => BatchNormFolding.FoldIntoPreceding(Six, FoldableLayer.TransposedConvolution, weight, short3, 2));
        Assert.Contains("bias has shape [3]; the layer has 6 output channels and needs [6]", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("bias", () => BatchNormFolding.FoldIntoPreceding(Six, FoldableLayer.TransposedConvolution, weight, matrix, 2));
        Assert.Throws<ArgumentException>("bias", () => BatchNormFolding.FoldIntoFollowing(Six, FoldableLayer.Linear, Weight([4, 6]), short3));
        Assert.Throws<ArgumentException>("bias", () => BatchNormFolding.FoldIntoFollowing(Six, FoldableLayer.Linear, Weight([4, 6]), Tensor.Create<double>([])));
    }

    [Fact]
    public void Fold_NormThatIsMissingOrHasNoRunningStatistics_IsRefused()
    {
        BatchNorm<double> norm = new(6, trackRunningStats: false);
        ArgumentException thrown = Assert.Throws<ArgumentException>("norm", () => BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, Weight([6, 4])));
        Assert.Contains("no running statistics", thrown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("norm", () => BatchNormFolding.FoldIntoFollowing(norm, FoldableLayer.Linear, Weight([4, 6])));
        Assert.Throws<ArgumentNullException>("norm", () => BatchNormFolding.FoldIntoPreceding<double>((BatchNorm<double>)null!, FoldableLayer.Linear, Weight([6, 4])));
        Assert.Throws<ArgumentNullException>("norm", () => BatchNormFolding.FoldIntoFollowing<double>((BatchNorm<double>)null!, FoldableLayer.Linear, Weight([4, 6])));
    }

    [Theory]
    [InlineData("running mean", double.NaN)]
    [InlineData("running mean", double.PositiveInfinity)]
    [InlineData("running variance", double.NaN)]
    [InlineData("running variance", double.PositiveInfinity)]
    [InlineData("running variance", -0.125)]
    [InlineData("weight", double.NaN)]
    [InlineData("bias", double.NegativeInfinity)]
    public void Fold_StatisticOfWhichNothingFiniteCanBeMade_IsRefusedByChannel(string what, double value)
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Linear), 4, 4, [], normAfter: true);
        Tensor<double> spoilt = what switch
        {
            "running mean" => problem.Norm.RunningMean!,
            "running variance" => problem.Norm.RunningVar!,
            "weight" => problem.Norm.Weight!.Value,
            _ => problem.Norm.Bias!.Value,
        };
        spoilt[2] = value;
        foreach (Action fold in (Action[])[() => problem.FoldIntoPreceding(), () => problem.FoldIntoFollowing(null)])
        {
            ArgumentException thrown = Assert.Throws<ArgumentException>("norm", fold);
            Assert.Contains(FormattableString.Invariant($"{what} of channel 2 is {value}; it must be finite"), thrown.Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A float of -0.1 is not -0.10000000149011612.</summary>
    [Fact]
    public void Fold_NegativeVarianceOfFloats_IsWrittenAsItWasGiven()
    {
        FoldingCase<float> problem = new(new(FoldableLayer.Linear), 4, 4, [], normAfter: true);
        problem.Norm.RunningVar![2] = -0.1f;
        Assert.Contains("of channel 2 is -0.1; it must be finite", Assert.Throws<ArgumentException>("norm", () => problem.FoldIntoPreceding()).Message, StringComparison.Ordinal);
    }

    /// <summary>As in the layer's forward pass: no variance is negative, whatever eps would make of it.</summary>
    [Fact]
    public void Fold_NegativeVarianceThatEpsLifts_IsRefusedAsByTheLayer()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Linear), 3, 3, [], normAfter: true);
        problem.Norm.RunningVar![1] = -0.0005;     // eps is 0.001
        Assert.Contains("of channel 1 is -0.0005", Assert.Throws<ArgumentException>("norm", () => problem.FoldIntoPreceding()).Message, StringComparison.Ordinal);
        (double[] middle, nint[] shape) = problem.Layer(problem.DoubleX, problem.Shape);
        Assert.Contains("runningVar is -0.0005 in channel 1", Assert.Throws<ArgumentException>("runningVar", () => problem.Normalized(middle, shape)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1e-5)]
    public void Fold_ZeroVariance_FoldsAsTheLayerNormalizes(double eps)
    {
        BatchNorm<double> norm = new(3, eps);
        FoldingCase<double>.Set(norm.RunningMean!, 0.5, -1, 2);
        FoldingCase<double>.Set(norm.RunningVar!, 0.75, 0, 3);
        FoldingCase<double>.Set(norm.Weight!.Value, 1.5, -0.5, 0.25);
        FoldingCase<double>.Set(norm.Bias!.Value, 0.125, 7, -3);
        Tensor<double> weight = Tensor.Create<double>([2, 3, 5], [3, 1]), bias = Tensor.Create<double>([0.25, 0.5, -1], [3]);
        (Tensor<double> w, Tensor<double> b) = BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, weight, bias);
        norm.Eval();
        double[] y = Placing.Logical(norm.Forward(Tensor.Create<double>([(2 * 1.25) + 0.25, (3 * 1.25) + 0.5, (5 * 1.25) - 1], [1, 3])));
        Closeness.Near<double>([(w[0, 0] * 1.25) + b[0], (w[1, 0] * 1.25) + b[1], (w[2, 0] * 1.25) + b[2]], y, 1e-12, "y");
        Assert.Equal(eps == 0, y[1] == 7);
    }

    [Fact]
    public void Fold_ResultBeyondTheRangeOfTheType_IsRefused()
    {
        BatchNorm<float> norm = new(2, eps: 0);
        norm.RunningVar![1] = 1e-30f;
        Tensor<float> weight = Tensor.Create([1f, 2, 3e30f, 4], [2, 2]);
        ArgumentException thrown = Assert.Throws<ArgumentException>("norm", () => BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, weight));
        Assert.Contains("larger than a Single holds", thrown.Message, StringComparison.Ordinal);
        Tensor<float> small = Tensor.Create([1f, 2, 3, 4], [2, 2]);
        Assert.Throws<ArgumentException>("norm", () => BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, small, Tensor.Create([1f, 1e30f], [2])));
        Assert.Equal(3e15f, BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, small).Weight[1, 0], 1e9f);
    }

    [Fact]
    public void Fold_NaNInTheLayer_StaysWhereItIs()
    {
        FoldingCase<float> problem = new(new(FoldableLayer.Linear), 3, 4, [], normAfter: true);
        problem.Weight[5] = float.NaN;
        float[] weight = Placing.Logical(problem.FoldIntoPreceding().Weight);
        Assert.Equal([5], Enumerable.Range(0, weight.Length).Where(i => float.IsNaN(weight[i])));
    }

    [Fact]
    public void Fold_WeightThatNoArrayHolds_IsRefused()
    {
        Tensor<double> weight = Tensor.Create([1.5], [6, 1 << 20, 1 << 20], [0, 0, 0]);
        Assert.Throws<ArgumentException>("weight", () => BatchNormFolding.FoldIntoPreceding(Six, FoldableLayer.Convolution, weight));
    }

    private static Tensor<double> Weight(int[] shape) => Tensor.Create(
        Inputs<double>.Normal(new(3), shape.Aggregate(1, (a, b) => a * b)), [.. shape.Select(n => (nint)n)]);

    [Fact]
    public void Fold_FrozenNorm_IsThatOfTheNormThatWasFrozen()
    {
        FoldingCase<double> problem = new(new(FoldableLayer.Linear), 5, 5, [], normAfter: true);
        FrozenBatchNorm<double> frozen = FrozenBatchNorm<double>.From(problem.Norm);
        FoldedLayer<double> before = BatchNormFolding.FoldIntoPreceding(problem.Norm, FoldableLayer.Linear, problem.WeightTensor);
        FoldedLayer<double> ofFrozen = BatchNormFolding.FoldIntoPreceding(frozen, FoldableLayer.Linear, problem.WeightTensor);
        Closeness.SameBits<double>(Placing.Logical(before.Weight), Placing.Logical(ofFrozen.Weight), "weight");
        Closeness.SameBits<double>(Placing.Logical(before.Bias), Placing.Logical(ofFrozen.Bias), "bias");
        FoldedLayer<double> after = BatchNormFolding.FoldIntoFollowing(problem.Norm, FoldableLayer.Linear, problem.WeightTensor);
        Closeness.SameBits<double>(
            Placing.Logical(after.Bias), Placing.Logical(BatchNormFolding.FoldIntoFollowing(frozen, FoldableLayer.Linear, problem.WeightTensor).Bias), "bias after");
    }

    [Fact]
    public void Fold_NormWithAnActivation_IsRefused()
    {
        BatchNorm<double> norm = new(6) { Activation = Activation.Silu };
        Tensor<double> weight = Tensor.Create<double>([.. Enumerable.Range(1, 36).Select(i => (double)i)], [6, 6]);
        ArgumentException before = Assert.Throws<ArgumentException>(() => BatchNormFolding.FoldIntoPreceding(norm, FoldableLayer.Linear, weight));
        ArgumentException after = Assert.Throws<ArgumentException>(() => BatchNormFolding.FoldIntoFollowing(norm, FoldableLayer.Linear, weight));
        Assert.Contains("followed by Silu", before.Message, StringComparison.Ordinal);
        Assert.Contains("followed by Silu", after.Message, StringComparison.Ordinal);
    }
}

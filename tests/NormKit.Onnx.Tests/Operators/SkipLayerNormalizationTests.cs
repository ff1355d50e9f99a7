using System.Numerics.Tensors;
using CsCheck;
using NormKit.Tests.Reference;

namespace NormKit.Onnx.Tests;

/// <summary>
/// ONNX Runtime's own SkipLayerNormalization and SkipSimplifiedLayerNormalization: (batch, sequence, hidden), a residual of the same shape or of (sequence, hidden), a
/// bias that is added to both, and the sum as a fourth output. ForwardAdd of LayerNorm and RmsNorm is one call of it.
/// </summary>
public class SkipLayerNormalizationTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, float, bool, bool)> Cases = Gen.Select(Shape.OfRank(3, 3, longest: 9), Data.Usual, Data.Epsilon, Gen.Bool, Gen.Bool);

    [Fact]
    public void SkipLayerNormalization_RandomShapes_IsLayerNormForwardAdd() => Cases.Sample((shape, data, epsilon, broadcast, withBias) =>
        Check(shape, data, epsilon, broadcast, withBias, new LayerNorm<float>((int)shape.Lengths[2], epsilon), "SkipLayerNormalization"), iter: 300);

    [Fact]
    public void SkipSimplifiedLayerNormalization_RandomShapes_IsRmsNormForwardAdd() => Cases.Sample((shape, data, epsilon, broadcast, withBias) =>
        Check(shape, data, epsilon, broadcast, withBias, new RmsNorm<float>((int)shape.Lengths[2], epsilon), "SkipSimplifiedLayerNormalization"), iter: 300);

    /// <summary>Other readers of these models take 1e-5 for an epsilon that is not given; ONNX Runtime takes 1e-12.</summary>
    [Theory]
    [InlineData("SkipLayerNormalization")]
    [InlineData("SkipSimplifiedLayerNormalization")]
    public void SkipLayerNormalization_NoEpsilon_Is1e12(string type)
    {
        float[] x = [1e-4f, -2e-4f, 3e-4f], zeros = [0, 0, 0], ones = [1, 1, 1];
        float[] theirs = new OnnxNode(type, 1, OnnxNode.Microsoft).Input(x, 1, 1, 3).Input(zeros, 1, 1, 3).Input(ones, 3).Run<float>();
        bool centered = type == "SkipLayerNormalization";
        RowNormLayer<float> layer = centered ? new LayerNorm<float>(3, 1e-12) : new RmsNorm<float>(3, 1e-12);
        Answer formula = Formula.Own(Data.Doubles(x), _ => 0, 1e-12, centered: centered);
        float[] ours = Layers.Values(layer.ForwardAdd<float>(Tensor.Create(x, [1, 1, 3]), Tensor.Create(zeros, [1, 1, 3])).Output);
        ThreeWay.Agree(ours, theirs, formula, Allowed.Linear<float>(formula), type);
        Assert.True(Formula.Own(Data.Doubles(x), _ => 0, 1e-5, centered: centered).ErrorOf(theirs) > 0.1);
    }

    private static void Check(Shape shape, Data data, float epsilon, bool broadcast, bool withBias, RowNormLayer<float> layer, string type)
    {
        bool centered = layer is LayerNorm<float>;
        int width = (int)shape.Lengths[2];
        nint[] residualShape = broadcast ? shape.Lengths[1..] : shape.Lengths;
        float[] x = data.Input<float>(shape.Count), residual = data.Values<float>(5, Shape.Product(residualShape), 0, data.Scale);
        float[] gamma = data.Weight<float>(width), beta = data.Bias<float>(width);
        float[]? bias = withBias ? data.Values<float>(6, width, 0, data.Scale) : null;
        OnnxNode node = new OnnxNode(type, 1, OnnxNode.Microsoft).With("epsilon", epsilon)
            .Input(x, shape.Lengths).Input(residual, residualShape).Input(gamma, width);
        OnnxTensor[] theirs = (centered ? node.Input(beta, width) : node).Optional(bias, width).Run(true, false, false, true);

        layer.Load(gamma, centered ? beta : null);
        Tensor<float> input = Tensor.Create(x, shape.Lengths), skip = Tensor.Create(residual, residualShape);
        (Tensor<float> output, Tensor<float> sum) = bias is null
            ? layer.ForwardAdd<float>(input, skip)
            : layer.ForwardAdd<float>(input, skip, saved: null, addedBias: Tensor.Create(bias, [width]));

        string what = $"{type} {shape} {data} epsilon {epsilon} broadcast {broadcast} bias {withBias}";
        // From each side's own sum, which the order of additions may round differently.
        double[] exact = [.. x.Select((v, i) => (double)v + residual[i % residual.Length] + (bias?[i % width] ?? 0))];
        double largest = exact.Max(Math.Abs) + data.Scale;
        float[] ourSum = Layers.Values(sum), theirSum = theirs[1].As<float>();
        Assert.InRange(Answer.Error(ourSum, exact, largest), 0, Tolerances.ForwardFloat);
        Assert.InRange(Answer.Error(theirSum, exact, largest), 0, Tolerances.ForwardFloat);
        Answer ours = Of(ourSum), formula = Of(theirSum);
        Assert.InRange(ours.ErrorOf(Layers.Values(output)), 0, Tolerances.ForwardFloat);
        double allowed = Allowed.Linear<float>(formula);
        Assert.True(allowed >= Allowed.NoClaim || formula.ErrorOf(theirs[0].As<float>()) <= allowed, $"{what}: {formula.ErrorOf(theirs[0].As<float>()):g3}, allowed {allowed:g3}");

        Answer Of(float[] values) => Formula.Own(Data.Doubles(values), i => i / width, epsilon, i => gamma[i % width], centered ? i => beta[i % width] : null, centered);
    }
}

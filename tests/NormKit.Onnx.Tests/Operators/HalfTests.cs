using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>
/// float16 input and parameters. NormKit takes the input as Half into a layer of float and rounds once; ONNX Runtime computes in float too, and the operators that the
/// standard lets round between the stages do not.
/// </summary>
public class HalfTests : OnnxRuntimeTests
{
    // Within what a Half holds, and where an epsilon is not lost.
    private static readonly Gen<(Shape, Data, float)> Cases = Gen.Select(
        Shape.OfRank(3, 4), Gen.Select(Gen.Int[0, 1_000_000], Gen.OneOf(0.0, 0.5, -3), Gen.OneOf(0.1, 1.0, 50), (seed, offset, scale) => new Data(seed, offset * scale, scale)),
        Gen.OneOf(1e-5f, 1e-3f)).Where((shape, _, _) => shape.S > 1);

    [Fact]
    public void BatchNormalization_Halves_AreBatchNormOfHalves() => Cases.Sample((shape, data, epsilon) =>
    {
        Half[] mean = data.Values<Half>(3, shape.C, data.Offset, data.Scale), variance = [.. data.Values<Half>(4, shape.C, 1, 0.2).Select(v => (Half)((float)v * (float)v))];
        BatchNorm<float> layer = new(shape.C, epsilon);
        Layers.Fill(layer.RunningMean!, Floats(mean));
        Layers.Fill(layer.RunningVar!, Floats(variance));
        layer.Eval();
        Check(
            new OnnxNode("BatchNormalization", 15), layer, shape, shape.C, data, epsilon, node => node.Input(mean, shape.C).Input(variance, shape.C),
            (x, w, b) => Formula.Given(x, shape.Channel, epsilon, Data.Doubles(mean), Data.Doubles(variance), i => w[shape.Channel(i)], i => b[shape.Channel(i)]));
    }, iter: 100);

    [Fact]
    public void InstanceNormalization_Halves_AreInstanceNormOfHalves() => Cases.Sample((shape, data, epsilon) => Check(
        new OnnxNode("InstanceNormalization", 22), new InstanceNorm<float>(shape.C, epsilon, affine: true), shape, shape.C, data, epsilon, node => node,
        (x, w, b) => Formula.Own(x, i => i / shape.S, epsilon, i => w[shape.Channel(i)], i => b[shape.Channel(i)])), iter: 100);

    [Fact]
    public void LayerNormalization_Halves_AreLayerNormOfHalves() => Cases.Sample((shape, data, epsilon) =>
    {
        int width = (int)shape.Lengths[^1];
        Check(
            new OnnxNode("LayerNormalization", 17), new LayerNorm<float>(width, epsilon), shape, width, data, epsilon, node => node,
            (x, w, b) => Formula.Own(x, i => i / width, epsilon, i => w[i % width], i => b[i % width]));
    }, iter: 100);

    [Fact]
    public void GroupNormalization_Halves_AreGroupNormOfHalves() => Cases.Sample((shape, data, epsilon) => Check(
        new OnnxNode("GroupNormalization", 21).With("num_groups", 1), new GroupNorm<float>(1, shape.C, epsilon), shape, shape.C, data, epsilon, node => node,
        (x, w, b) => Formula.Own(x, shape.Sample, epsilon, i => w[shape.Channel(i)], i => b[shape.Channel(i)])), iter: 100);

    [Fact]
    public void RmsNormalization_Halves_AreRmsNormOfHalves() => Cases.Sample((shape, data, epsilon) =>
    {
        int width = (int)shape.Lengths[^1];
        Check(
            new OnnxNode("RMSNormalization", 23), new RmsNorm<float>(width, epsilon), shape, width, data, epsilon, node => node,
            (x, w, b) => Formula.Own(x, i => i / width, epsilon, i => w[i % width], centered: false));
    }, iter: 100);

    private static void Check(
        OnnxNode node, NormLayer<float> layer, Shape shape, int parameters, Data data, float epsilon, Func<OnnxNode, OnnxNode> rest, Func<double[], double[], double[], Answer> formula)
    {
        Half[] x = data.Input<Half>(shape.Count), weight = data.Weight<Half>(parameters), bias = data.Bias<Half>(parameters), ours = new Half[x.Length];
        OnnxNode given = node.With("epsilon", epsilon).Input(x, shape.Lengths).Input(weight, parameters);
        Half[] theirs = rest(layer.Bias is null ? given : given.Input(bias, parameters)).Run<Half>();
        layer.Load(Floats(weight), layer.Bias is null ? null : Floats(bias));
        layer.Forward<Half>(x, shape.Lengths, ours);
        Answer answer = formula(Data.Doubles(x), Data.Doubles(weight), Data.Doubles(bias));
        ThreeWay.Agree(ours, theirs, answer, Allowed.Linear<Half>(answer) / 8, $"{node.Operator} {shape} {data} epsilon {epsilon}");
    }

    private static float[] Floats(Half[] values) => Array.ConvertAll(values, v => (float)v);
}

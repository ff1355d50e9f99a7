using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Layers that must be each other by the meaning of their formulas, whatever the numbers.</summary>
public class FamilyIdentityTests
{
    private static readonly nint[] Shape = [4, 10, 7, 11];
    private const int Elements = 3080;

    [Theory, CombinatorialNorms]
    public void LayerNormOverChannels_IsLayerNormOfThePermuted(Placement placement)
    {
        LayerNorm<float> channels = new([10], axes: [1]), last = new(10);
        Draw(channels, last);
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Outcome expected = Run(last, Permuted(x, 0, 2, 3, 1), Permuted(dy, 0, 2, 3, 1));
        Near(new(Permuted(expected.Y, 0, 3, 1, 2), Permuted(expected.Dx, 0, 3, 1, 2)), Run(channels, x, dy));
        NearGradients(last, channels);
    }

    /// <summary>Where the memory is the same, so are the bits: channels-last memory is row-major memory of the permuted.</summary>
    [Fact]
    public void LayerNormOverChannels_OfChannelsLast_HasTheBitsOfThePermuted()
    {
        LayerNorm<float> channels = new([10], axes: [1]), last = new(10);
        Draw(channels, last);
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, Placement.ChannelsLast);
        Closeness.SameBits<float>(
            Placing.Logical(Permuted(last.Forward(Permuted(x, 0, 2, 3, 1)), 0, 3, 1, 2)), Placing.Logical(channels.Forward(x)), "y");
    }

    [Theory, CombinatorialNorms]
    public void LayerNormOverSomeAxes_IsLayerNormOfThePermuted(Placement placement)
    {
        LayerNorm<float> axes = new([4, 7], axes: [0, 2]), last = new([4, 7]);
        Draw(axes, last);
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Outcome expected = Run(last, Permuted(x, 1, 3, 0, 2), Permuted(dy, 1, 3, 0, 2));
        Near(new(Permuted(expected.Y, 2, 0, 3, 1), Permuted(expected.Dx, 2, 0, 3, 1)), Run(axes, x, dy));
        NearGradients(last, axes);
    }

    [Fact]
    public void RmsNorm_OfRowsOfMeanZero_IsLayerNorm()
    {
        float[] half = Inputs<float>.Normal(new(1), 6 * 37), x = new float[6 * 74];
        for (int i = 0; i < half.Length; i++)
            (x[(i / 37 * 74) + (i % 37)], x[(i / 37 * 74) + 37 + (i % 37)]) = (half[i], -half[i]);
        RmsNorm<float> rms = new(74, eps: 1e-3);
        LayerNorm<float> layer = new(74, eps: 1e-3, bias: false);
        Draw(layer, rms);
        Tensor<float> input = Tensor.Create(x, [6, 74]);
        Near(Placing.Logical(layer.Forward(input)), rms.Forward(input), Tolerances.ForwardFloat, "y");
    }

    [Theory, CombinatorialNorms]
    public void UnitOffset_OfAWeightLessOne_IsThatWeight(Placement placement)
    {
        LayerNorm<float> layer = new(11), offset = new(11, unitOffset: true);
        RmsNorm<float> rms = new(11), rmsOffset = new(11, unitOffset: true);
        foreach ((NormLayer<float> plain, NormLayer<float> less) in ((NormLayer<float>, NormLayer<float>)[])[(layer, offset), (rms, rmsOffset)])
        {
            Assert.All(Placing.Logical(less.Weight!.Value), w => Assert.Equal(0, w));
            Draw(plain, less);
            Load(less.Weight!, [.. Placing.Logical(plain.Weight!.Value).Select(w => w - 1)]);
            Alike(plain, less, placement);
        }
    }

    [Theory, CombinatorialNorms]
    public void Activation_AfterBatchNorm_IsTheSameInOnePass(Placement placement)
    {
        BatchNorm<float> plain = new(10), relu = new(10) { Activation = Activation.Relu };
        Draw(plain, relu);
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement);
        Closeness.SameBits<float>([.. Placing.Logical(plain.Forward(x)).Select(v => v > 0 ? v : 0)], Placing.Logical(relu.Forward(x)), "y");
    }

    /// <summary>The sum is rounded to the element type and normalized from there, so both results are those of two steps.</summary>
    [Theory, CombinatorialNorms]
    public void ForwardAdd_IsAddThenNormalize(Placement placement)
    {
        foreach (Func<RowNormLayer<float>> make in (Func<RowNormLayer<float>>[])[() => new LayerNorm<float>([7, 11]), () => new RmsNorm<float>(11), () => new LayerNorm<float>([10], axes: [1])])
        {
            RowNormLayer<float> fused = make(), plain = make();
            Draw(fused, plain);
            float[] x = Values(1, 30), residual = Values(2, -20), dy = Values(3), dSum = Values(4);
            Tensor<float> input = Placing.Place(x, Shape, placement), added = Placing.Place(residual, Shape, placement);
            Tensor<float> sum = Placing.Place([.. x.Zip(residual, (a, b) => a + b)], Shape, placement), gradOutput = Placing.Place(dy, Shape, placement);
            Outcome expected = Run(plain, sum, gradOutput);
            SavedStatistics saved = new();
            (Tensor<float> y, Tensor<float> actualSum) = fused.ForwardAdd<float>(input, added, saved);
            Closeness.SameBits<float>(Placing.Logical(sum), Placing.Logical(actualSum), "sum");
            // Columns, where channels are normalized over, are added up as rows: other bits, the same contract.
            bool rows = fused.Axes.IsEmpty || placement == Placement.ChannelsLast;
            if (rows)
                Closeness.SameBits<float>(Placing.Logical(expected.Y), Placing.Logical(y), "y");
            Near(Placing.Logical(expected.Y), y, Tolerances.ForwardFloat, "y");

            // The gradient that comes back along the sum joins that of the norm.
            float[] dx = Placing.Logical(fused.BackwardAdd<float>(gradOutput, Placing.Place(dSum, Shape, placement), sum, saved));
            Near([.. Placing.Logical(expected.Dx).Zip(dSum, (a, b) => a + b)], dx, Tolerances.InputGradientFloat, "dx");
            NearGradients(plain, fused);
            Near(Placing.Logical(expected.Dx), fused.BackwardAdd<float>(gradOutput, default, sum, saved), Tolerances.InputGradientFloat, "dx alone");

            // Into the memory of each of the inputs.
            for (int which = 0; which < 3; which++)
            {
                Tensor<float>[] inputs = [Placing.Place(dy, Shape, placement), Placing.Place(dSum, Shape, placement), Placing.Place(Placing.Logical(sum), Shape, placement)];
                fused.BackwardAdd<float>(inputs[0], inputs[1], inputs[2], saved, inputs[which]);
                Closeness.SameBits<float>(dx, Placing.Logical(inputs[which]), $"dx in place of input {which}");
            }
            fused.ForwardAdd<float>(input, added, input, added);
            Closeness.SameBits<float>(Placing.Logical(y), Placing.Logical(input), "y in place");
            Closeness.SameBits<float>(Placing.Logical(sum), Placing.Logical(added), "sum in place");
        }
    }

    [Theory, CombinatorialNorms]
    public void ForwardAdd_OfHalf_IsAddThenNormalize(Placement placement)
    {
        LayerNorm<float> layer = new([7, 11]);
        Draw(layer);
        Half[] x = Array.ConvertAll(Values(1, 3), v => (Half)v), residual = Array.ConvertAll(Values(2, -2), v => (Half)v);
        Tensor<Half> sum = Placing.Place([.. x.Zip(residual, (a, b) => (Half)((float)a + (float)b))], Shape, placement);
        (Tensor<Half> y, Tensor<Half> actualSum) = layer.ForwardAdd<Half>(Placing.Place(x, Shape, placement), Placing.Place(residual, Shape, placement));
        Closeness.SameBits<Half>(Placing.Logical(sum), Placing.Logical(actualSum), "sum");
        Closeness.SameBits<Half>(Placing.Logical(layer.Forward<Half>(sum)), Placing.Logical(y), "y");
    }

    /// <summary>A residual of the trailing dimensions, such as a position embedding, and a bias, as ONNX Runtime's SkipLayerNormalization has them.</summary>
    [Fact]
    public void ForwardAdd_OfASmallerResidualAndABias_AddsThemEverywhere()
    {
        LayerNorm<float> layer = new(11);
        Draw(layer);
        float[] x = Values(1), residual = Inputs<float>.Normal(new(2), 770), bias = Inputs<float>.Normal(new(3), 11);
        float[] sum = [.. x.Select((v, i) => v + residual[i % 770] + bias[i % 11])];
        (Tensor<float> y, Tensor<float> actualSum) = layer.ForwardAdd<float>(
            Tensor.Create(x, Shape), Tensor.Create(residual, [10, 7, 11]), addedBias: Tensor.Create(bias));
        Closeness.SameBits<float>(sum, Placing.Logical(actualSum), "sum");
        Closeness.SameBits<float>(Placing.Logical(layer.Forward(Tensor.Create(sum, Shape))), Placing.Logical(y), "y");
        float[] y0 = [.. x];
        Assert.Throws<ArgumentException>(() => layer.ForwardAdd<float>(Tensor.Create(y0, Shape), default));
        Assert.Throws<ArgumentException>(() => layer.ForwardAdd<float>(Tensor.Create(y0, Shape), Tensor.CreateFromShape<float>([4, 10, 7]), Tensor.Create(y0, Shape), Tensor.CreateFromShape<float>(Shape)));
        Assert.Throws<ArgumentException>(() => layer.ForwardAdd<float>(Tensor.Create(y0, Shape), Tensor.Create(x, Shape), Tensor.Create(y0, Shape), Tensor.Create(y0, Shape)));
        Assert.Equal(x, (IEnumerable<float>)y0);
    }

    [Theory, CombinatorialNorms]
    public void GhostBatchNorm_OfOneSplit_IsBatchNorm(Placement placement) => Same(new BatchNorm<float>(10), new GhostBatchNorm<float>(10, numSplits: 1), placement);

    [Theory, CombinatorialNorms]
    public void GhostBatchNorm_OfTwoSplits_IsBatchNormOfEachPart(Placement placement)
    {
        GhostBatchNorm<float> ghost = new(10, numSplits: 2);
        BatchNorm<float> batch = new(10);
        Draw(batch, ghost);
        float[] x = Values(1, 30), dy = Values(2);
        Outcome whole = Run(ghost, Placing.Place(x, Shape, placement), Placing.Place(dy, Shape, placement));
        foreach (Range part in (Range[])[0..(Elements / 2), (Elements / 2)..Elements])
        {
            Tensor<float> xPart = Placing.Place(x.AsSpan(part).ToArray(), [2, 10, 7, 11], placement), dyPart = Placing.Place(dy.AsSpan(part).ToArray(), [2, 10, 7, 11], placement);
            SavedStatistics saved = new();
            Near(Placing.Logical(batch.Forward(xPart, saved)), Placing.Logical(whole.Y).AsSpan(part), Tolerances.ForwardFloat, "y");
            // Gradients of weight and bias add up over the parts.
            Near(Placing.Logical(batch.Backward(dyPart, xPart, saved)), Placing.Logical(whole.Dx).AsSpan(part), Tolerances.InputGradientFloat, "dx");
        }
        NearGradients(batch, ghost);
    }

    [Theory, CombinatorialNorms]
    public void GhostBatchNorm_OfASplitASample_IsInstanceNorm(Placement placement)
    {
        GhostBatchNorm<float> ghost = new(10, numSplits: 4);
        InstanceNorm<float> instance = new(10, affine: true);
        Draw(instance, ghost);
        Alike(instance, ghost, placement);
    }

    [Theory, CombinatorialNorms]
    public void FrozenBatchNorm_IsBatchNormInEvaluation(Placement placement)
    {
        BatchNorm<float> batch = new(10);
        FrozenBatchNorm<float> frozen = new(10);
        Draw(batch, frozen);
        batch.Eval();
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Outcome expected = Run(batch, x, dy), actual = Run(frozen, x, dy);
        Closeness.SameBits<float>(Placing.Logical(expected.Y), Placing.Logical(actual.Y), "y");
        Closeness.SameBits<float>(Placing.Logical(expected.Dx), Placing.Logical(actual.Dx), "dx");
        // A second call gives the same: it rewrites nothing of its own.
        Closeness.SameBits<float>(Placing.Logical(expected.Y), Placing.Logical(frozen.Forward(x)), "y again");
    }

    [Fact]
    public void AdaptiveLayerNorm_OfOneScaleForAll_IsLayerNormWithWeight()
    {
        LayerNorm<float> layer = new(11);
        Draw(layer);
        float[] scale = [.. Placing.Logical(layer.Weight!.Value).Select(w => w - 1)], shift = Placing.Logical(layer.Bias!.Value);
        Tensor<float> x = Tensor.Create(Values(1, 30), Shape);
        Tensor<float> scales = Tensor.Create([.. Enumerable.Repeat(scale, 4).SelectMany(s => s)], [4, 11]), shifts = Tensor.Create([.. Enumerable.Repeat(shift, 4).SelectMany(s => s)], [4, 11]);
        Near(Placing.Logical(layer.Forward(x)), new AdaptiveLayerNorm<float>(11).Forward(x, scales, shifts), Tolerances.ForwardFloat, "y");
    }

    [Theory, CombinatorialNorms]
    public void QueryKeyNorm_OfEqualHeads_IsRmsNorm(Placement placement)
    {
        RmsNorm<float> rms = new(11);
        QueryKeyNorm<float> heads = new(10, 11);
        Draw(rms, heads);
        Load(heads.Weight!, [.. Enumerable.Repeat(Placing.Logical(rms.Weight!.Value), 10).SelectMany(w => w)]);
        Tensor<float> x = Placing.Place(Values(1), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Near(Run(rms, x, dy), Run(heads, x, dy));
        double[] sums = [.. Enumerable.Range(0, 11).Select(d => Enumerable.Range(0, 10).Sum(h => (double)heads.Weight!.Grad[h, d]))];
        Closeness.Near<float>(Placing.Logical(rms.Weight.Grad), sums, 2 * Tolerances.ParameterGradientFloat, "dweight");
    }

    [Theory, CombinatorialNorms]
    public void LocalResponseNorm_OfSizeOne_IsAMapOfEachElement(Placement placement)
    {
        float[] x = Values(1);
        double[] expected = [.. x.Select(v => v / Math.Pow(2 + (0.3 * v * v), 0.75))];
        foreach (LrnWindow window in Enum.GetValues<LrnWindow>())
            Closeness.Near<float>(Placing.Logical(new LocalResponseNorm<float>(1, 0.3, 0.75, 2, window).Forward(Placing.Place(x, Shape, placement))), expected, Tolerances.ForwardFloat, "y");
    }

    /// <summary>An even window of ONNX is PyTorch's of the channels in reverse.</summary>
    [Theory, WithEach(2, 4, 6)]
    public void LocalResponseNorm_OfOnnxWindow_IsPyTorchsOfReversedChannels(int size)
    {
        float[] x = Values(1), reversed = Reversed(x);
        float[] onnx = Placing.Logical(new LocalResponseNorm<float>(size, 0.3, 0.75, 2, LrnWindow.OnnxLrn).Forward(Tensor.Create(x, Shape)));
        float[] torch = Placing.Logical(new LocalResponseNorm<float>(size, 0.3, 0.75, 2).Forward(Tensor.Create(reversed, Shape)));
        Closeness.Near<float>(onnx, Inputs<float>.Doubles(Reversed(torch)), 2 * Tolerances.ForwardFloat, "y");

        static float[] Reversed(float[] values) => [.. values.Select((_, i) => values[(i / 770 * 770) + ((9 - (i / 77 % 10)) * 77) + (i % 77)])];
    }

    [Theory, CombinatorialNorms]
    public void FilterResponseNorm_WithoutThreshold_IsRmsNormOverPositions(Placement placement) => Alike(
        new RmsNorm<float>([7, 11], eps: 1e-6, elementwiseAffine: false), new FilterResponseNorm<float>(10, threshold: false), placement);

    /// <summary>A threshold of 0 is ReLU.</summary>
    [Theory, CombinatorialNorms]
    public void FilterResponseNorm_WithThresholdZero_IsItsReluOfNone(Placement placement)
    {
        Tensor<float> x = Placing.Place(Values(1), Shape, placement);
        float[] plain = Placing.Logical(new FilterResponseNorm<float>(10, threshold: false).Forward(x));
        Closeness.SameBits<float>([.. plain.Select(v => v > 0 ? v : 0)], Placing.Logical(new FilterResponseNorm<float>(10).Forward(x)), "y");
    }

    [Theory, CombinatorialNorms]
    public void AdaptiveInstanceNorm_OfContentAsStyle_IsTheContent(Placement placement)
    {
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement);
        Near(Placing.Logical(x), new AdaptiveInstanceNorm<float>().Forward<float>(x, x), Tolerances.ForwardFloat, "y");
    }

    [Fact]
    public void GlobalResponseNorm_AtTheStart_IsItsInput()
    {
        Tensor<float> x = Tensor.Create(Values(1), Shape);
        Closeness.SameBits<float>(Placing.Logical(x), Placing.Logical(new GlobalResponseNorm<float>(10).Forward(x)), "y");
    }

    [Theory, CombinatorialNorms]
    public void SwitchableNorm_OfOneKind_IsThatNorm(Placement placement)
    {
        NormLayer<float>[] kinds = [new InstanceNorm<float>(10, affine: true), new GroupNorm<float>(1, 10), new BatchNorm<float>(10)];
        for (int kind = 0; kind < 3; kind++)
        {
            SwitchableNorm<float> mixed = new(10);
            Draw(mixed, kinds[kind]);
            // Softmax of this is 1 and twice 0, to the bit.
            float[] one = [-1000, -1000, -1000];
            one[kind] = 0;
            foreach (string key in (string[])["mean_weight", "var_weight"])
                Load(mixed.NamedParameters.Single(p => p.Name == key).Parameter, one);
            Alike(kinds[kind], mixed, placement);
        }
    }

    [Theory, CombinatorialNorms]
    public void BatchRenorm_WithoutRoom_IsBatchNorm(Placement placement)
    {
        BatchNorm<float> batch = new(10);
        BatchRenorm<float> renorm = new(10, rMax: 1, dMax: 0);
        Draw(batch, renorm);
        Alike(batch, renorm, placement);
        foreach ((StateEntry<float> expected, StateEntry<float> actual) in batch.State.Zip(renorm.State).Where(e => e.First.Kind == StateKind.Buffer))
            Closeness.Near<float>(Placing.Logical(actual.Value!), Inputs<float>.Doubles(Placing.Logical(expected.Value!)), 2 * Tolerances.RunningFloat, expected.Key);
    }

    /// <summary>Where no bound holds back, training gives what evaluation gives.</summary>
    [Fact]
    public void BatchRenorm_WithAllRoom_IsBatchNormInEvaluation()
    {
        BatchNorm<float> batch = new(10);
        BatchRenorm<float> renorm = new(10, rMax: 1e6, dMax: 1e6);
        Draw(batch, renorm);
        batch.Eval();
        Tensor<float> x = Tensor.Create(Values(1), Shape);
        Near(Placing.Logical(batch.Forward(x)), renorm.Forward(x), Tolerances.ForwardFloat, "y");
    }

    [Theory, CombinatorialNorms]
    public void LpNormalizeOfTwo_TimesG_IsScaleNorm(Placement placement)
    {
        ScaleNorm<float> scale = new(11);
        Assert.Equal(Math.Sqrt(11), scale.Weight!.Value[0], 1e-6);
        Draw(scale);
        Tensor<float> x = Placing.Place(Values(1), Shape, placement);
        float g = scale.Weight.Value[0];
        float[] unit = Placing.Logical(new LpNormalize<float>(2, dim: 3, eps: 1e-5).Forward(x));
        Near([.. unit.Select(v => v * g)], scale.Forward(x), Tolerances.ForwardFloat, "y");
    }

    [Theory, CombinatorialNorms]
    public void CosineSimilarity_IsTheDotProductOfTheNormalized(Placement placement)
    {
        Tensor<float> x1 = Placing.Place(Values(1), Shape, placement), x2 = Placing.Place(Values(2), Shape, placement);
        LpNormalize<float> unit = new(2, dim: 1, eps: 1e-8);
        float[] a = Placing.Logical(unit.Forward(x1)), b = Placing.Logical(unit.Forward(x2));
        double[] dots = new double[4 * 77];
        for (int i = 0; i < Elements; i++)
            dots[(i / 770 * 77) + (i % 77)] += (double)a[i] * b[i];
        CosineSimilarity cosine = new(dim: 1);
        Closeness.Near<float>(Placing.Logical(cosine.Forward<float>(x1, x2)), dots, 3 * Tolerances.ForwardFloat, "y");
        Assert.All(Placing.Logical(cosine.Forward<float>(x1, x1)), y => Assert.Equal(1, y, 1e-6));
    }

    /// <summary>Slices of a weight, normalized and each multiplied by its magnitude.</summary>
    [Fact]
    public void WeightNorm_IsLpNormalizeTimesTheMagnitude()
    {
        float[] weight = Inputs<float>.Normal(new(1), 385), g = Inputs<float>.Normal(new(2), 7);
        WeightNorm<float> norm = new(Tensor.Create(weight, [7, 55]));
        Tensor.Create(g, [7, 1]).CopyTo(norm.Magnitude.Value);
        float[] unit = Placing.Logical(new LpNormalize<float>(2, dim: 1).Forward(Tensor.Create(weight, [7, 55])));
        Near([.. unit.Select((v, i) => v * g[i / 55])], norm.Forward(), Tolerances.ForwardFloat, "weight");
    }

    private static void Same(NormLayer<float> expected, NormLayer<float> actual, Placement placement)
    {
        Draw(expected, actual);
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Outcome wanted = Run(expected, x, dy), got = Run(actual, x, dy);
        Closeness.SameBits<float>(Placing.Logical(wanted.Y), Placing.Logical(got.Y), "y");
        Closeness.SameBits<float>(Placing.Logical(wanted.Dx), Placing.Logical(got.Dx), "dx");
        foreach ((StateEntry<float> a, StateEntry<float> b) in expected.State.Zip(actual.State))
        {
            Assert.Equal((a.Key, a.Kind), (b.Key, b.Kind));
            if (a.Kind == StateKind.Counter)
                Assert.Equal(a.Count, b.Count);
            else
                Closeness.SameBits<float>(Placing.Logical(a.Value!), Placing.Logical(b.Value!), a.Key);
            if (a.Parameter is not null)
                Closeness.SameBits<float>(Placing.Logical(a.Parameter.Grad), Placing.Logical(b.Parameter!.Grad), $"gradient of {a.Key}");
        }
    }

    private static void Alike(NormLayer<float> expected, NormLayer<float> actual, Placement placement)
    {
        Tensor<float> x = Placing.Place(Values(1, 30), Shape, placement), dy = Placing.Place(Values(2), Shape, placement);
        Near(Run(expected, x, dy), Run(actual, x, dy));
        NearGradients(expected, actual);
    }

    private readonly record struct Outcome(Tensor<float> Y, Tensor<float> Dx);

    private static Outcome Run(NormLayer<float> layer, Tensor<float> x, Tensor<float> dy)
    {
        SavedStatistics saved = new();
        Tensor<float> y = layer.Forward(x, saved);
        return new(y, layer.Backward(dy, x, saved));
    }

    /// <summary>Each is within the contract of the truth, so they are within twice that of each other.</summary>
    private static void Near(float[] expected, ReadOnlySpan<float> actual, double tolerance, string what) =>
        Closeness.Near(actual, Inputs<float>.Doubles(expected), 2 * tolerance, what);

    private static void Near(float[] expected, Tensor<float> actual, double tolerance, string what) => Near(expected, Placing.Logical(actual), tolerance, what);

    private static void Near(Outcome expected, Outcome actual)
    {
        Near(Placing.Logical(expected.Y), actual.Y, Tolerances.ForwardFloat, "y");
        Near(Placing.Logical(expected.Dx), actual.Dx, Tolerances.InputGradientFloat, "dx");
    }

    private static void NearGradients(NormLayer<float> expected, NormLayer<float> actual)
    {
        foreach ((string key, Parameter<float> parameter) in expected.NamedParameters)
        {
            Parameter<float> other = actual.NamedParameters.Single(p => p.Name == key).Parameter;
            Near(Placing.Logical(parameter.Grad), other.Grad, Tolerances.ParameterGradientFloat, $"gradient of {key}");
        }
    }

    /// <summary>Gives layers the same parameters and buffers, where they have the same names.</summary>
    private static void Draw(params NormLayer<float>[] layers)
    {
        foreach (StateEntry<float> entry in layers.SelectMany(l => l.State).Where(e => e.Kind != StateKind.Counter))
        {
            float[] values = Inputs<float>.Normal(new(entry.Key.Length), (int)entry.Value!.FlattenedLength, 0.5, 1);
            Load(entry.Value, entry.Key == "running_var" ? [.. values.Select(v => 0.5f + (v * v))] : values);
        }
    }

    private static void Load(Parameter<float> parameter, float[] values) => Load(parameter.Value, values);

    private static void Load(Tensor<float> tensor, float[] values) => values.CopyTo(tensor.GetSpan([.. Enumerable.Repeat((nint)0, tensor.Rank)], values.Length));

    private static float[] Values(int seed, double offset = 0) => Inputs<float>.Normal(new(seed), Elements, 1, offset);

    /// <summary>A row-major copy with other dimensions first.</summary>
    private static Tensor<float> Permuted(Tensor<float> tensor, params int[] dimensions)
    {
        Tensor<float> moved = tensor.PermuteDimensions(dimensions);
        return Tensor.Create(Placing.Logical(moved), moved.Lengths);
    }
}

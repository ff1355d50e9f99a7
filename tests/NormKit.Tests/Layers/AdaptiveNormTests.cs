using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Layer norm and RMS norm whose scale and shift come with the call, one pair a sample.</summary>
public class AdaptiveNormTests
{
    private static readonly nint[] Shape = [4, 5, 37];

    [Theory, WithEach(0, 100)]
    public void Pass_InFloatAndDouble_MatchesFormula(Placement placement, int offset)
    {
        foreach (bool rms in (bool[])[false, true])
        {
            MatchesFormula<float>(rms, Shape, 1, placement, offset);
            MatchesFormula<double>(rms, Shape, 1, placement, offset);
            MatchesFormula<float>(rms, [3, 2, 5, 7, 11], 2, placement, offset);
            MatchesFormula<float>(rms, [4, 37], 1, placement, offset);
            MatchesFormula<float>(rms, [1, 5, 37], 1, placement, offset);
        }
    }

    private static void MatchesFormula<T>(bool rms, nint[] shape, int normalized, Placement placement, double offset) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (shape.Length < 3 && placement == Placement.ChannelsLast)
            return;
        Random random = new(3);
        nint[] row = shape[^normalized..], ofScale = [shape[0], .. row];
        T[] x = Draw(shape, 1, offset), dy = Draw(shape, 1, 0.25), scale = Draw(ofScale, 0.5, 0), shift = Draw(ofScale, 0.5, 0);
        Gradients expected = Gradients.By(v => Formula(v, rms, shape, normalized), Inputs<T>.Doubles(dy)!, Inputs<T>.Doubles(x)!, Inputs<T>.Doubles(scale)!, Inputs<T>.Doubles(shift)!);
        AdaptiveRowNorm<T> layer = Make<T>(rms, row);
        Tensor<T> input = Placing.Place(x, shape, placement), scales = Placing.Place(scale, ofScale, Placement.Contiguous), shifts = Placing.Place(shift, ofScale, Placement.Contiguous);
        T[][]? first = null;
        foreach (int threads in (int[])[1, 3])
        {
            layer.MaxDegreeOfParallelism = threads;
            SavedStatistics saved = new();
            Tensor<T> y = layer.Forward(input, scales, shifts, saved);
            (Tensor<T> dx, Tensor<T> dScale, Tensor<T> dShift) = layer.Backward(Placing.Place(dy, shape, placement), input, scales, saved);
            string what = $"rms {rms}, [{string.Join(", ", shape)}], {placement}, offset {offset}:";
            Assert.Equal(ofScale, dScale.Lengths.ToArray());
            Closeness.Near<T>(Placing.Logical(y), expected.Y, Tolerances.Forward<T>(), $"{what} y");
            Closeness.Near<T>(Placing.Logical(dx), expected.Of[0], Tolerances.InputGradient<T>(), $"{what} dx");
            Closeness.Near<T>(Placing.Logical(dScale), expected.Of[1], Tolerances.ParameterGradient<T>(), $"{what} dscale");
            Closeness.Near<T>(Placing.Logical(dShift), expected.Of[2], Tolerances.ParameterGradient<T>(), $"{what} dshift");
            T[][] all = [Placing.Logical(y), Placing.Logical(dx), Placing.Logical(dScale), Placing.Logical(dShift)];
            Assert.Equal(first ??= all, all);

            Tensor<T> into = Placing.Place(x, shape, placement);
            layer.Forward<T>(into, scales, shifts, into);
            Closeness.SameBits<T>(Placing.Logical(y), Placing.Logical(into), $"{what} in place");
        }

        T[] Draw(nint[] lengths, double spread, double mean) => Inputs<T>.Normal(random, (int)lengths.Aggregate((a, b) => a * b), spread, mean);
    }

    [Fact]
    public void Forward_WithoutScaleOrShift_TakesZeros()
    {
        float[] x = Inputs<float>.Normal(new(1), 740, 1, 7), scale = Inputs<float>.Normal(new(2), 148);
        Tensor<float> input = Tensor.Create(x, Shape), zeros = Tensor.CreateFromShape<float>([4, 37]), scales = Tensor.Create(scale, [4, 37]);
        foreach (bool rms in (bool[])[false, true])
        {
            AdaptiveRowNorm<float> layer = Make<float>(rms, [37]);
            NormLayer<float> plain = rms ? new RmsNorm<float>(37, 1e-4, elementwiseAffine: false) : new LayerNorm<float>(37, 1e-4, elementwiseAffine: false);
            Closeness.Near<float>(Placing.Logical(layer.Forward(input, default)), Inputs<float>.Doubles(Placing.Logical(plain.Forward(input)))!, 2 * Tolerances.ForwardFloat, "y");
            Closeness.SameBits<float>(Placing.Logical(layer.Forward(input, scales, zeros)), Placing.Logical(layer.Forward(input, scales)), "without shift");
        }
    }

    [Fact]
    public void Pass_OfSixteenBits_IsAStepFromTheRoundedFormula()
    {
        IsAStepAway<Half>(SixteenBitFormat.Half);
        IsAStepAway<BFloat16>(SixteenBitFormat.BFloat16);
    }

    private static void IsAStepAway<TInput>(SixteenBitFormat format) where TInput : unmanaged
    {
        double[] x = Rounded(1, 5), dy = Rounded(2, 0.25);
        float[] scale = Inputs<float>.Normal(new(3), 148, 0.5), shift = Inputs<float>.Normal(new(4), 148, 0.5);
        foreach (bool rms in (bool[])[false, true])
        {
            Gradients expected = Gradients.By(v => Formula(v, rms, Shape, 1), dy, x, Inputs<float>.Doubles(scale)!, Inputs<float>.Doubles(shift)!);
            AdaptiveRowNorm<float> layer = Make<float>(rms, [37]);
            SavedStatistics saved = new();
            Tensor<TInput> input = Tensor.Create(Narrow(x), Shape);
            Tensor<TInput> y = layer.Forward<TInput>(input, Tensor.Create(scale, [4, 37]), Tensor.Create(shift, [4, 37]), saved);
            (Tensor<TInput> dx, Tensor<float> dScale, Tensor<float> dShift) = layer.Backward<TInput>(Tensor.Create(Narrow(dy), Shape), input, Tensor.Create(scale, [4, 37]), saved);
            SixteenBits.AreAStepAway(y, expected.Y, format, Tolerances.ForwardFloat, "y");
            SixteenBits.AreAStepAway(dx, expected.Of[0], format, Tolerances.InputGradientFloat, "dx");
            Closeness.Near<float>(Placing.Logical(dScale), expected.Of[1], Tolerances.ParameterGradientFloat, "dscale");
            Closeness.Near<float>(Placing.Logical(dShift), expected.Of[2], Tolerances.ParameterGradientFloat, "dshift");
        }

        double[] Rounded(int seed, double offset) => [.. Inputs<double>.Normal(new(seed), 740, 1, offset).Select(v => format.Value(format.Nearest(v)))];

        TInput[] Narrow(double[] values) => Array.ConvertAll(values, v => Unsafe.BitCast<ushort, TInput>(format.Nearest(v)));
    }

    [Fact]
    public void Pass_OfNoSamples_GivesNone()
    {
        AdaptiveLayerNorm<float> layer = new(37);
        Tensor<float> none = Tensor.CreateFromShape<float>([0, 5, 37]), scale = Tensor.CreateFromShape<float>([0, 37]);
        SavedStatistics saved = new();
        Assert.Equal([0, 5, 37], layer.Forward(none, scale, scale, saved).Lengths.ToArray());
        Assert.Equal([0, 37], layer.Backward(none, none, scale, saved).GradScale.Lengths.ToArray());
    }

    [Fact]
    public void Forward_ShapesThatDoNotFit_ThrowAndChangeNothing()
    {
        AdaptiveLayerNorm<float> layer = new(37);
        float[] x = Inputs<float>.Normal(new(1), 740), y = Inputs<float>.Normal(new(2), 740), before = [.. y];
        Tensor<float> input = Tensor.Create(x, Shape), destination = Tensor.Create(y, Shape), scale = Tensor.Create(Inputs<float>.Normal(new(3), 148), [4, 37]);
        Tensor<float> other = Tensor.CreateFromShape<float>([5, 37]), row = Tensor.CreateFromShape<float>([37]);
        foreach (Tensor<float> bad in (Tensor<float>[])[other, row])
        {
            Assert.Contains("AdaptiveLayerNorm", Assert.Throws<ArgumentException>(() => layer.Forward<float>(input, bad, scale, destination)).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>(() => layer.Forward<float>(input, scale, bad, destination));
        }
        Assert.Throws<ArgumentException>("input", () => layer.Forward(Tensor.CreateFromShape<float>([4, 5, 36]), scale));
        Assert.Throws<ArgumentException>(() => layer.Forward<float>(input, scale, scale, Tensor.CreateFromShape<float>([4, 5, 36])));
        SavedStatistics saved = new();
        layer.Forward(input, scale, default, saved);
        Assert.Throws<ArgumentException>(() => layer.Backward(input, input, other, saved));
        Assert.Throws<ArgumentException>(() => layer.Backward(Tensor.CreateFromShape<float>([4, 5, 36]), input, scale, saved));
        Assert.Throws<ArgumentNullException>("saved", () => layer.Backward(input, input, scale, null!));
        Assert.Throws<InvalidOperationException>(() => layer.Backward(input, input, scale, new SavedStatistics()));
        Assert.Equal(before, (IEnumerable<float>)y);
    }

    private static AdaptiveRowNorm<T> Make<T>(bool rms, nint[] row) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        rms ? new AdaptiveRmsNorm<T>(row, 1e-4) : new AdaptiveLayerNorm<T>(row, 1e-4);

    private static Var[] Formula(Var[][] v, bool rms, nint[] shape, int normalized)
    {
        int[] axes = Over.Last(shape, normalized), sets = Over.Axes(shape, axes), condition = Over.Sets(shape, [0, .. axes]);
        Var[] xHat = rms ? UncentredFormulas.Rms(v[0], sets, 1e-4) : CentredFormulas.Normalize(v[0], sets, 1e-4);
        return [.. xHat.Select((value, i) => (value * (1 + v[1][condition[i]])) + v[2][condition[i]])];
    }
}

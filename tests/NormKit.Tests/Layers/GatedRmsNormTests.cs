using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>RMS norm with a gate before or behind it, in groups or not.</summary>
public class GatedRmsNormTests
{
    public static TheoryData<bool, int> Cases => new(from gateFirst in (bool[])[false, true] from groups in (int[])[1, 3] select (gateFirst, groups));

    [Theory, MemberData(nameof(Cases))]
    public void Pass_InFloatAndDouble_MatchesFormula(bool gateFirst, int groups)
    {
        foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast, Placement.Stepped])
        {
            MatchesFormula<float>(gateFirst, groups, [4, 5, 39], placement);
            MatchesFormula<double>(gateFirst, groups, [4, 5, 39], placement);
        }
        MatchesFormula<float>(gateFirst, groups, [3, 2100], Placement.Contiguous);
        MatchesFormula<float>(gateFirst, groups, [300, 3], Placement.Contiguous);
    }

    private static void MatchesFormula<T>(bool gateFirst, int groups, nint[] shape, Placement placement) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int count = (int)shape.Aggregate((a, b) => a * b), width = (int)shape[^1];
        T[] x = Inputs<T>.Normal(new(1), count, 2, 0.5), gate = Inputs<T>.Normal(new(2), count, 2), weight = Inputs<T>.Normal(new(3), width, 1, 0.5), dy = Inputs<T>.Normal(new(4), count);
        Gradients expected = Gradients.By(
            v => Formula(v, gateFirst, groups, shape), Inputs<T>.Doubles(dy)!, Inputs<T>.Doubles(x)!, Inputs<T>.Doubles(gate)!, Inputs<T>.Doubles(weight)!);
        GatedRmsNorm<T> layer = new(width, 1e-4) { GateFirst = gateFirst, NumGroups = groups };
        Tensor.Create(weight, [width]).CopyTo(layer.Weight!.Value);
        Tensor<T> input = Placing.Place(x, shape, placement), gates = Placing.Place(gate, shape, placement);
        string what = $"first {gateFirst}, {groups} groups, [{string.Join(", ", shape)}], {placement}:";
        T[][]? first = null;
        foreach (int threads in (int[])[1, 3])
        {
            layer.MaxDegreeOfParallelism = threads;
            layer.ZeroGrad();
            SavedStatistics saved = new();
            T[] y = Placing.Logical(layer.Forward(input, gates, saved));
            (Tensor<T> dx, Tensor<T> dGate) = layer.Backward(Placing.Place(dy, shape, placement), input, gates, saved);
            Closeness.Near<T>(y, expected.Y, Tolerances.Forward<T>(), $"{what} y");
            Closeness.Near<T>(Placing.Logical(dx), expected.Of[0], Tolerances.InputGradient<T>(), $"{what} dx");
            Closeness.Near<T>(Placing.Logical(dGate), expected.Of[1], Tolerances.InputGradient<T>(), $"{what} dgate");
            Closeness.Near<T>(Placing.Logical(layer.Weight.Grad), expected.Of[2], Tolerances.ParameterGradient<T>(), $"{what} dweight");
            T[][] all = [y, Placing.Logical(dx), Placing.Logical(dGate), Placing.Logical(layer.Weight.Grad)];
            Assert.Equal(first ??= all, all);

            Tensor<T> into = Placing.Place(x, shape, placement), intoGate = Placing.Place(gate, shape, placement);
            layer.Forward<T>(into, gates, into);
            layer.Forward<T>(input, intoGate, intoGate);
            Closeness.SameBits<T>(y, Placing.Logical(into), $"{what} into the input");
            Closeness.SameBits<T>(y, Placing.Logical(intoGate), $"{what} into the gate");
        }
    }

    /// <summary>In 16 bits the output is rounded once from what float gives; its statistics are those of floats.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void Pass_Of16Bits_IsThatOfFloatsRounded(bool gateFirst, int groups)
    {
        IsRounded(gateFirst, groups, v => (Half)v, v => (float)v, SixteenBitFormat.Half);
        IsRounded(gateFirst, groups, v => (BFloat16)v, v => (float)v, SixteenBitFormat.BFloat16);
    }

    private static void IsRounded<T>(bool gateFirst, int groups, Func<float, T> narrow, Func<T, float> widen, SixteenBitFormat format) where T : unmanaged
    {
        nint[] shape = [5, 7, 39];
        T[] x = [.. Inputs<float>.Normal(new(5), 1365, 2).Select(narrow)], gate = [.. Inputs<float>.Normal(new(6), 1365, 2).Select(narrow)], dy = [.. Inputs<float>.Normal(new(7), 1365).Select(narrow)];
        float[] weight = Inputs<float>.Normal(new(8), 39, 1, 0.5);
        double[] Doubles(T[] values) => [.. values.Select(v => (double)widen(v))];
        Gradients expected = Gradients.By(v => Formula(v, gateFirst, groups, shape), Doubles(dy), Doubles(x), Doubles(gate), Inputs<float>.Doubles(weight)!);
        GatedRmsNorm<float> layer = new(39, 1e-4) { GateFirst = gateFirst, NumGroups = groups };
        Tensor.Create(weight, [39]).CopyTo(layer.Weight!.Value);
        SavedStatistics saved = new();
        Tensor<T> input = Tensor.Create(x, shape), gates = Tensor.Create(gate, shape);
        SixteenBits.AreAStepAway(layer.Forward<T>(input, gates, saved), expected.Y, format, 1e-6, "y");
        (Tensor<T> dx, Tensor<T> dGate) = layer.Backward<T>(Tensor.Create(dy, shape), input, gates, saved);
        SixteenBits.AreAStepAway(dx, expected.Of[0], format, 2e-6, "dx");
        SixteenBits.AreAStepAway(dGate, expected.Of[1], format, 2e-6, "dgate");
    }

    /// <summary>The reference codes round the normalized values, and where a gate follows their product with the weight, before the last rounding.</summary>
    [Theory, MemberData(nameof(Cases))]
    public void Forward_RoundingBeforeTheWeight_RoundsWhereTheReferenceCodesDo(bool gateFirst, int groups)
    {
        nint[] shape = [5, 7, 39];
        BFloat16[] x = [.. Inputs<float>.Normal(new(9), 1365, 2).Select(v => (BFloat16)v)], gate = [.. Inputs<float>.Normal(new(10), 1365, 2).Select(v => (BFloat16)v)];
        float[] weight = [.. Inputs<float>.Normal(new(11), 39, 1, 0.5).Select(v => (float)(BFloat16)v)];
        GatedRmsNorm<float> layer = new(39, 1e-6) { GateFirst = gateFirst, NumGroups = groups, RoundBeforeWeight = true };
        Tensor.Create(weight, [39]).CopyTo(layer.Weight!.Value);
        BFloat16[] y = Placing.Logical(layer.Forward<BFloat16>(Tensor.Create(x, shape), Tensor.Create(gate, shape)));

        float[] h = [.. x.Select((v, i) => gateFirst ? (float)((double)(float)v * Silu((float)gate[i])) : (float)v)];
        float[] normalized = Placing.Logical(Functional.RmsNorm<float>(Tensor.Create(h, shape), [39], eps: 1e-6, numGroups: groups));
        BFloat16[] expected = [.. normalized.Select((v, i) => (BFloat16)(weight[i % 39] * (float)(BFloat16)v))];
        if (!gateFirst)
            expected = [.. expected.Select((v, i) => (BFloat16)(float)((double)(float)v * Silu((float)gate[i])))];

        // The reference's exponential may differ in its last bit, and so one rounding in many thousands.
        Assert.InRange(y.Zip(expected).Count(pair => pair.First != pair.Second), 0, 1);
        BFloat16[] roundedOnce = Placing.Logical(new GatedRmsNorm<float>(39, 1e-6, false) { GateFirst = gateFirst, NumGroups = groups }
            .Forward<BFloat16>(Tensor.Create(x, shape), Tensor.Create(gate, shape)));
        Assert.NotEqual(roundedOnce, y);
    }

    /// <summary>A gate of infinity opens nothing less than itself, one of minus infinity closes, and 0 closes too.</summary>
    [Fact]
    public void Forward_GateFarBelowZero_Closes()
    {
        GatedRmsNorm<float> layer = new(3);
        float[] y = Placing.Logical(layer.Forward(Tensor.Create([1f, 2, 3], [1, 3]), Tensor.Create([float.NegativeInfinity, 0, -200], [1, 3])));
        Assert.All(y, value => Assert.Equal(0, value));
        Assert.True(float.IsNaN(Placing.Logical(layer.Forward(Tensor.Create([1f, 2, 3], [1, 3]), Tensor.Create([float.NaN, 0, 1], [1, 3])))[0]));
    }

    [Fact]
    public void State_HasTheWeight()
    {
        GatedRmsNorm<float> layer = new(5);
        Assert.Equal(["weight"], layer.State.Select(entry => entry.Key));
        Assert.Equal([1f, 1, 1, 1, 1], Placing.Logical(layer.Weight!.Value));
        Assert.Empty(new GatedRmsNorm<float>(5, elementwiseAffine: false).State);
    }

    [Fact]
    public void Pass_OfNoRows_GivesNone()
    {
        GatedRmsNorm<float> layer = new(5);
        Tensor<float> none = Tensor.CreateFromShape<float>([0, 3, 5]);
        SavedStatistics saved = new();
        Assert.Equal([0, 3, 5], layer.Forward(none, none, saved).Lengths.ToArray());
        Assert.Equal([0, 3, 5], layer.Backward(none, none, none, saved).GradGate.Lengths.ToArray());
    }

    [Fact]
    public void BadArguments_ThrowAndChangeNothing()
    {
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new GatedRmsNorm<float>(5, -1));
        Assert.Throws<ArgumentException>(() => new GatedRmsNorm<float>([]));
        Assert.Throws<ArgumentException>("numGroups", () => new GatedRmsNorm<float>(5) { NumGroups = 2 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new GatedRmsNorm<float>(5) { MaxDegreeOfParallelism = 0 });
        GatedRmsNorm<float> layer = new(6);
        float[] x = Inputs<float>.Normal(new(1), 24), y = Inputs<float>.Normal(new(2), 24), before = [.. y];
        Tensor<float> input = Tensor.Create(x, [4, 6]), destination = Tensor.Create(y, [4, 6]);
        Assert.Contains("gate has shape [6]", Assert.Throws<ArgumentException>(() => layer.Forward<float>(input, Tensor.CreateFromShape<float>([6]), destination)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("input", () => layer.Forward(Tensor.CreateFromShape<float>([4, 5]), Tensor.CreateFromShape<float>([4, 5])));
        Assert.Throws<ArgumentException>("destination", () => layer.Forward<float>(input, input, Tensor.CreateFromShape<float>([4, 5])));
        Assert.Throws<NotSupportedException>(() => layer.Forward<double>(Tensor.CreateFromShape<double>([4, 6]), Tensor.CreateFromShape<double>([4, 6])));
        SavedStatistics saved = new();
        Assert.Throws<ArgumentNullException>("saved", () => layer.Backward(input, input, input, null!));
        Assert.Throws<InvalidOperationException>(() => layer.Backward(input, input, input, saved));
        layer.Forward(input, input, saved);
        Assert.Throws<ArgumentException>("saved", () => new GatedRmsNorm<float>(6) { NumGroups = 2 }.Backward(input, input, input, saved));
        Assert.Throws<ArgumentException>("gradOutput", () => layer.Backward(Tensor.CreateFromShape<float>([4, 5]), input, input, saved));
        Assert.Equal(before, (IEnumerable<float>)y);
        Assert.All(Placing.Logical(layer.Weight!.Grad), value => Assert.Equal(0, value));
        using CancellationTokenSource cancelled = new();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => layer.Forward(input, input, null, cancelled.Token));
    }

    private static double Silu(double g) => g / (1 + Math.Exp(-g));

    private static Var[] Formula(Var[][] v, bool gateFirst, int groups, nint[] shape)
    {
        Var[] open = Array.ConvertAll(v[1], ActivationFormulas.Silu), h = gateFirst ? [.. v[0].Zip(open, (x, s) => x * s)] : v[0];
        Var[] y = Over.Affine(
            UncentredFormulas.Rms(h, Over.Axes([.. shape[..^1], groups, shape[^1] / groups], shape.Length), 1e-4), Over.Sets(shape, shape.Length - 1), v[2]);
        return gateFirst ? y : [.. y.Zip(open, (value, s) => value * s)];
    }
}

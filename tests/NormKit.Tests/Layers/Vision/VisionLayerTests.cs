using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What the layers whose statistics mix do beside what every layer of the family does.</summary>
public class VisionLayerTests
{
    public static TheoryData<string> All { get; } = [.. Members.ThatMix.Select(m => m.Name)];

    /// <summary>Nothing that deviates, nothing at all, one position, one sample: as the formula has it.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_OfDegenerateInputs_MatchesFormula(string name)
    {
        Member member = Members.Named(name);
        nint channels = member.Shape[1];
        foreach (nint[] shape in (nint[][])[[3, channels, 5, 7], [5, channels, 1], [5, channels], [1, channels, 19]])
        {
            int positions = shape[2..].Aggregate(1, (a, b) => a * (int)b);
            foreach ((string what, Func<int, float?> x) in (ReadOnlySpan<(string, Func<int, float?>)>)[
                ("drawn", _ => null), ("zeros", _ => 0), ("one number", _ => 1.5f), ("a number a channel", i => (i / positions % channels) - 3.5f),
                ("one plane of zeros", i => i / positions == 3 ? 0 : null)])
            {
                Member other = member with { Shape = shape };
                Subject<double> subject = new(other);
                for (int i = 0; i < subject.X.Length; i++)
                    subject.X[i] = x(i) ?? subject.X[i];
                Gradients expected = subject.Expected();
                Pass<double> pass = subject.Run();
                string at = $"{name} of [{string.Join(", ", shape)}], {what}:";
                NearOrTiny(pass.Y, expected.Y, $"{at} y");
                NearOrTiny(pass.Dx, expected.Of[0], $"{at} dx");
                for (int i = 0; i < pass.Gradients.Length; i++)
                    NearOrTiny(pass.Gradients[i].Values, expected.Of[i + 1], $"{at} gradient of {pass.Gradients[i].Key}");
            }
        }
    }

    /// <summary>Where all cancels, the formula in two doubles gives 0 or less than a double can tell from it.</summary>
    private static void NearOrTiny(double[] actual, double[] expected, string what)
    {
        double largest = Math.Max(1, expected.Max(Math.Abs));
        for (int i = 0; i < actual.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= 1e-12 * largest, $"{what}: [{i}] is {actual[i]}, not {expected[i]}");
    }

    [Theory, MemberData(nameof(All))]
    public void Backward_IntoTheInputOrNowhere_SameBits(string name)
    {
        Member member = Members.Named(name);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Pass<float> expected = new Subject<float>(member).Run(placement);
            Subject<float> subject = new(member), without = new(member);
            SavedStatistics saved = new();
            Tensor<float> x = Placing.Place(subject.X, member.Shape, placement), dy = Placing.Place(subject.Dy, member.Shape, placement);
            subject.Layer.Forward(x, saved);
            without.Layer.Forward(x, saved);
            without.Layer.Backward(dy, x, saved, default(TensorSpan<float>));
            subject.Layer.Backward(dy, x, saved, x);
            Closeness.SameBits<float>(expected.Dx, Placing.Logical(x), $"{member}, {placement}: dx in place of x");
            foreach (((string key, float[] values), int i) in expected.Gradients.Select((g, i) => (g, i)))
            {
                Closeness.SameBits<float>(values, Placing.Logical(subject.Layer.NamedParameters[i].Parameter.Grad), $"{member}, {placement}: gradient of {key}");
                Closeness.SameBits<float>(values, Placing.Logical(without.Layer.NamedParameters[i].Parameter.Grad), $"{member}, {placement}: gradient of {key} alone");
            }
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Forward_OfNothing_GivesNothingAndMovesNothing(string name)
    {
        Member member = Members.Named(name);
        foreach (nint[] shape in (nint[][])[[0, member.Shape[1], 3], [2, member.Shape[1], 0]])
        {
            Subject<float> subject = new(member);
            float[][] before = [.. Buffers(subject)];
            SavedStatistics saved = new();
            Tensor<float> empty = Tensor.CreateFromShape<float>(shape);
            Assert.Equal(shape, subject.Layer.Forward(empty, saved).Lengths.ToArray());
            Assert.Equal(shape, subject.Layer.Backward(empty, empty, saved).Lengths.ToArray());
            Assert.Equal(before, Buffers(subject));
            Assert.All(subject.Layer.NamedParameters, p => Assert.All(Placing.Logical(p.Parameter.Grad), g => Assert.Equal(0, g)));
        }

        static IEnumerable<float[]> Buffers(Subject<float> subject) =>
            subject.Layer.State.Where(e => e.Kind == StateKind.Buffer).Select(e => Placing.Logical(e.Value!));
    }

    [Theory, MemberData(nameof(All))]
    public void Pass_WithAMaskOrIntoParameters_IsRefused(string name)
    {
        Member member = Members.Named(name);
        Subject<float> subject = new(member);
        NormLayer<float> layer = subject.Layer;
        string first = name.Split(' ')[0];
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.Create(subject.X, member.Shape), dy = Tensor.Create(subject.Dy, member.Shape);
        Tensor<bool> mask = Tensor.CreateFromShape<bool>(member.Shape);
        Assert.Contains($"{first}: takes no mask", Assert.Throws<ArgumentException>("mask", () => layer.Forward(x, saved, mask)).Message, StringComparison.Ordinal);
        layer.Forward(x, saved);
        Assert.Contains($"{first}: takes no mask", Assert.Throws<ArgumentException>("mask", () => layer.Backward(dy, x, saved, mask)).Message, StringComparison.Ordinal);

        // One sample of one position has the shape of a parameter; the running statistics of a batch need two values.
        layer.Eval();
        nint[] one = [1, member.Shape[1]];
        Tensor<float> small = Tensor.Create(subject.X[..(int)one[1]], one);
        layer.Forward(small, saved);
        foreach (StateEntry<float> entry in layer.State.Where(e => e.Kind != StateKind.Counter && e.Value!.FlattenedLength == one[1]))
        {
            float[] before = Placing.Logical(entry.Value!);
            Assert.Contains("overlaps", Assert.Throws<ArgumentException>(() => layer.Forward(small, Tensor.Reshape(entry.Value!, one))).Message, StringComparison.Ordinal);
            Assert.Equal(before, Placing.Logical(entry.Value!));
        }
        foreach ((_, Parameter<float> parameter) in layer.NamedParameters.Where(p => p.Parameter.Grad.FlattenedLength == one[1]))
        {
            Assert.Contains("overlaps", Assert.Throws<ArgumentException>(() => layer.Backward(small, small, saved, Tensor.Reshape(parameter.Grad, one))).Message, StringComparison.Ordinal);
        }
        // Weights are read while gradients are written.
        Assert.Contains("overlaps", Assert.Throws<ArgumentException>(() => layer.Backward(small, small, saved, Tensor.Reshape(layer.Weight!.Value, one))).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(All))]
    public void Backward_OfAnotherLayersStatistics_IsRefused(string name)
    {
        Subject<float> subject = new(Members.Named(name));
        Tensor<float> x = Tensor.Create(subject.X, subject.Member.Shape);
        SavedStatistics saved = new();
        new GroupNorm<float>(2, (int)subject.Member.Shape[1]).Forward(x, saved);
        Assert.Contains("GroupNorm", Assert.Throws<ArgumentException>("saved", () => subject.Layer.Backward(x, x, saved)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_OfEachLayer_HasItsKeysInOrder()
    {
        Assert.Equal(["weight", "bias"], Keys(new GlobalResponseNorm<float>(3)));
        Assert.Equal(["weight", "bias", "tau"], Keys(new FilterResponseNorm<float>(3)));
        Assert.Equal(["weight", "bias"], Keys(new FilterResponseNorm<float>(3, threshold: false)));
        Assert.Equal(["weight", "bias", "mean_weight", "var_weight", "running_mean", "running_var"], Keys(new SwitchableNorm<float>(3)));
        Assert.Equal(["weight", "bias", "running_mean", "running_var", "num_batches_tracked"], Keys(new BatchRenorm<float>(3)));
        Assert.Equal(["weight", "bias", "v"], Keys(new EvoNormS0<float>(32)));
        Assert.Equal(["weight", "bias", "v", "running_var"], Keys(new EvoNormB0<float>(3)));

        static IEnumerable<string> Keys(NormLayer<float> layer) => layer.State.Select(e => e.Key);
    }

    [Fact]
    public void Layer_AsMade_HasTheDefaultsOfItsPaper()
    {
        Assert.Equal([0, 0], First(new GlobalResponseNorm<float>(3)));
        Assert.Equal([1, 0, 0], First(new FilterResponseNorm<float>(3)));
        Assert.Equal([1, 0, 1, 1, 0, 1], First(new SwitchableNorm<float>(3)));
        Assert.Equal([1, 0, 0, 1], First(new BatchRenorm<float>(3)));
        Assert.Equal([1, 0, 1], First(new EvoNormS0<float>(32)));
        Assert.Equal([1, 0, 1, 1], First(new EvoNormB0<float>(3)));
        Assert.Equal(
            [1e-6, 1e-6, 1e-5, 1e-5, 1e-5, 1e-3],
            [
                new GlobalResponseNorm<float>(3).Eps, new FilterResponseNorm<float>(3).Eps, new SwitchableNorm<float>(3).Eps, new BatchRenorm<float>(3).Eps,
                new EvoNormS0<float>(32).Eps, new EvoNormB0<float>(3).Eps,
            ]);

        static IEnumerable<float> First(NormLayer<float> layer) => layer.State.Where(e => e.Value is not null).Select(e => e.Value![0]);
    }
}

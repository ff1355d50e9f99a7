using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Where one of these layers is another, and what each does at its edges.</summary>
public class VisionIdentityTests
{
    private static readonly nint[] Shape = [4, 6, 5, 7];
    private static readonly float[] X = Inputs<float>.Normal(new(1), 4 * 6 * 5 * 7, 2, 3);
    private static readonly float[] Dy = Inputs<float>.Normal(new(2), X.Length);

    [Fact]
    public void GlobalResponseNorm_AsMade_HandsItsInputOn()
    {
        Tensor<float> x = Tensor.Create(X, Shape);
        SavedStatistics saved = new();
        GlobalResponseNorm<float> layer = new(6);
        Closeness.SameBits<float>(X, Placing.Logical(layer.Forward(x, saved)), "y");
        Closeness.SameBits<float>(Dy, Placing.Logical(layer.Backward(Tensor.Create(Dy, Shape), x, saved)), "dx");
    }

    [Fact]
    public void FilterResponseNorm_AtATie_GivesTheGradientToTau()
    {
        FilterResponseNorm<float> layer = new(6);
        Tensor<float> zeros = Tensor.CreateFromShape<float>(Shape), dy = Tensor.Create(Dy, Shape);
        SavedStatistics saved = new();
        layer.Forward(zeros, saved);
        Assert.All(Placing.Logical(layer.Backward(dy, zeros, saved)), v => Assert.Equal(0, v));
        double[] sums = Inputs<double>.Doubles(SumsOf(Dy))!;
        Closeness.Near<float>(Placing.Logical(layer.Threshold!.Grad), sums, Tolerances.ParameterGradientFloat, "tau");
        Assert.All(Placing.Logical(layer.Bias!.Grad), v => Assert.Equal(0, v));

        layer.Threshold.Value[2] = float.NaN;
        float[] y = Placing.Logical(layer.Forward(Tensor.Create(X, Shape)));
        Assert.Equal(Over.Sets(Shape, 1).Select(c => c == 2), y.Select(float.IsNaN));
    }

    private static double[] SumsOf(float[] values) =>
        [.. Over.Sum(Var.Of(Inputs<float>.Doubles(values)!), Over.Sets(Shape, 1)).Select(v => (double)v.Value)];

    /// <summary>A mix that is all of one.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void SwitchableNorm_OfOneStatistic_IsThatNorm(int which)
    {
        SwitchableNorm<float> layer = new(6);
        foreach (Parameter<float> logits in (Parameter<float>[])[layer.MeanWeight, layer.VarWeight])
            logits.Value[which] = 1000;
        NormLayer<float> peer = which switch { 0 => new InstanceNorm<float>(6), 1 => new LayerNorm<float>([6, 5, 7]), _ => new BatchNorm<float>(6) };
        Alike(layer, peer);
        // The gradient of a choice that is made is 0.
        Assert.All(Placing.Logical(layer.MeanWeight.Grad), v => Assert.Equal(0, v, 1e-6f));
    }

    [Fact]
    public void SwitchableNorm_OfOneValueAChannel_MovesTheMeanAlone()
    {
        SwitchableNorm<float> layer = new(6);
        layer.Forward(Tensor.Create(X[..6], [1, 6]));
        Closeness.Near<float>(Placing.Logical(layer.RunningMean), [.. X[..6].Select(v => 0.1 * v)], Tolerances.RunningFloat, "running_mean");
        Assert.All(Placing.Logical(layer.RunningVar), v => Assert.Equal(1, v));
    }

    [Fact]
    public void BatchRenorm_WithoutRoom_IsBatchNorm() => Alike(new BatchRenorm<float>(6, rMax: 1, dMax: 0), new BatchNorm<float>(6));

    /// <summary>With bounds that hold nothing back, training gives what evaluation gives.</summary>
    [Fact]
    public void BatchRenorm_WithoutBounds_IsItsOwnEvaluation()
    {
        BatchRenorm<float> training = new(6, rMax: double.PositiveInfinity, dMax: double.PositiveInfinity), evaluation = new(6);
        evaluation.Eval();
        for (int c = 0; c < 6; c++)
        {
            training.RunningMean![c] = evaluation.RunningMean![c] = c - 2.5f;
            training.RunningVar![c] = evaluation.RunningVar![c] = 0.5f + c;
        }
        Tensor<float> x = Tensor.Create(X, Shape);
        Closeness.Near<float>(
            Placing.Logical(training.Forward(x)), Inputs<float>.Doubles(Placing.Logical(evaluation.Forward(x))), 2 * Tolerances.ForwardFloat, "y");
    }

    /// <summary>Without eps too, a channel of one number has no correction to undo.</summary>
    [Fact]
    public void BatchRenorm_OfConstantsWithoutEps_GivesTheBias()
    {
        BatchRenorm<float> layer = new(2, eps: 0);
        layer.RunningVar!.Fill(0);
        layer.Bias!.Value[1] = 0.75f;
        float[] y = Placing.Logical(layer.Forward(Tensor.Create<float>([0, 0, 0, 0], [2, 2])));
        Assert.Equal([0, 0.75f, 0, 0.75f], y);
    }

    public static TheoryData<string> Activations { get; } = ["Relu", "Silu"];

    [Theory, MemberData(nameof(Activations))]
    public void BatchRenorm_WithAnActivation_MatchesFormula(string name)
    {
        Member member = Members.Named("BatchRenorm");
        Func<Var, Var> activation = name == "Relu" ? ActivationFormulas.Relu : ActivationFormulas.Silu;
        Member followed = member with
        {
            Single = () => new BatchRenorm<float>(10) { Activation = name == "Relu" ? Activation.Relu : Activation.Silu },
            Formula = (x, p) => Array.ConvertAll(member.Formula(x, p), v => activation(v)),
        };
        foreach (nint[] shape in (nint[][])[member.Shape, [2, 10, 67, 71]])
        {
            Gradients expected = new Subject<float>(followed with { Shape = shape }).Expected();
            foreach (Placement placement in Enum.GetValues<Placement>())
                Subject<float>.Near(new Subject<float>(followed with { Shape = shape }).Run(placement, threads: 2), expected, $"{name}, {placement}:");
        }
    }

    [Fact]
    public void BatchRenorm_OfANonFiniteBatch_FollowsThePolicy()
    {
        BatchRenorm<float> layer = new(6) { NonFinite = RunningStatisticsPolicy.Skip };
        float[] x = [.. X];
        x[0] = float.NaN;
        layer.Forward(Tensor.Create(x, Shape));
        Assert.Equal((0L, 1L), (layer.NumBatchesTracked, layer.NumBatchesSkipped));
        Assert.All(Placing.Logical(layer.RunningMean!), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Layer_OfWrongArguments_Throws()
    {
        Assert.Throws<ArgumentOutOfRangeException>("numFeatures", () => new GlobalResponseNorm<float>(0));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new FilterResponseNorm<float>(3, eps: -1));
        Assert.Throws<ArgumentOutOfRangeException>("momentum", () => new SwitchableNorm<float>(3, momentum: 1.5));
        Assert.Throws<ArgumentOutOfRangeException>("momentum", () => new EvoNormB0<float>(3, momentum: double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("rMax", () => new BatchRenorm<float>(3, rMax: 0.5));
        Assert.Throws<ArgumentOutOfRangeException>("dMax", () => new BatchRenorm<float>(3, dMax: -1));
        Assert.Throws<ArgumentOutOfRangeException>("groups", () => new EvoNormS0<float>(3, groups: 0));
        Assert.Contains("10 channels do not split into 32", Assert.Throws<ArgumentException>("groups", () => new EvoNormS0<float>(10)).Message, StringComparison.Ordinal);
        foreach (NormLayer<float> layer in (NormLayer<float>[])[new BatchRenorm<float>(6), new EvoNormB0<float>(6)])
        {
            Tensor<float> one = Tensor.Create(X[..6], [1, 6, 1]);
            Assert.Contains("more than 1 value per channel", Assert.Throws<ArgumentException>("input", () => layer.Forward(one)).Message, StringComparison.Ordinal);
            layer.Eval();
            Assert.Equal(6, layer.Forward(one).FlattenedLength);
        }
    }

    private static void Alike(NormLayer<float> layer, NormLayer<float> peer)
    {
        Tensor<float> x = Tensor.Create(X, Shape), dy = Tensor.Create(Dy, Shape);
        SavedStatistics saved = new(), savedOfPeer = new();
        Closeness.Near<float>(
            Placing.Logical(layer.Forward(x, saved)), Inputs<float>.Doubles(Placing.Logical(peer.Forward(x, savedOfPeer))), 2 * Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(
            Placing.Logical(layer.Backward(dy, x, saved)), Inputs<float>.Doubles(Placing.Logical(peer.Backward(dy, x, savedOfPeer))),
            2 * Tolerances.InputGradientFloat, "dx");
    }
}

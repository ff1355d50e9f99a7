using NormKit.IO;

namespace NormKit.Cli.Tests;

public sealed class GradTests
{
    private static readonly nint[] Shape = [3, 12, 5, 7];

    public static TheoryData<string, bool> LayersAndLayouts() => new(
        from layer in (string[])["batch-norm", "layer-norm", "instance-norm", "group-norm"]
        from channelsLast in (bool[])[false, true]
        select (layer, channelsLast));

    [Theory, MemberData(nameof(LayersAndLayouts))]
    public void Grad_AnyLayerAndLayout_MatchesDoubleReference(string layer, bool channelsLast)
    {
        using Workplace work = new();
        Reference reference = new(layer, Shape, groups: 2);
        double[] x = Near.Random(reference.Count, 21, offset: 1), dy = Near.Random(reference.Count, 22), weight = Near.Random(reference.ParameterCount, 23);
        nint[] parameterShape = layer == "layer-norm" ? Shape[1..] : [12];
        nint[] fileShape = channelsLast ? [3, 5, 7, 12] : Shape;
        work.Array("x.npy", channelsLast ? reference.ToChannelsLast(x) : x, fileShape);
        work.Array("dy.npy", channelsLast ? reference.ToChannelsLast(dy) : dy, fileShape);
        work.Array("w.npy", weight, parameterShape, ElementType.Float64);
        work.Array("b.npy", weight, parameterShape);
        Workplace.Succeed(
            ["grad", layer, work["x.npy"], work["dy.npy"], "-o", work["g.npz"], "--weight", work["w.npy"], "--bias", work["b.npy"],
            .. layer == "group-norm" ? (string[])["--groups", "2"] : [], .. channelsLast ? (string[])["--channels-last"] : []]);

        (double[] dx, double[] dWeight, double[] dBias) = reference.Backward(x, dy, weight, 1e-5);
        StoredTensor gradInput = TensorFile.Read(work["g.npz:grad_input"]);
        Assert.Equal(fileShape, gradInput.Shape.ToArray());
        Assert.Equal(ElementType.Float32, gradInput.ElementType);
        double[] values = gradInput.ToArray<double>();
        Near.Equal(dx, channelsLast ? reference.FromChannelsLast(values) : values, Near.Float);
        Near.Equal(dWeight, Workplace.Read(work["g.npz:grad_weight"]), Near.Float);
        Near.Equal(dBias, Workplace.Read(work["g.npz:grad_bias"]), Near.Float);
        Assert.Equal(ElementType.Float64, TensorFile.Read(work["g.npz:grad_weight"]).ElementType);
        Assert.Equal(parameterShape, TensorFile.Read(work["g.npz:grad_bias"]).Shape.ToArray());
    }

    [Theory]
    [InlineData(false, false, "grad_input")]
    [InlineData(true, false, "grad_input,grad_weight")]
    [InlineData(false, true, "grad_bias,grad_input")]
    [InlineData(true, true, "grad_bias,grad_input,grad_weight")]
    public void Grad_Parameters_HaveAGradientWhereGiven(bool weight, bool bias, string names)
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(24, 24), [4, 6]);
        work.Array("p.npy", Near.Random(6, 25), [6]);
        Workplace.Succeed(
            ["grad", "batch-norm", work["x.npy"], work["x.npy"], "-o", work["g.safetensors"], .. weight ? (string[])["--weight", work["p.npy"]] : [],
            .. bias ? (string[])["--bias", work["p.npy"]] : []]);
        Assert.Equal(names, string.Join(',', SafetensorsFile.Names(work["g.safetensors"]).Order(StringComparer.Ordinal)));
    }

    [Fact]
    public void Grad_Eval_DoesNotFlowThroughStatistics()
    {
        using Workplace work = new();
        double[] x = Near.Random(24, 26), dy = Near.Random(24, 27), variance = Near.Random(6, 28, offset: 2), weight = Near.Random(6, 29);
        work.Array("x.npy", x, [4, 6], ElementType.Float64);
        work.Array("dy.npy", dy, [4, 6]);
        work.Array("m.npy", Near.Random(6, 30), [6]);
        work.Array("v.npy", variance, [6]);
        work.Array("w.npy", weight, [6]);
        Workplace.Succeed(
            "grad", "batch-norm", work["x.npy"], work["dy.npy"], "-o", work["g.npz"], "--eval", "--running-mean", work["m.npy"], "--running-var", work["v.npy"],
            "--weight", work["w.npy"]);
        double[] expected = [.. dy.Select((value, i) => value * weight[i % 6] / Math.Sqrt(variance[i % 6] + 1e-5))];
        Near.Equal(expected, Workplace.Read(work["g.npz:grad_input"]), Near.Double);
    }
}

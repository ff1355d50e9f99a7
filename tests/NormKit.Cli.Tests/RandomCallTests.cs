using System.Globalization;
using CsCheck;
using NormKit.Cli.Compare;

namespace NormKit.Cli.Tests;

/// <summary>Calls of any layer on any small shape, with any options that fit together, against the double reference.</summary>
public sealed class RandomCallTests
{
    private static readonly Gen<Call> Calls =
        from layer in Gen.Int[0, 3].Select(i => LayerNames.All[i].Full())
        from samples in Gen.Int[2, 5]
        from groups in Gen.Int[1, 4]
        from channelsOfGroup in Gen.Int[1, 5]
        from positions in Gen.Int[2, 9].Array[layer == "instance-norm" ? 1 : 0, 3]
        from normalizedRank in Gen.Int[1, positions.Length + 2]
        from channelsLast in Gen.Bool
        from weight in Gen.Bool
        from bias in Gen.Bool
        from eps in Gen.Int[0, 5].Select(i => Math.Pow(10, -i))
        from seed in Gen.Int[0, 100000]
        select new Call(
            layer, [samples, groups * channelsOfGroup, .. positions.Select(length => (nint)length)], groups, normalizedRank,
            channelsLast && positions.Length > 0, weight, bias, eps, seed);

    [Fact]
    public void ApplyAndGrad_AnyCall_MatchDoubleReference() => Calls.Sample(Check, iter: 150);

    private static void Check(Call call)
    {
        using Workplace work = new();
        Reference reference = new(call.Layer, call.Shape, call.Groups, call.NormalizedRank);
        double[] x = Near.Random(reference.Count, call.Seed, offset: 5), dy = Near.Random(reference.Count, call.Seed + 1);
        double[]? weight = call.Weight ? Near.Random(reference.ParameterCount, call.Seed + 2) : null;
        double[]? bias = call.Bias ? Near.Random(reference.ParameterCount, call.Seed + 3) : null;
        nint[] parameterShape = call.Layer == "layer-norm" ? call.Shape[^call.NormalizedRank..] : [call.Shape[1]];
        nint[] fileShape = call.ChannelsLast ? [call.Shape[0], .. call.Shape[2..], call.Shape[1]] : call.Shape;
        work.Array("x.npy", call.ChannelsLast ? reference.ToChannelsLast(x) : x, fileShape, IO.ElementType.Float64);
        work.Array("dy.npy", call.ChannelsLast ? reference.ToChannelsLast(dy) : dy, fileShape);

        List<string> options = ["--eps", call.Eps.ToString(CultureInfo.InvariantCulture)];
        if (weight is not null)
            options.AddRange("--weight", work.Array("w.npy", weight, parameterShape));
        if (bias is not null)
            options.AddRange("--bias", work.Array("b.npy", bias, parameterShape));
        if (call.Layer == "group-norm")
            options.AddRange("--groups", $"{call.Groups}");
        if (call.Layer == "layer-norm")
            options.AddRange("--normalized-shape", string.Join(',', parameterShape));
        if (call.ChannelsLast)
            options.Add("--channels-last");

        // In double throughout; a set with a small variance loses digits, to the reference too.
        const double tolerance = 1e-10;
        Workplace.Succeed(["apply", call.Layer, work["x.npy"], "-o", work["y.npy"], .. options]);
        double[] y = Workplace.Read(work["y.npy"]);
        Close(reference.Forward(x, weight, bias, call.Eps), call.ChannelsLast ? reference.FromChannelsLast(y) : y, tolerance);

        Workplace.Succeed(["grad", call.Layer, work["x.npy"], work["dy.npy"], "-o", work["g.npz"], .. options]);
        (double[] dx, double[] dWeight, double[] dBias) = reference.Backward(x, dy, weight, call.Eps);
        double[] gradInput = Workplace.Read(work["g.npz:grad_input"]);
        Close(dx, call.ChannelsLast ? reference.FromChannelsLast(gradInput) : gradInput, tolerance);
        if (weight is not null)
            Close(dWeight, Workplace.Read(work["g.npz:grad_weight"]), Near.Float);
        if (bias is not null)
            Close(dBias, Workplace.Read(work["g.npz:grad_bias"]), Near.Float);
    }

    /// <summary>Relative to the largest value, or to 1 where all are small: sets of one element give zeros.</summary>
    private static void Close(double[] expected, double[] actual, double tolerance) =>
        Near.Equal([.. expected, 1], [.. actual, 1], tolerance);

    private sealed record Call(
        string Layer, nint[] Shape, int Groups, int NormalizedRank, bool ChannelsLast, bool Weight, bool Bias, double Eps, int Seed)
    {
        public override string ToString() =>
            $"{Layer} [{string.Join(',', Shape)}] groups {Groups} normalized {NormalizedRank} channelsLast {ChannelsLast} weight {Weight} bias {Bias} eps {Eps} seed {Seed}";
    }
}

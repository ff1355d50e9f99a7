using System.Globalization;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.BadInput;

/// <summary>What is neither a pass nor plain: constructors of shapes and tensors, folding, imports, weights.</summary>
internal static class OtherForms
{
    private static readonly Type Argument = typeof(ArgumentException), Range = typeof(ArgumentOutOfRangeException), Null = typeof(ArgumentNullException);

    public static IEnumerable<CallForm> All => [.. Shapes, .. Imports("BatchNorm"), .. Imports("BatchNorm1d"), .. Imports("BatchNorm2d"), .. Imports("BatchNorm3d"), .. Folding, .. Weights, .. Rest];

    private static CallForm[] Shapes =>
    [
        Shaped("LayerNorm.new(span normalizedShape, eps, elementwiseAffine, bias, unitOffset)", "LayerNorm", a => _ = new LayerNorm<float>(a.NormalizedShape, a.Eps)),
        Shaped("RmsNorm.new(span normalizedShape, eps, elementwiseAffine, unitOffset)", "RmsNorm", a => _ = new RmsNorm<float>(a.NormalizedShape, a.Eps)),
        Shaped("LayerNorm.new(span normalizedShape, axes, eps, elementwiseAffine, bias, unitOffset)", "LayerNorm", a => _ = new LayerNorm<float>(a.NormalizedShape, a.Axes, a.Eps)),
        Shaped("RmsNorm.new(span normalizedShape, axes, eps, elementwiseAffine, unitOffset)", "RmsNorm", a => _ = new RmsNorm<float>(a.NormalizedShape, a.Axes, a.Eps)),
        Shaped("AdaptiveLayerNorm.new(span normalizedShape, eps)", "AdaptiveLayerNorm", a => _ = new AdaptiveLayerNorm<float>(a.NormalizedShape, a.Eps)),
        Shaped("AdaptiveRmsNorm.new(span normalizedShape, eps)", "AdaptiveRmsNorm", a => _ = new AdaptiveRmsNorm<float>(a.NormalizedShape, a.Eps)),
        Shaped("DynamicTanh.new(span normalizedShape, alpha)", "DynamicTanh", a => _ = new DynamicTanh<float>(a.NormalizedShape, a.Alpha)),
    ];

    private static CallForm Shaped(string entryPoint, string layer, Action<Arguments> call) => new(entryPoint, layer, () => new([3, 10, 7, 11], 77) { NormalizedShape = [7, 11], Axes = [-2, -1] }, call)
    {
        Any = ["elementwiseAffine", "bias", "unitOffset"],
        Own = new()
        {
            ["normalizedShape"] = [new(a => a.NormalizedShape = [], Argument, null, "at least"), new(a => a.NormalizedShape = [7, -11], Argument, null, "[7, -11]", "negative")],
            ["axes"] = [new(a => a.Axes = [2], Argument, null, "1 axes", "[7, 11]"), new(a => a.Axes = [1, 2, 3], Argument, null, "3 axes", "[7, 11]")],
            ["alpha"] = [new(a => a.Alpha = double.NaN, Range, null, "NaN")],
        },
    };

    private static CallForm[] Imports(string layer)
    {
        return
        [
            Import("FromKeras(gamma, beta, movingMean, movingVariance, momentum, epsilon)", ["gamma", "beta", "movingMean", "movingVariance"], a => _ = layer switch
            {
                "BatchNorm" => BatchNorm<float>.FromKeras(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                "BatchNorm1d" => BatchNorm1d<float>.FromKeras(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                "BatchNorm2d" => BatchNorm2d<float>.FromKeras(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                _ => BatchNorm3d<float>.FromKeras(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
            }),
            Import("FromOnnx(scale, bias, mean, var, momentum, epsilon)", ["scale", "bias", "mean", "var"], a => _ = layer switch
            {
                "BatchNorm" => BatchNorm<float>.FromOnnx(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                "BatchNorm1d" => BatchNorm1d<float>.FromOnnx(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                "BatchNorm2d" => BatchNorm2d<float>.FromOnnx(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
                _ => BatchNorm3d<float>.FromOnnx(a.Weight.Span, a.Bias.Span, a.RunningMean.Span, a.RunningVar.Span, a.Momentum, a.Eps),
            }),
        ];

        CallForm Import(string signature, string[] names, Action<Arguments> call) =>
            new($"{layer}.{signature}", $"BatchNorm.{signature[..signature.IndexOf('(', StringComparison.Ordinal)]}", () => new([3, 10, 7, 11], 10), call)
            {
                Own = new()
                {
                    [names[0]] = [new(a => a.Weight = a.Weight.OfShape(9), Argument, null, "9", "10")],
                    [names[1]] = [new(a => a.Bias = a.Bias.OfShape(9), Argument, null, "9", "10")],
                    [names[2]] = [new(a => a.RunningMean = Block<float>.None, Argument, null, "empty"), new(a => a.RunningMean = a.RunningMean.OfShape(9), Argument, names[0], "9", "10")],
                    [names[3]] = [new(a => a.RunningVar = a.RunningVar.OfShape(9), Argument, null, "9", "10"), new(a => a.RunningVar = Block<float>.None, Argument, null, "0", "10")],
                    ["epsilon"] = [.. WrongValues.OnBoth["eps"].Select(w => w with { Argument = "eps or epsilon" })],
                },
            };
    }

    /// <summary>A linear layer of 10 inputs and outputs; the norm is the layer of the arguments, a frozen one where the entry point takes that.</summary>
    private static CallForm[] Folding =>
    [
        Folded("FoldIntoPreceding<T>(norm, layer, weight, bias, groups)", a => BatchNormFolding.FoldIntoPreceding((BatchNorm<float>)a.Layer!, (FoldableLayer)a.Size, a.Weight.Tensor, a.Bias.Tensor, a.Groups), () => new BatchNorm<float>(10)),
        Folded("FoldIntoPreceding<T>(norm, layer, weight, bias, groups)", a => BatchNormFolding.FoldIntoPreceding((FrozenBatchNorm<float>)a.Layer!, (FoldableLayer)a.Size, a.Weight.Tensor, a.Bias.Tensor, a.Groups), () => new FrozenBatchNorm<float>(10)),
        Folded("FoldIntoFollowing<T>(norm, layer, weight, bias, groups, hasZeroPadding)",
            a => BatchNormFolding.FoldIntoFollowing((BatchNorm<float>)a.Layer!, (FoldableLayer)a.Size, a.Weight.Tensor, a.Bias.Tensor, a.Groups, a.Dim == 1 ? null : false), () => new BatchNorm<float>(10)),
        Folded("FoldIntoFollowing<T>(norm, layer, weight, bias, groups, hasZeroPadding)",
            a => BatchNormFolding.FoldIntoFollowing((FrozenBatchNorm<float>)a.Layer!, (FoldableLayer)a.Size, a.Weight.Tensor, a.Bias.Tensor, a.Groups, a.Dim == 1 ? null : false), () => new FrozenBatchNorm<float>(10)),
    ];

    private static CallForm Folded(string signature, Action<Arguments> call, Func<NormLayer<float>> norm) =>
        new($"BatchNormFolding.{signature}", signature[..signature.IndexOf('<', StringComparison.Ordinal)], () => new([3, 10, 7, 11], 10) { Layer = norm(), Weight = new(new float[100], 0, [10, 10]), Groups = 1, Size = 0 }, call)
        {
            Own = new()
            {
                ["norm"] = [new(a => a.Layer = null, Null, null, "norm")],
                ["layer"] = [new(a => a.Size = 7, Range, null, "7")],
                ["weight"] = [new(a => a.Weight = Block<float>.None, Argument, null, "[]"), new(a => a.Weight = a.Weight.OfShape(9, 9), Argument, "weight or bias", "9", "10")],
                ["bias"] = [new(a => a.Bias = a.Bias.OfShape(9), Argument, null, "[9]", "10")],
                ["groups"] = [new(a => a.Groups = 0, Range, null, "at least one group", "0"), new(a => a.Groups = -1, Range, null, "-1"), new(a => a.Groups = 3, Argument, "groups or weight", "3")],
                ["hasZeroPadding"] = [new(a => a.Dim = 2, Argument, null, "for a convolution")],
            },
        };

    private static CallForm[] Weights =>
    [
        Weight("WeightNorm.new(weight, dim)", a => _ = new WeightNorm<float>(a.Weight.Tensor, a.Dim), new()
        {
            ["weight"] = [new(a => a.Weight = Block<float>.None, Range, "dim", "[]")],
            ["dim"] = [new(a => a.Dim = 2, Range, null, "2", "[3, 5]"), new(a => a.Dim = -3, Range, null, "-3"), new(a => a.Dim = int.MinValue, Range, null, "-2147483648")],
        }),
        Weight("WeightNorm.Backward(gradWeight, saved, cancellationToken)", a => Filled(a).Backward(a.GradWeight.Tensor, a.Saved!, cancellationToken: a.Cancellation), new()
        {
            ["gradWeight"] = [new(a => a.GradWeight = Block<float>.None, Argument, "gradOutput or gradWeight", "[]", "[3, 5]"), new(a => a.GradWeight = a.GradWeight.OfShape(5, 3), Argument, "gradOutput or gradWeight", "[5, 3]", "[3, 5]")],
            ["saved"] = [new(a => a.Saved = null, Null, null, "saved"), new(a => a.Saved = new(), typeof(InvalidOperationException), null, "never filled")],
        }),
        Weight("WeightNorm.Forward(saved, cancellationToken)", a => new WeightNorm<float>(a.Weight.Tensor).Forward(a.Saved, cancellationToken: a.Cancellation), []),
        Weight("SpectralNorm.new(weight, nPowerIterations, eps, dim)", a => _ = new SpectralNorm<float>(a.Weight.Memory is null ? null! : Tensor.Create(a.Weight.Memory, a.Weight.Shape), a.Size, a.Eps, a.Dim), new()
        {
            ["weight"] = [new(a => a.Weight = Block<float>.None, Null, null, "weight"), new(a => a.Weight = a.Weight.OfShape(3, 0), Argument, null, "[3, 0]")],
            ["nPowerIterations"] = [new(a => a.Size = 0, Range, null, "0"), new(a => a.Size = -1, Range, null, "-1")],
            ["dim"] = [new(a => a.Dim = 2, Argument, null, "2", "[3, 5]"), new(a => a.Dim = -3, Argument, null, "-3")],
        }),
        Weight("SpectralNorm.Backward(gradOutput)", a => Run(a).Backward(a.GradWeight.Tensor), new()
        {
            ["gradOutput"] = [new(a => a.GradWeight = Block<float>.None, Argument, null, "[]", "[3, 5]"), new(a => a.GradWeight = a.GradWeight.OfShape(5, 3), Argument, null, "[5, 3]", "[3, 5]"), new(a => a.Groups = 0, typeof(InvalidOperationException), null, "backward before forward")],
        }),
        Weight("FrozenBatchNorm.From(norm)", a => FrozenBatchNorm<float>.From((BatchNorm<float>)a.Layer!), new()
        {
            ["norm"] = [new(a => a.Layer = null, Null, null, "norm"), new(a => a.Layer = new BatchNorm<float>(10, trackRunningStats: false), Argument, null, "running statistics")],
        }, "FrozenBatchNorm.From"),
    ];

    private static CallForm Weight(string entryPoint, Action<Arguments> call, Dictionary<string, Wrong[]> own, string? layer = null) =>
        new(entryPoint, layer ?? entryPoint[..entryPoint.IndexOf('.', StringComparison.Ordinal)], Right, call) { Own = own };

    private static Arguments Right()
    {
        Arguments a = new([3, 5], 15) { Layer = new BatchNorm<float>(10), Weight = new(Inputs<float>.Normal(new(1), 15), 0, [3, 5]), GradWeight = new(Inputs<float>.Normal(new(2), 15), 0, [3, 5]), Dim = 0 };
        new WeightNorm<float>(a.Weight.Tensor).Forward(a.Saved);
        return a;
    }

    private static WeightNorm<float> Filled(Arguments a) => new(a.Weight.Tensor);

    private static SpectralNorm<float> Run(Arguments a)
    {
        SpectralNorm<float> norm = new(Tensor.Create(a.Weight.Memory!, a.Weight.Shape));
        if (a.Groups != 0)
            norm.Forward();
        return norm;
    }

    private static CallForm[] Rest =>
    [
        Other("TorchRandom.Rand(shape)", "Rand", a => new TorchRandom().Rand(a.Shape), new()
        {
            ["shape"] = [new(a => a.Shape = [3, -5], Argument, null, "[3, -5]"), new(a => a.Shape = [(nint)1 << 32, (nint)1 << 32], Argument, null, "4294967296"), new(a => a.Shape = [65536, 65536], Argument, null, "[65536, 65536]")],
        }),
        Other("SavedStatistics.InvStd(set)", "SavedStatistics", a => a.Saved!.InvStd(a.Dim), new()
        {
            ["set"] = [new(a => a.Dim = 3, Range, null, "3"), new(a => a.Dim = -1, Range, null, "-1")],
        }),
        Other("StateEntry.set_Count(value)", "StateEntry", a => a.Layer!.State[a.Dim == 0 ? 4 : a.Dim].Count = a.Groups, new()
        {
            ["value"] = [new(a => a.Dim = 1, typeof(InvalidOperationException), null, "bias: is a Parameter of shape [10]"), new(a => a.Groups = -1, Range, null, "BatchNorm: ", "-1")],
        }),
        Other("ExactMoments.Merge(other)", "", a => new ExactMoments().Merge(a.Dim == 0 ? new ExactMoments() : null!), new() { ["other"] = [new(a => a.Dim = 1, Null, null, "other")] }),
        Other("ExactMoments.FromArray(bytes)", "", a => ExactMoments.FromArray(a.Dim == 0 ? new ExactMoments().ToArray() : [1, 2, 3]), new() { ["bytes"] = [new(a => a.Dim = 1, typeof(FormatException), null, "ExactMoments")] }),
        Other("DimensionMoments.new(length)", "DimensionMoments", a => GC.KeepAlive(new DimensionMoments(1 - a.Dim)), new() { ["length"] = [new(a => a.Dim = 1, Range, null, "at least 1")] }),
        Other("DimensionMoments.new(moments)", "DimensionMoments", a => GC.KeepAlive(new DimensionMoments(a.Dim switch { 0 => [new()], 1 => null!, 2 => [], _ => (ExactMoments[])[null!] })), new()
        {
            ["moments"] = [new(a => a.Dim = 1, Null, null, "moments"), new(a => a.Dim = 2, Argument, null, "each index"), new(a => a.Dim = 3, Argument, null, "each index")],
        }),
        Other("DimensionMoments.get_Item(index)", "DimensionMoments", a => GC.KeepAlive(new DimensionMoments(2)[a.Dim]), new() { ["index"] = [new(a => a.Dim = 2, Range, null, "indices 0 to 1"), new(a => a.Dim = -1, Range, null, "-1")] }),
        Other("DimensionMoments.Add(index, values)", "DimensionMoments", a => new DimensionMoments(2).Add(a.Dim, [1f]), new() { ["index"] = [new(a => a.Dim = 2, Range, null, "indices 0 to 1")], ["values"] = [] }),
        Other("DimensionMoments.Merge(other)", "DimensionMoments", a => new DimensionMoments(2).Merge(a.Dim == 1 ? null! : new(2 + a.Dim)), new()
        {
            ["other"] = [new(a => a.Dim = 1, Null, null, "other"), new(a => a.Dim = 2, Argument, null, "length 4", "length 2")],
        }),
        new("SyncBatchNorm.new(communicator, numFeatures, eps, momentum, affine, trackRunningStats)", "SyncBatchNorm", Right,
            a => _ = new SyncBatchNorm<float>(a.Dim == 0 ? new LocalCommunicator() : null!, a.Size, a.Eps, a.Momentum))
        {
            Any = ["affine", "trackRunningStats"],
            Own = new()
            {
                ["communicator"] = [new(a => a.Dim = 1, Null, null, "communicator")],
                ["numFeatures"] = [new(a => a.Size = 0, Range, null, "0"), new(a => a.Size = -1, Range, null, "-1")],
            },
        },
        Other("LocalCommunicator.Run<T>(ranks, program, timeout)", "", a => LocalCommunicator.Run<int>(a.Size, a.Dim == 0 ? communicator => communicator.Rank : null!, TimeSpan.FromSeconds(a.Groups)), new()
        {
            ["ranks"] = [new(a => a.Size = 0, Range, null, "0"), new(a => a.Size = -1, Range, null, "-1")],
            ["program"] = [new(a => a.Dim = 1, Null, null, "program")],
            ["timeout"] = [new(a => a.Groups = 0, Range, "value", "positive"), new(a => a.Groups = -1, Range, "value", "positive"), new(a => a.Groups = 100_000, Range, "value", "a day")],
        }),
        Other("BFloat16.Parse(s)", "BFloat16", a => BFloat16.Parse(Text(a)!), new() { ["s"] = [new(a => a.Dim = 1, Null, null, "s"), new(a => a.Dim = 2, typeof(FormatException), null, "x.5")] }),
        Other("BFloat16.Parse(s, provider)", "BFloat16", a => BFloat16.Parse(Text(a)!, CultureInfo.InvariantCulture), new() { ["s"] = [new(a => a.Dim = 1, Null, null, "s"), new(a => a.Dim = 2, typeof(FormatException), null, "x.5")] }),
        Other("BFloat16.Parse(s, style, provider)", "", a => BFloat16.Parse(Text(a)!, a.Groups != 2 ? NumberStyles.Float : (NumberStyles)(1 << 20), CultureInfo.InvariantCulture), new()
        {
            ["s"] = [new(a => a.Dim = 1, Null, null, "s"), new(a => a.Dim = 2, typeof(FormatException), null, "x.5")], ["style"] = [new(a => a.Groups = 2, Argument, null, "style")],
        }),
        Other("BFloat16.ToString(format)", "BFloat16", a => ((BFloat16)1).ToString(a.Dim == 0 ? "F2" : "Y"), new() { ["format"] = [new(a => a.Dim = 1, typeof(FormatException), null, "Format")] }),
        Other("BFloat16.ToString(format, formatProvider)", "BFloat16", a => ((BFloat16)1).ToString(a.Dim == 0 ? "F2" : "Y", CultureInfo.InvariantCulture), new() { ["format"] = [new(a => a.Dim = 1, typeof(FormatException), null, "Format")] }),
        Other("BFloat16.CompareTo(obj)", "BFloat16", a => ((BFloat16)1).CompareTo(a.Dim == 0 ? (object)(BFloat16)1 : 1.0), new() { ["obj"] = [new(a => a.Dim = 1, Argument, null, "System.Double")] }),
    ];

    private static string? Text(Arguments a) => a.Dim switch { 0 => "0.5", 1 => null, _ => "x.5" };

    private static CallForm Other(string entryPoint, string says, Action<Arguments> call, Dictionary<string, Wrong[]> own) => new(entryPoint, says, Right, call) { Own = own, Any = ["provider", "formatProvider"] };
}

using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>The layers with one input, each in the modes that differ.</summary>
internal static partial class Members
{
    // Pairwise distinct lengths and products, and positions for a few whole vectors and a rest.
    private static readonly nint[] Shape = [4, 10, 7, 11];
    private static readonly nint[] Wrong = [4, 9, 7, 11];
    private static readonly double[] Far = [0, 100, 1e4];

    private static readonly Member[] FirstFour =
    [
        new(
            "BatchNorm", Shape, () => new BatchNorm<float>(10), () => new BatchNorm<double>(10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true, Moved = Running.OfBatch },
        new(
            "BatchNorm in evaluation", Shape, () => new BatchNorm<float>(10), () => new BatchNorm<double>(10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, Var.Of(p.Buffer("running_mean")), Var.Of(p.Buffer("running_var")), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, InEvaluation = true, TakesMask = true },
        new(
            "InstanceNorm", Shape, () => new InstanceNorm<float>(10, affine: true), () => new InstanceNorm<double>(10, affine: true),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Sets(p.Shape, 0, 1), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true },
        new(
            "LayerNorm", Shape, () => new LayerNorm<float>([7, 11]), () => new LayerNorm<double>([7, 11]),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Axes(p.Shape, 2, 3), 1e-5, p.Mask), 2, 3))
        { WrongShape = [4, 10, 7, 12], Offsets = Far, TakesMask = true, FixedPositions = true, NotInPositions = [2, 3] },
        new(
            "LayerNorm over channels", Shape, () => new LayerNorm<float>([10], axes: [1]), () => new LayerNorm<double>([10], axes: [1]),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Axes(p.Shape, 1), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true },
        new(
            "LayerNorm over channels and the last", Shape, () => new LayerNorm<float>([10, 11], axes: [1, -1]), () => new LayerNorm<double>([10, 11], axes: [1, -1]),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Axes(p.Shape, 1, 3), 1e-5, p.Mask), 1, 3))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true, FixedPositions = true, NotInPositions = [1, 3] },
        new(
            "LayerNorm over dimensions 1 and 2, unit offset", Shape, () => new LayerNorm<float>([10, 7], axes: [1, 2], bias: false, unitOffset: true),
            () => new LayerNorm<double>([10, 7], axes: [1, 2], bias: false, unitOffset: true),
            (x, p) => Over.Affine(CentredFormulas.Normalize(x, Over.Axes(p.Shape, 1, 2), 1e-5, p.Mask), Over.Sets(p.Shape, 1, 2), Array.ConvertAll(p.Weight!, w => w + 1)))
        { WrongShape = [4, 10, 8, 11], Offsets = Far, TakesMask = true, FixedPositions = true, NotInPositions = [1, 2] },
        new(
            "InstanceNorm in evaluation", Shape, () => new InstanceNorm<float>(10, trackRunningStats: true), () => new InstanceNorm<double>(10, trackRunningStats: true),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, Var.Of(p.Buffer("running_mean")), Var.Of(p.Buffer("running_var")), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, InEvaluation = true, TakesMask = true },
        new(
            "GroupNorm", Shape, () => new GroupNorm<float>(5, 10), () => new GroupNorm<double>(5, 10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Groups(p.Shape, 5), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true },
        new(
            "LocalResponseNorm", Shape, () => new LocalResponseNorm<float>(5, 0.5), () => new LocalResponseNorm<double>(5, 0.5),
            (x, p) => UncentredFormulas.LocalResponse(x, p.Shape, 5, 0.5, 0.75, 1))
        { WrongShape = [4, 10] },
        new(
            "LocalResponseNorm of an even window", Shape, () => new LocalResponseNorm<float>(4, 2, 0.6, 0.5), () => new LocalResponseNorm<double>(4, 2, 0.6, 0.5),
            (x, p) => UncentredFormulas.LocalResponse(x, p.Shape, 4, 2, 0.6, 0.5))
        { WrongShape = [4, 10] },
        new(
            "LocalResponseNorm as in ONNX", Shape,
            () => new LocalResponseNorm<float>(4, 2, 0.5, 2, LrnWindow.OnnxLrn), () => new LocalResponseNorm<double>(4, 2, 0.5, 2, LrnWindow.OnnxLrn),
            (x, p) => UncentredFormulas.LocalResponse(x, p.Shape, 4, 2, 0.5, 2, onnx: true))
        { WrongShape = [4, 10] },
        Lp("LpNormalize", 2, 1),
        Lp("LpNormalize of p 1", 1, 1),
        Lp("LpNormalize of p 3", 3, 1),
        Lp("LpNormalize of p 0.5 along the last dimension", 0.5, 3),
        Lp("LpNormalize of p 0", 0, 1),
        Lp("LpNormalize of the largest", double.PositiveInfinity, 1),
        Lp("LpNormalize along dimensions 1 and 2", 2, 2, 1),
        Lp("LpNormalize of p 3 along dimension 1 and the last", 3, 1, 3),
        new(
            "DynamicTanh", Shape, () => new DynamicTanh<float>([7, 11]), () => new DynamicTanh<double>([7, 11]),
            (x, p) => UncentredFormulas.DynamicTanh(x, Over.Sets(p.Shape, 2, 3), p.Parameter("alpha")[0], p.Weight, p.Bias))
        { WrongShape = [4, 10, 7, 12], FixedPositions = true, Offsets = [0, 3] },
    ];

    private static readonly Member[] Activated =
    [
        BatchNormAnd(Activation.Relu, ActivationFormulas.Relu), BatchNormAnd(Activation.LeakyRelu(0.2), v => ActivationFormulas.LeakyRelu(v, 0.2)),
        BatchNormAnd(Activation.Silu, ActivationFormulas.Silu), BatchNormAnd(Activation.Gelu, ActivationFormulas.Gelu),
        BatchNormAnd(Activation.GeluTanh, ActivationFormulas.GeluTanh),
        new(
            "LayerNorm and Gelu", Shape, () => new LayerNorm<float>([7, 11]) { Activation = Activation.Gelu }, () => new LayerNorm<double>([7, 11]) { Activation = Activation.Gelu },
            (x, p) => Array.ConvertAll(p.Affine(CentredFormulas.Normalize(x, Over.Axes(p.Shape, 2, 3), 1e-5, p.Mask), 2, 3), ActivationFormulas.Gelu))
        { WrongShape = [4, 10, 7, 12], TakesMask = true, FixedPositions = true, NotInPositions = [2, 3] },
        new(
            "GroupNorm and Silu", Shape, () => new GroupNorm<float>(5, 10) { Activation = Activation.Silu }, () => new GroupNorm<double>(5, 10) { Activation = Activation.Silu },
            (x, p) => Array.ConvertAll(p.Affine(CentredFormulas.Normalize(x, Over.Groups(p.Shape, 5), 1e-5, p.Mask), 1), ActivationFormulas.Silu))
        { WrongShape = Wrong, TakesMask = true },
    ];
    private static Member Lp(string name, double p, params int[] dims) =>
        new(
            name, Shape, () => new LpNormalize<float>(p, dims), () => new LpNormalize<double>(p, dims),
            (x, parts) => UncentredFormulas.LpNormalize(x, Over.Axes(parts.Shape, dims), p, 1e-12))
        { WrongShape = [4], FixedPositions = dims.Max() > 1 };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Member> Every => [.. FirstFour, .. Activated, .. Transformers, .. Vision, .. ThatMix];

    private static Member BatchNormAnd(Activation activation, Converter<Var, Var> formula) => new(
        $"BatchNorm and {activation}", Shape, () => new BatchNorm<float>(10) { Activation = activation }, () => new BatchNorm<double>(10) { Activation = activation },
        (x, p) => Array.ConvertAll(p.Affine(CentredFormulas.Normalize(x, p.Channel, 1e-5, p.Mask), 1), formula))
    { WrongShape = Wrong, Offsets = Far, TakesMask = true };

    public static Member Named(string name) => Every.Single(m => m.Name == name);
}

using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>The layers with one input, each in the modes that differ.</summary>
internal static class Members
{
    // Pairwise distinct lengths and products, and positions for a few whole vectors and a rest.
    private static readonly nint[] Shape = [4, 10, 7, 11];
    private static readonly nint[] Wrong = [4, 9, 7, 11];
    private static readonly double[] Far = [0, 100, 1e4];

    private static readonly Member[] All =
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
        { WrongShape = [4, 10, 7, 12], Offsets = Far, TakesMask = true, FixedPositions = true },
        new(
            "GroupNorm", Shape, () => new GroupNorm<float>(5, 10), () => new GroupNorm<double>(5, 10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Over.Groups(p.Shape, 5), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true },
    ];

    public static TheoryData<string> Names(Func<Member, bool>? which = null) => [.. All.Where(which ?? (_ => true)).Select(m => m.Name)];

    public static Member Named(string name) => All.Single(m => m.Name == name);
}

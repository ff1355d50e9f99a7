using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Layers that normalize rows of a weight's shape, without a mean.</summary>
internal static partial class Members
{
    private static readonly nint[] Rows = [6, 5, 7, 11];
    private static readonly nint[] WrongRows = [6, 5, 7, 12];

    /// <summary>The set of each element where the last dimension is split into groups.</summary>
    private static int[] Grouped(nint[] shape, int groups) => Over.Axes([.. shape[..^1], groups, shape[^1] / groups], shape.Length);

    private static readonly Member[] Transformers =
    [
        new(
            "RmsNorm", Rows, () => new RmsNorm<float>([7, 11]), () => new RmsNorm<double>([7, 11]),
            (x, p) => p.Affine(UncentredFormulas.Rms(x, Over.Axes(p.Shape, 2, 3), p.MachineEpsilon, p.Mask), 2, 3))
        { WrongShape = WrongRows, FixedPositions = true, TakesMask = true, NotInPositions = [2, 3] },
        new(
            "RmsNorm over channels, unit offset", Shape, () => new RmsNorm<float>([10], axes: [1], eps: 1e-3, unitOffset: true),
            () => new RmsNorm<double>([10], axes: [1], eps: 1e-3, unitOffset: true),
            (x, p) => Over.Affine(UncentredFormulas.Rms(x, Over.Axes(p.Shape, 1), 1e-3, p.Mask), p.Channel, Array.ConvertAll(p.Weight!, w => w + 1)))
        { WrongShape = Wrong, TakesMask = true },
        new(
            "RmsNorm without weight", Rows, () => new RmsNorm<float>(11, eps: 1e-6, elementwiseAffine: false), () => new RmsNorm<double>(11, eps: 1e-6, elementwiseAffine: false),
            (x, p) => UncentredFormulas.Rms(x, Over.Axes(p.Shape, 3), 1e-6, p.Mask))
        { WrongShape = WrongRows, FixedPositions = true, TakesMask = true, NotInPositions = [3] },
        new(
            "RmsNorm in 4 groups", [6, 5, 36], () => new RmsNorm<float>(36, eps: 1e-5) { NumGroups = 4 }, () => new RmsNorm<double>(36, eps: 1e-5) { NumGroups = 4 },
            (x, p) => p.Affine(UncentredFormulas.Rms(x, Grouped(p.Shape, 4), 1e-5, p.Mask), 2))
        { WrongShape = [6, 5, 40], FixedPositions = true, TakesMask = true, NotInPositions = [2] },
        new(
            "LayerNorm in 3 groups", [6, 5, 51], () => new LayerNorm<float>(51) { NumGroups = 3 }, () => new LayerNorm<double>(51) { NumGroups = 3 },
            (x, p) => p.Affine(CentredFormulas.Normalize(x, Grouped(p.Shape, 3), 1e-5, p.Mask), 2))
        { WrongShape = [6, 5, 17], Offsets = Far, FixedPositions = true, TakesMask = true, NotInPositions = [2] },
        new(
            "ScaleNorm", [6, 5, 37], () => new ScaleNorm<float>(37), () => new ScaleNorm<double>(37),
            (x, p) => UncentredFormulas.ScaleNorm(x, Over.Axes(p.Shape, 2), p.Weight![0], 1e-5, p.Mask))
        { WrongShape = [6, 5, 36], FixedPositions = true, TakesMask = true, NotInPositions = [2] },
        new(
            "QueryKeyNorm", [3, 4, 5, 37], () => new QueryKeyNorm<float>(4, 37), () => new QueryKeyNorm<double>(4, 37),
            (x, p) => p.Affine(UncentredFormulas.Rms(x, Over.Axes(p.Shape, 3), p.MachineEpsilon, p.Mask), 1, 3))
        { WrongShape = [3, 5, 5, 37], FixedPositions = true, TakesMask = true, NotInPositions = [3] },
    ];
}

using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Layers that normalize rows of a weight's shape, without a mean.</summary>
internal static partial class Members
{
    private static readonly nint[] Rows = [6, 5, 7, 11];
    private static readonly nint[] WrongRows = [6, 5, 7, 12];

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
    ];
}

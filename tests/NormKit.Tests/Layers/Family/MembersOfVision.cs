using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Layers of (N, C, *) beside the first four.</summary>
internal static partial class Members
{
    private static readonly Member[] Vision =
    [
        new(
            "FrozenBatchNorm", Shape, () => new FrozenBatchNorm<float>(10), () => new FrozenBatchNorm<double>(10),
            (x, p) => CentredFormulas.Masked(
                Over.Affine(
                    CentredFormulas.Normalize(x, p.Channel, Var.Of(p.Buffer("running_mean")), Var.Of(p.Buffer("running_var")), 1e-5), p.Channel,
                    Var.Of(p.Buffer("weight")), Var.Of(p.Buffer("bias"))),
                p.Mask))
        { WrongShape = Wrong, TakesMask = true },
        new(
            "GhostBatchNorm", Shape, () => new GhostBatchNorm<float>(10), () => new GhostBatchNorm<double>(10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, CentredFormulas.GhostSets(p.Shape, 2), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true, Moved = Running.OfTwoParts, Splits = 2 },
        new(
            "GhostBatchNorm in evaluation", Shape, () => new GhostBatchNorm<float>(10, numSplits: 3), () => new GhostBatchNorm<double>(10, numSplits: 3),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, Var.Of(p.Buffer("running_mean")), Var.Of(p.Buffer("running_var")), 1e-5, p.Mask), 1))
        { WrongShape = Wrong, InEvaluation = true, TakesMask = true },
        new(
            "WeightStandardization", Shape, () => new WeightStandardization<float>(4), () => new WeightStandardization<double>(4),
            (x, p) => CentredFormulas.Normalize(x, Over.Sets(p.Shape, 0), 1e-6, p.Mask))
        { WrongShape = [5, 10, 7, 11], Offsets = Far, TakesMask = true, FixedPositions = true, FixedSamples = true },
        new(
            "WeightStandardization with a gain, of dimension 1", Shape, () => new WeightStandardization<float>(10, dim: 1, gain: true),
            () => new WeightStandardization<double>(10, dim: -3, gain: true),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, 1e-6, p.Mask), 1))
        { WrongShape = Wrong, Offsets = Far, TakesMask = true },
    ];
}

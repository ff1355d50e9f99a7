using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>The layers whose statistics mix, or that have their activation inside.</summary>
internal static partial class Members
{
    public static IReadOnlyList<Member> ThatMix { get; } =
    [
        new(
            "GlobalResponseNorm", Shape, () => new GlobalResponseNorm<float>(10), () => new GlobalResponseNorm<double>(10),
            (x, p) => UncentredFormulas.GlobalResponse(x, p.Shape, 1e-6, p.Weight!, p.Bias!))
        { WrongShape = Wrong },
        new(
            "FilterResponseNorm", Shape, () => new FilterResponseNorm<float>(10), () => new FilterResponseNorm<double>(10),
            (x, p) => UncentredFormulas.FilterResponse(x, p.Shape, 1e-6, p.Weight!, p.Bias!, p.Parameter("tau")))
        { WrongShape = Wrong },
        new(
            "FilterResponseNorm without threshold", Shape,
            () => new FilterResponseNorm<float>(10, eps: 0.5, threshold: false), () => new FilterResponseNorm<double>(10, eps: 0.5, threshold: false),
            (x, p) => UncentredFormulas.FilterResponse(x, p.Shape, 0.5, p.Weight!, p.Bias!, null))
        { WrongShape = Wrong },
        new(
            "SwitchableNorm", Shape, () => new SwitchableNorm<float>(10), () => new SwitchableNorm<double>(10),
            (x, p) => CentredFormulas.Switchable(x, p.Shape, p.Parameter("mean_weight"), p.Parameter("var_weight"), 1e-5, p.Weight!, p.Bias!))
        { WrongShape = Wrong, Offsets = Far, Moved = Running.OfBatch },
        new(
            "SwitchableNorm in evaluation", Shape, () => new SwitchableNorm<float>(10), () => new SwitchableNorm<double>(10),
            (x, p) => CentredFormulas.Switchable(
                x, p.Shape, p.Parameter("mean_weight"), p.Parameter("var_weight"), 1e-5, p.Weight!, p.Bias!, (p.Buffer("running_mean"), p.Buffer("running_var"))))
        { WrongShape = Wrong, InEvaluation = true },
        new(
            "BatchRenorm", Shape, () => new BatchRenorm<float>(10), () => new BatchRenorm<double>(10), (x, p) => Renormalized(x, p, 3, 5))
        { WrongShape = Wrong, Offsets = Far, Moved = Running.OfBatch },
        new(
            "BatchRenorm within narrow bounds", Shape,
            () => new BatchRenorm<float>(10, rMax: 1.1, dMax: 0.2), () => new BatchRenorm<double>(10, rMax: 1.1, dMax: 0.2),
            (x, p) => Renormalized(x, p, 1.1, 0.2))
        { WrongShape = Wrong },
        new(
            "BatchRenorm in evaluation", Shape, () => new BatchRenorm<float>(10), () => new BatchRenorm<double>(10),
            (x, p) => p.Affine(CentredFormulas.Normalize(x, p.Channel, Var.Of(p.Buffer("running_mean")), Var.Of(p.Buffer("running_var")), 1e-5), 1))
        { WrongShape = Wrong, InEvaluation = true },
        new(
            "EvoNormS0", Shape, () => new EvoNormS0<float>(10, groups: 5), () => new EvoNormS0<double>(10, groups: 5),
            (x, p) => EvoNormFormulas.S0(x, p.Shape, 5, 1e-5, p.Weight!, p.Bias!, p.Parameter("v")))
        { WrongShape = Wrong },
        new(
            "EvoNormB0", Shape, () => new EvoNormB0<float>(10), () => new EvoNormB0<double>(10),
            (x, p) => EvoNormFormulas.B0(x, p.Shape, 1e-3, p.Weight!, p.Bias!, p.Parameter("v")))
        { WrongShape = Wrong, Moved = Running.OfBatchVariance },
        new(
            "EvoNormB0 in evaluation", Shape, () => new EvoNormB0<float>(10), () => new EvoNormB0<double>(10),
            (x, p) => EvoNormFormulas.B0(x, p.Shape, 1e-3, p.Weight!, p.Bias!, p.Parameter("v"), p.Buffer("running_var")))
        { WrongShape = Wrong, InEvaluation = true },
    ];

    private static Var[] Renormalized(Var[] x, Parts p, double rMax, double dMax)
    {
        (double[] r, double[] d) = CentredFormulas.Renormalization(
            [.. x.Select(v => (double)v.Value)], p.Shape, p.Buffer("running_mean"), p.Buffer("running_var"), 1e-5, rMax, dMax);
        return CentredFormulas.BatchRenorm(x, p.Shape, r, d, 1e-5, p.Weight, p.Bias);
    }
}

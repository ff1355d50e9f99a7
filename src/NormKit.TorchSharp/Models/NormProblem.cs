namespace NormKit.TorchSharp;

/// <summary>What can be wrong with a norm of a model.</summary>
public enum NormProblem
{
    /// <summary>A running statistic, weight or bias is NaN or infinite.</summary>
    NotFinite,

    /// <summary>A running variance is negative.</summary>
    NegativeVariance,

    /// <summary>The running statistics are those of a new layer: nothing was trained or loaded.</summary>
    Untouched,

    /// <summary>A weight is 0, so that the channel gives its bias whatever comes in.</summary>
    DeadChannel,

    /// <summary>A running variance is below eps, so that eps decides the scale and not the data.</summary>
    VarianceBelowEps,
}

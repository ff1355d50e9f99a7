using System.Numerics;

namespace NormKit.Kernels;

/// <summary>What a normalization does besides grouping: how moments become a factor, what follows each value, and which elements take part.</summary>
internal readonly struct Rule(Scaling scaling, Activation activation = default, ElementMask mask = default, bool roundsBeforeWeight = false)
{
    public Scaling Scaling { get; } = scaling;

    public Activation Activation { get; } = activation;

    public ElementMask Mask { get; } = mask;

    /// <summary>Whether a normalized value is rounded to the type of the results before its weight; in row kernels alone, and where there is no bias.</summary>
    public bool RoundsBeforeWeight { get; } = roundsBeforeWeight;

    /// <summary>Whether the gradient that reaches a normalized value is the one that was given.</summary>
    public bool HandsGradientsOn => !Activation.IsPresent && !Mask.IsPresent;

    /// <summary>Whether results are not looked at again once they are written.</summary>
    public bool IsDoneWithResults => HandsGradientsOn;

    /// <summary>What is left to do with results that are still in cache.</summary>
    public void Finish<T>(nint offset, Span<T> results) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (Activation.IsPresent)
            Activation.Apply(results);
        if (Mask.IsPresent)
            Mask.Clear(offset, results);
    }
}

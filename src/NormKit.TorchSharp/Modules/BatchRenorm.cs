using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Batch norm whose training output is corrected towards the running statistics, within bounds.</summary>
/// <remarks><code>y = ((x - meanB) / stdB * r + d) * weight[c] + bias[c]        // r and d are constants in the gradient</code>
/// See <see cref="NormKit.BatchRenorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class BatchRenorm : BatchNorm
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="rMax">The largest r.</param>
    /// <param name="dMax">The largest d.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public BatchRenorm(long numFeatures, double eps = 1e-5, double? momentum = 0.1, double rMax = 3, double dMax = 5, Device? device = null, ScalarType? dtype = null)
        : base(new BatchRenormOperator(Sizes.Count(nameof(BatchRenorm<>), nameof(numFeatures), numFeatures), eps, momentum, rMax, dMax, RunningStatisticsPolicy.Propagate), device, dtype)
    {
    }

    /// <summary>Gets or sets the largest r, and one over the least; may change while training.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is less than 1 or NaN.</exception>
    public double RMax
    {
        get => ((BatchRenormOperator)Operator).RMax;
        set => Change((BatchRenormOperator)Operator with { RMax = value });
    }

    /// <summary>Gets or sets the largest d, and minus the least; may change while training.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative or NaN.</exception>
    public double DMax
    {
        get => ((BatchRenormOperator)Operator).DMax;
        set => Change((BatchRenormOperator)Operator with { DMax = value });
    }
}

using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>Batch norm that never trains: statistics, weight and bias are buffers, and gradients reach the input alone.</summary>
/// <remarks><code>y = (x - runningMean[c]) / sqrt(runningVar[c] + eps) * weight[c] + bias[c]</code>
/// See <see cref="NormKit.FrozenBatchNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class FrozenBatchNorm : NormModule
{
    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1, to be written over or loaded.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public FrozenBatchNorm(long numFeatures, double eps = 1e-5, Device? device = null, ScalarType? dtype = null)
        : base(new FrozenBatchNormOperator(Sizes.Count(nameof(FrozenBatchNorm<>), nameof(numFeatures), numFeatures), eps), device, dtype)
    {
    }

    /// <summary>Gets the factor of each channel.</summary>
    public Tensor Weight => Buffer("weight")!;

    /// <summary>Gets what is added to each channel.</summary>
    public Tensor Bias => Buffer("bias")!;

    /// <summary>Gets the mean of each channel.</summary>
    public Tensor RunningMean => Buffer("running_mean")!;

    /// <summary>Gets the variance of each channel.</summary>
    public Tensor RunningVar => Buffer("running_var")!;

    /// <summary>Gets how many channels an input has.</summary>
    public long NumFeatures => ((FrozenBatchNormOperator)Operator).NumFeatures;

    /// <summary>Gets what is added to the variance.</summary>
    public double Eps => ((FrozenBatchNormOperator)Operator).Eps;
}

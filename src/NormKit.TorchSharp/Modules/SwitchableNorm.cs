using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>Mixes the statistics of instance, layer and batch norm, in proportions that it learns.</summary>
/// <remarks><code>mean = p1 * meanIN + p2 * meanLN + p3 * meanBN        p = softmax(meanWeight); the variance likewise</code>
/// See <see cref="NormKit.SwitchableNorm{T}"/>, and <see cref="NormModule"/> for what all modules do.</remarks>
public sealed class SwitchableNorm : AffineNormModule
{
    /// <summary>A layer with weight 1, bias 0, a third of each statistic, running mean 0 and running variance 1.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <param name="device">Where parameters and buffers lie; torch's default unless given.</param>
    /// <param name="dtype">The type of parameters and buffers; torch's default unless given.</param>
    /// <exception cref="ArgumentException">A number is out of its range.</exception>
    public SwitchableNorm(long numFeatures, double eps = 1e-5, double momentum = 0.1, Device? device = null, ScalarType? dtype = null)
        : base(new SwitchableNormOperator(Sizes.Count(nameof(SwitchableNorm<>), nameof(numFeatures), numFeatures), eps, momentum), device, dtype)
    {
    }

    /// <summary>Gets how much of the mean is the instance's, the layer's and the batch's, before the softmax.</summary>
    public TorchParameter MeanWeight => Parameter("mean_weight")!;

    /// <summary>Gets the same for the variance.</summary>
    public TorchParameter VarWeight => Parameter("var_weight")!;

    /// <summary>Gets the running mean of each channel.</summary>
    public Tensor RunningMean => Buffer("running_mean")!;

    /// <summary>Gets the running unbiased variance of each channel.</summary>
    public Tensor RunningVar => Buffer("running_var")!;

    /// <summary>Gets how many channels an input has.</summary>
    public long NumFeatures => ((SwitchableNormOperator)Operator).NumFeatures;

    /// <summary>Gets what is added to the variance.</summary>
    public double Eps => ((SwitchableNormOperator)Operator).Eps;
}

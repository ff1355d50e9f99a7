namespace NormKit.TorchSharp;

/// <summary><see cref="BatchNorm"/> that takes the number of channels from its first input.</summary>
/// <remarks><inheritdoc/></remarks>
public sealed class LazyBatchNorm : BatchNorm
{
    /// <summary>A layer without channels until its first input, or <see cref="Materialize"/>.</summary>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <param name="device">Where parameters and buffers will lie; the first input's unless given.</param>
    /// <param name="dtype">The type of parameters and running statistics; the first input's unless given.</param>
    public LazyBatchNorm(
        double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true, Device? device = null, ScalarType? dtype = null)
        : base(nameof(LazyBatchNorm<>), 0, 0, eps, momentum, affine, trackRunningStats, device, dtype, isLazy: true)
    {
    }

    /// <summary>Makes parameters and buffers before the first input, so that an optimizer or a state dictionary finds them.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <exception cref="InvalidOperationException">The layer has its channels already.</exception>
    public void Materialize(long numFeatures)
    {
        if (!IsLazy)
            throw new InvalidOperationException($"{Operator.Name}: the layer has its {NumFeatures} channels already.");
        Materialize(numFeatures, like: null);
    }
}

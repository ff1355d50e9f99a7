using NormKit.TorchSharp.Operators;
using NormKit.TorchSharp.Passes;

namespace NormKit.TorchSharp;

/// <summary>The layers as functions without state, as torch.nn.functional has them: on torch's tensors, within torch's graph.</summary>
/// <remarks>See <see cref="NormModule"/> for memory, types, devices and gradients, which are the same here.</remarks>
public static class Functional
{
    /// <summary>Normalizes each channel over the batch and all positions.</summary>
    /// <param name="input">(N, C, *).</param>
    /// <param name="runningMean">The running mean (C), moved in training and used otherwise; null for none.</param>
    /// <param name="runningVar">The running variance (C); null for none.</param>
    /// <param name="weight">The factor of each channel (C); null for ones.</param>
    /// <param name="bias">What is added to each channel (C); null for zeros.</param>
    /// <param name="training">Whether the batch's own statistics normalize.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit, or there are no running statistics to use.</exception>
    public static Tensor BatchNorm(
        Tensor input, Tensor? runningMean, Tensor? runningVar, Tensor? weight = null, Tensor? bias = null, bool training = false, double momentum = 0.1,
        double eps = 1e-5)
    {
        if (!training && (runningMean is null || runningVar is null))
            throw new ArgumentException("BatchNorm: without training the running statistics normalize, so give both.", nameof(runningMean));
        return Running(
            nameof(BatchNorm), input, runningMean, runningVar, weight, bias, training,
            (channels, affine, tracks) => new BatchNormOperator(nameof(BatchNorm), 0, channels, eps, momentum, affine, tracks, RunningStatisticsPolicy.Propagate));
    }

    /// <summary>Normalizes each channel of each sample over its positions.</summary>
    /// <param name="input">(N, C, *).</param>
    /// <param name="runningMean">The running mean (C), moved where the input's statistics are used; null for none.</param>
    /// <param name="runningVar">The running variance (C); null for none.</param>
    /// <param name="weight">The factor of each channel (C); null for ones.</param>
    /// <param name="bias">What is added to each channel (C); null for zeros.</param>
    /// <param name="useInputStats">Whether the input's own statistics normalize.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit, or there are no running statistics to use.</exception>
    public static Tensor InstanceNorm(
        Tensor input, Tensor? runningMean = null, Tensor? runningVar = null, Tensor? weight = null, Tensor? bias = null, bool useInputStats = true,
        double momentum = 0.1, double eps = 1e-5)
    {
        if (!useInputStats && (runningMean is null || runningVar is null))
            throw new ArgumentException("InstanceNorm: without the input's statistics the running ones normalize, so give both.", nameof(runningMean));
        return Running(
            nameof(InstanceNorm), input, runningMean, runningVar, weight, bias, useInputStats,
            (channels, affine, tracks) => new InstanceNormOperator(nameof(InstanceNorm), 0, channels, eps, momentum, affine, tracks, RunningStatisticsPolicy.Propagate));
    }

    /// <summary>Normalizes over the trailing dimensions.</summary>
    /// <param name="input">(*, normalizedShape).</param>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="weight">The factor of each element, of normalizedShape; null for ones.</param>
    /// <param name="bias">What is added to each element, of normalizedShape; null for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit.</exception>
    public static Tensor LayerNorm(Tensor input, long[] normalizedShape, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
    {
        Sizes shape = Sizes.Of(normalizedShape);
        RequireShape(nameof(LayerNorm), nameof(weight), weight, shape.Lengths);
        RequireShape(nameof(LayerNorm), nameof(bias), bias, shape.Lengths);
        bool affine = weight is not null || bias is not null;
        return Call(new LayerNormOperator(shape, new([]), eps, affine, bias is not null, UnitOffset: false), input, Given(affine, weight, bias));
    }

    /// <summary>Divides by the root mean square over the trailing dimensions.</summary>
    /// <param name="input">(*, normalizedShape).</param>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="weight">The factor of each element, of normalizedShape; null for ones.</param>
    /// <param name="eps">Added to the mean of squares, inside the root; null for the epsilon of the type computed in.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit.</exception>
    public static Tensor RmsNorm(Tensor input, long[] normalizedShape, Tensor? weight = null, double? eps = null)
    {
        Sizes shape = Sizes.Of(normalizedShape);
        RequireShape("RmsNorm", nameof(weight), weight, shape.Lengths);
        return Call(new RmsNormOperator(shape, new([]), eps, weight is not null, UnitOffset: false), input, weight is null ? [] : [weight]);
    }

    /// <summary>Normalizes each sample over groups of channels and all positions.</summary>
    /// <param name="input">(N, C, *).</param>
    /// <param name="numGroups">How many groups the channels are split into, in their order.</param>
    /// <param name="weight">The factor of each channel (C); null for ones.</param>
    /// <param name="bias">What is added to each channel (C); null for zeros.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">A shape, type or device does not fit.</exception>
    public static Tensor GroupNorm(Tensor input, long numGroups, Tensor? weight = null, Tensor? bias = null, double eps = 1e-5)
    {
        int channels = Channels(nameof(GroupNorm), input);
        RequireShape(nameof(GroupNorm), nameof(weight), weight, [channels]);
        RequireShape(nameof(GroupNorm), nameof(bias), bias, [channels]);
        bool affine = weight is not null || bias is not null;
        return Call(new GroupNormOperator(Sizes.Count(nameof(GroupNorm), nameof(numGroups), numGroups), channels, eps, affine), input, affine ? [weight, bias] : []);
    }

    /// <summary>Divides each value by the neighbouring channels' mean square, raised to a power.</summary>
    /// <param name="input">(N, C, *).</param>
    /// <param name="size">How many channels a window has.</param>
    /// <param name="alpha">The factor of the mean square.</param>
    /// <param name="beta">The exponent.</param>
    /// <param name="k">Added to the mean square.</param>
    /// <exception cref="ArgumentException">A shape or type does not fit.</exception>
    public static Tensor LocalResponseNorm(Tensor input, long size, double alpha = 1e-4, double beta = 0.75, double k = 1) =>
        Call(new LocalResponseNormOperator(Sizes.Count(nameof(LocalResponseNorm), nameof(size), size), alpha, beta, k, LrnWindow.PyTorch), input, []);

    /// <summary>Scales the vectors along a dimension to length 1.</summary>
    /// <param name="input">Any shape with that dimension.</param>
    /// <param name="p">The norm; not negative.</param>
    /// <param name="dim">The dimension along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that is divided by.</param>
    /// <exception cref="ArgumentException">A shape or type does not fit.</exception>
    public static Tensor Normalize(Tensor input, double p = 2, int dim = 1, double eps = 1e-12) =>
        Call(new LpNormalizeOperator(nameof(Normalize), p, dim, eps), input, []);

    private static Tensor Running(
        string name, Tensor input, Tensor? mean, Tensor? variance, Tensor? weight, Tensor? bias, bool training, Func<int, bool, bool, NormOperator> create)
    {
        int channels = Channels(name, input);
        if (mean is null != variance is null)
            throw new ArgumentException($"{name}: give both runningMean and runningVar, or neither.", mean is null ? "runningMean" : "runningVar");
        RequireShape(name, "runningMean", mean, [channels]);
        RequireShape(name, "runningVar", variance, [channels]);
        RequireShape(name, nameof(weight), weight, [channels]);
        RequireShape(name, nameof(bias), bias, [channels]);
        bool affine = weight is not null || bias is not null;
        return Call(create(channels, affine, mean is not null), input, affine ? [weight, bias] : [], mean is null ? [] : [mean, variance!], training);
    }

    private static Tensor?[] Given(bool affine, Tensor? weight, Tensor? bias) => !affine ? [] : bias is null ? [weight] : [weight, bias];

    private static Tensor Call(NormOperator op, Tensor input, Tensor?[] parameters, Tensor[]? buffers = null, bool training = true) => Layers.Call(
        LayerPool.Of(op), input, new(parameters, buffers ?? [], null, training), ["weight", "bias"], ["running_mean", "running_var"]);

    private static int Channels(string name, Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.dim() < 2)
            throw new ArgumentException($"{name}: expected at least 2 dimensions, (N, C, *), for the input, but received {input.dim()}.", nameof(input));
        // A layer has a channel at least; an input without any is refused by its size.
        return Sizes.Count(name, nameof(input), Math.Max(1, input.size(1)));
    }

    private static void RequireShape(string name, string what, Tensor? tensor, long[] shape)
    {
        if (tensor is not null && !tensor.shape.AsSpan().SequenceEqual(shape))
            throw new ArgumentException($"{name}: {what} has shape [{string.Join(", ", tensor.shape)}]; it must be [{string.Join(", ", shape)}].", what);
    }
}

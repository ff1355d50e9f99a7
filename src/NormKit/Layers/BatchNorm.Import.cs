namespace NormKit;

public partial class BatchNorm<T>
{
    /// <summary>A layer that continues one of Keras, <c>keras.layers.BatchNormalization</c>, from its weights in the order of <c>get_weights()</c>.</summary>
    /// <remarks>
    /// <code>y = gamma * (x - moving_mean) / sqrt(moving_variance + epsilon) + beta
    /// moving = momentum * moving + (1 - momentum) * batch</code>
    /// Momentum turns round: the layer's is 1 - Keras'. In evaluation the result is Keras'. The moving variance is taken as it is, though Keras moves
    /// it by the population variance of each batch and this layer by the unbiased one: trained on, it tends to n / (n - 1) of Keras' for batches of n
    /// values a channel. Channels stay in dimension 1, where Keras' default is the last. The layer is in training mode and has seen no batch.
    /// Source: keras 3, src/layers/normalization/batch_normalization.py.
    /// </remarks>
    /// <param name="gamma">A value a channel; none where the Keras layer has <c>scale=False</c>.</param>
    /// <param name="beta">A value a channel; none where it has <c>center=False</c>. Where only one of both is none it becomes ones or zeros, which train.</param>
    /// <param name="movingMean">A value a channel.</param>
    /// <param name="movingVariance">A value a channel.</param>
    /// <param name="momentum">Keras': the weight of the old value.</param>
    /// <param name="epsilon">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentException">There is no channel, or another number of values for one than for another.</exception>
    /// <exception cref="ArgumentOutOfRangeException">Momentum is outside 0 to 1, or epsilon negative or not finite.</exception>
    public static BatchNorm<T> FromKeras(
        ReadOnlySpan<T> gamma, ReadOnlySpan<T> beta, ReadOnlySpan<T> movingMean, ReadOnlySpan<T> movingVariance, double momentum = 0.99, double epsilon = 1e-3) =>
        Import(Keras, gamma, beta, movingMean, movingVariance, momentum, epsilon, static (c, eps, m, affine) => new BatchNorm<T>(c, eps, m, affine));

    /// <summary>A layer that continues ONNX' operator <c>BatchNormalization</c>, from its inputs in their order.</summary>
    /// <remarks>
    /// <code>y = scale * (x - input_mean) / sqrt(input_var + epsilon) + bias
    /// running = momentum * running + (1 - momentum) * batch</code>
    /// Momentum turns round: the layer's is 1 - ONNX'. In evaluation the result is ONNX'. The variance is taken as it is, though ONNX moves it by the
    /// population variance of each batch and this layer by the unbiased one: trained on, it tends to n / (n - 1) of ONNX' for batches of n values a
    /// channel. The layer is in training mode and has seen no batch.
    /// Source: onnx, docs/Operators.md, BatchNormalization-15.
    /// </remarks>
    /// <param name="scale">A value a channel; none for ones.</param>
    /// <param name="bias">A value a channel; none for zeros. Where only one of both is none it becomes ones or zeros, which train.</param>
    /// <param name="mean">A value a channel.</param>
    /// <param name="var">A value a channel.</param>
    /// <param name="momentum">ONNX': the weight of the old value.</param>
    /// <param name="epsilon">Added to the variance, inside the root.</param>
    /// <inheritdoc cref="FromKeras"/>
    public static BatchNorm<T> FromOnnx(
        ReadOnlySpan<T> scale, ReadOnlySpan<T> bias, ReadOnlySpan<T> mean, ReadOnlySpan<T> var, double momentum = 0.9, double epsilon = 1e-5) =>
        Import(Onnx, scale, bias, mean, var, momentum, epsilon, static (c, eps, m, affine) => new BatchNorm<T>(c, eps, m, affine));

    /// <summary>Where values come from and what they are called there, in the order of <see cref="Import"/>.</summary>
    private protected static readonly string[] Keras = ["FromKeras", "gamma", "beta", "movingMean", "movingVariance"];

    /// <inheritdoc cref="Keras"/>
    private protected static readonly string[] Onnx = ["FromOnnx", "scale", "bias", "mean", "var"];

    private protected static TLayer Import<TLayer>(
        string[] names, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, ReadOnlySpan<T> mean, ReadOnlySpan<T> variance, double momentum, double epsilon,
        Func<int, double, double, bool, TLayer> create)
        where TLayer : BatchNorm<T>
    {
        string caller = $"BatchNorm.{names[0]}";
        Interop.NormCall.CheckEps(caller, epsilon);
        if (!(momentum >= 0 && momentum <= 1))
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, $"{caller}: momentum is the weight of the old value, between 0 and 1.");
        if (mean.IsEmpty)
            throw new ArgumentException($"{caller}: {names[3]} is empty; it has one value a channel.", names[3]);
        RequireLength(weight.Length, 1, mayBeNone: true, mean.Length);
        RequireLength(bias.Length, 2, mayBeNone: true, mean.Length);
        RequireLength(variance.Length, 4, mayBeNone: false, mean.Length);

        // 1 - momentum is exact from 0.5 up (Sterbenz), so the old value keeps the weight that it had.
        TLayer layer = create(mean.Length, epsilon, 1 - momentum, !weight.IsEmpty || !bias.IsEmpty);
        weight.CopyTo(layer.Weight?.Values);
        bias.CopyTo(layer.Bias?.Values);
        mean.CopyTo(layer.RunningMeans.Dense);
        variance.CopyTo(layer.RunningVars.Dense);
        return layer;

        void RequireLength(int length, int name, bool mayBeNone, int channels)
        {
            if (length != channels && !(mayBeNone && length == 0))
                throw new ArgumentException($"{caller}: {names[name]} has {length} values, {names[3]} has {channels}; each has one a channel.", names[name]);
        }
    }
}

using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Folding;
using NormKit.Interop;

namespace NormKit;

/// <summary>
/// Folds a batch norm, as it is in evaluation, into the linear or convolution layer before or after it: the one layer that remains gives the same
/// result, and the norm costs nothing. See docs/folding.md.
/// </summary>
/// <remarks><code>scale = weight / sqrt(runningVar + eps)     shift = bias - runningMean * scale     // the norm is x * scale + shift
/// into the layer before:  w'[o, i, k] = w[o, i, k] * scale[o]     b'[o] = (b[o] - runningMean[o]) * scale[o] + bias[o]
/// into the layer after:   w'[o, i, k] = w[o, i, k] * scale[i]     b'[o] = b[o] + sum over i, k of w[o, i, k] * shift[i]</code>
/// Computed in double and rounded once. Norm and layer are only read; the results are new tensors. The running statistics are taken whether the norm
/// is in training or evaluation mode: they are what evaluation would use. A variance and eps of 0 give a scale of 0, as in the layer.</remarks>
public static class BatchNormFolding
{
    /// <summary>One layer in place of a layer and the norm that follows it: <c>norm(layer(x))</c>. Exact for any padding, stride and dilation.</summary>
    /// <param name="norm">The norm, with as many channels as the layer has outputs.</param>
    /// <param name="layer">Which layer it is, and so what shape its weight has.</param>
    /// <param name="weight">The layer's weight, of the shape that <see cref="FoldableLayer"/> gives, in any layout.</param>
    /// <param name="bias">The layer's bias: (out); none for zeros.</param>
    /// <param name="groups">Into how many groups the channels of a convolution split.</param>
    /// <returns>Weight and bias of the one layer; stride, padding, dilation and groups stay.</returns>
    /// <exception cref="ArgumentException">The norm has no running statistics, or some of which nothing finite can be made; weight, bias, groups and
    /// channels do not fit each other; or a result is beyond the range of <typeparamref name="T"/>.</exception>
    public static FoldedLayer<T> FoldIntoPreceding<T>(
        BatchNorm<T> norm, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias = default, int groups = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IntoPreceding(MapOf(nameof(FoldIntoPreceding), norm), layer, weight, bias, groups);

    /// <inheritdoc cref="FoldIntoPreceding{T}(BatchNorm{T}, FoldableLayer, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, int)"/>
    public static FoldedLayer<T> FoldIntoPreceding<T>(
        FrozenBatchNorm<T> norm, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias = default, int groups = 1)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IntoPreceding(MapOf(nameof(FoldIntoPreceding), norm), layer, weight, bias, groups);

    /// <summary>One layer in place of a norm and the layer that follows it: <c>layer(norm(x))</c>. Exact where the layer reads nothing but the norm's outputs.</summary>
    /// <remarks>A convolution that pads with zeros reads those too, and unfolded it reads 0 where the folded one would need -shift / scale. A
    /// transposed convolution always reads zeros, between its inputs and around them. In both cases a norm folds if every shift is 0, and is refused
    /// otherwise. Reflecting, replicating and circular padding repeat the norm's outputs and do no harm.</remarks>
    /// <param name="norm">The norm, with as many channels as the layer has inputs.</param>
    /// <param name="layer">Which layer it is, and so what shape its weight has.</param>
    /// <param name="weight">The layer's weight, of the shape that <see cref="FoldableLayer"/> gives, in any layout.</param>
    /// <param name="bias">The layer's bias: (out); none for zeros.</param>
    /// <param name="groups">Into how many groups the channels of a convolution split.</param>
    /// <param name="hasZeroPadding">Whether the convolution pads its input with zeros. It must be said for a convolution; the other layers do without.</param>
    /// <returns>Weight and bias of the one layer; stride, padding, dilation and groups stay.</returns>
    /// <exception cref="ArgumentException">The layer reads zeros and a shift is not 0; <paramref name="hasZeroPadding"/> is missing, or given for a layer
    /// that is no convolution; the norm has no running statistics, or some of which nothing finite can be made; weight, bias, groups and channels do
    /// not fit each other; or a result is beyond the range of <typeparamref name="T"/>.</exception>
    public static FoldedLayer<T> FoldIntoFollowing<T>(
        BatchNorm<T> norm, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias = default, int groups = 1,
        bool? hasZeroPadding = null) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IntoFollowing(MapOf(nameof(FoldIntoFollowing), norm), layer, weight, bias, groups, hasZeroPadding);

    /// <inheritdoc cref="FoldIntoFollowing{T}(BatchNorm{T}, FoldableLayer, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, int, bool?)"/>
    public static FoldedLayer<T> FoldIntoFollowing<T>(
        FrozenBatchNorm<T> norm, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias = default, int groups = 1,
        bool? hasZeroPadding = null) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        IntoFollowing(MapOf(nameof(FoldIntoFollowing), norm), layer, weight, bias, groups, hasZeroPadding);

    private static FoldedLayer<T> IntoPreceding<T>(
        ChannelMap map, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias, int groups)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const string Caller = nameof(FoldIntoPreceding);
        FilterBank bank = FilterBank.Of(Caller, layer, weight, groups);
        CheckBias(Caller, bank, bias);
        if (map.Channels != bank.Outputs)
            throw ChannelMismatch(Caller, map, "output", bank.Outputs, weight, groups);
        return Fold.AfterLayer(Caller, map, bank, weight, bias);
    }

    private static FoldedLayer<T> IntoFollowing<T>(
        ChannelMap map, FoldableLayer layer, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias, int groups, bool? hasZeroPadding)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const string Caller = nameof(FoldIntoFollowing);
        FilterBank bank = FilterBank.Of(Caller, layer, weight, groups);
        CheckBias(Caller, bank, bias);
        if (hasZeroPadding.HasValue != (layer == FoldableLayer.Convolution))
        {
            throw new ArgumentException(
                hasZeroPadding.HasValue
                    ? $"{Caller}: hasZeroPadding is for a convolution; a {(layer == FoldableLayer.Linear ? "linear layer reads no zeros" : "transposed convolution always reads zeros")}."
                    : $"{Caller}: say whether the convolution pads with zeros (hasZeroPadding); a norm with a shift cannot be folded into one that does.",
                nameof(hasZeroPadding));
        }
        if (map.Channels != bank.Inputs)
            throw ChannelMismatch(Caller, map, "input", bank.Inputs, weight, groups);
        if (hasZeroPadding == true || layer == FoldableLayer.TransposedConvolution)
            RequireNoShift(Caller, map, layer);
        return Fold.BeforeLayer(Caller, map, bank, weight, bias);
    }

    private static ChannelMap MapOf<T>(string caller, BatchNorm<T> norm) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(norm);
        if (norm.RunningMean is null || norm.RunningVar is null)
            throw new ArgumentException($"{caller}: the norm has no running statistics (trackRunningStats is false, or it is lazy and has seen no input), so it normalizes by each batch's own, which no fixed weight can.", nameof(norm));
        return MapOf(caller, norm, norm.RunningMean, norm.RunningVar);
    }

    private static ChannelMap MapOf<T>(string caller, FrozenBatchNorm<T> norm) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(norm);
        return MapOf(caller, norm, norm.RunningMean, norm.RunningVar);
    }

    private static ChannelMap MapOf<T>(string caller, GroupedNormLayer<T> norm, Tensor<T> runningMean, Tensor<T> runningVar)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (norm.Activation.IsPresent)
            throw new ArgumentException($"{caller}: the norm is followed by {norm.Activation}, which no weight can hold; set its Activation to None, fold, and apply the activation where the norm's output went.", nameof(norm));
        T[] mean = new T[runningMean.FlattenedLength], variance = new T[runningVar.FlattenedLength];
        runningMean.FlattenTo(mean);
        runningVar.FlattenTo(variance);
        return ChannelMap.From<T>(caller, mean, variance, norm.Weight?.Values, norm.Bias?.Values, norm.Eps);
    }

    private static void CheckBias<T>(string caller, in FilterBank bank, in ReadOnlyTensorSpan<T> bias)
    {
        if (bias.Rank != 0 && (bias.Rank != 1 || bias.Lengths[0] != bank.Outputs))
            throw new ArgumentException($"{caller}: bias has shape {Shapes.Text(bias.Lengths)}; the layer has {bank.Outputs} output channels and needs [{bank.Outputs}], or no bias.", nameof(bias));
    }

    private static ArgumentException ChannelMismatch<T>(string caller, ChannelMap map, string side, int channels, in ReadOnlyTensorSpan<T> weight, int groups) =>
        new($"{caller}: the norm has {map.Channels} channels and the layer {channels} {side} channels (weight {Shapes.Text(weight.Lengths)}, groups {groups}); they must be as many.", nameof(weight));

    private static void RequireNoShift(string caller, ChannelMap map, FoldableLayer layer)
    {
        for (int c = 0; c < map.Channels; c++)
        {
            double shift = map.Of(0, c), scale = map.Scale(c);
            if (shift == 0)
                continue;
            string zeros = layer == FoldableLayer.Convolution ? "pads with zeros" : "reads zeros between and around its inputs";
            string way = layer == FoldableLayer.TransposedConvolution ? ""
                : scale == 0 ? "pad by other values than zeros, or "
                : string.Create(CultureInfo.InvariantCulture, $"pad each channel by -shift / scale ({-shift / scale} in channel {c}), which the norm maps to 0, and say hasZeroPadding: false; or ");
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"{caller}: the layer {zeros}, and the norm shifts channel {c} by {shift}: folded, the shift would reach those zeros as well. To fold, {way}fold the norm into the layer before it."),
                layer == FoldableLayer.Convolution ? "hasZeroPadding" : "layer");
        }
    }
}

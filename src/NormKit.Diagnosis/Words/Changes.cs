namespace NormKit.Diagnosis.Words;

/// <summary>What to change where a cause is a mistake.</summary>
internal static class Changes
{
    /// <summary>A sentence; null where there is nothing to say.</summary>
    public static string? Of(CauseKind kind) => kind switch
    {
        CauseKind.OtherGroups => "Set the number of groups: GroupNorm(num_groups, num_channels) in PyTorch, TorchSharp and NormKit, groups= in Keras (default 32), num_groups in ONNX.",
        CauseKind.InterleavedGroups => "Groups are of neighbouring channels: reshape (N, C, *) to (N, G, C / G, *), not to (N, C / G, G, *).",
        CauseKind.ChannelOrder => "Name the channel's dimension: permute the input in PyTorch, TorchSharp and ONNX, axis=1 in Keras (default -1); NormKit takes strided views.",
        CauseKind.MisreadLayout or CauseKind.OutputLayout => "Transpose, do not reshape: x.permute(0, 2, 3, 1) in PyTorch and TorchSharp, keras.ops.transpose, Transpose in ONNX; a reshape leaves the memory in the old order.",
        CauseKind.SampleVariance => "Divide by n: x.var(dim, correction=0) in PyTorch, unbiased: false in TorchSharp; keras.ops.var, ONNX's ReduceMean of squares and NormKit's layers divide by n.",
        CauseKind.Eps => "Set eps: eps= in PyTorch (1e-5), eps: in TorchSharp and NormKit, epsilon= in Keras (default 1e-3) and ONNX (1e-5; com.microsoft's Skip operators 1e-12 in ONNX Runtime); Flax has 1e-6 but for batch norm.",
        CauseKind.EpsOutside => "Add eps to the variance, inside the root: rsqrt(var + eps); PyTorch, TorchSharp, Keras, ONNX and NormKit all do.",
        CauseKind.OutputTruncated => "Round to nearest, ties to even, where a float becomes 16 bits: __float2bfloat16_rn in CUDA, not a shift of the bits by 16.",
        CauseKind.StatisticsOfOtherInput => "Take the statistics from the numbers that are normalized: where a residual sum is rounded to 16 bits, both before or both after.",
        CauseKind.SumsRounded => "Accumulate sums in float32: x.float().pow(2).mean(-1) in PyTorch; NormKit does.",
        CauseKind.WeightSumRounded => "Add 1 to the weight in float32: 1.0 + weight.float(), as Gemma's reference code has it; unitOffset in NormKit does.",
        CauseKind.EpsAfterDivision => "Set parentheses: (x - mean) / sqrt(var + eps), not (x - mean) / sqrt(var) + eps.",
        CauseKind.EpsClamp => "Add eps to the variance in place of bounding the deviation; only functional.normalize bounds.",
        CauseKind.NotCentered or CauseKind.SpreadNotCentered => "Subtract the mean and divide by the root of the variance, or by that of the mean square without the mean (RMS norm); not one of each.",
        CauseKind.NotScaled or CauseKind.FoldNotDivided => "Divide by the deviation: scale = weight / sqrt(var + eps).",
        CauseKind.RunningStatistics => "The program evaluates: call train() in PyTorch and TorchSharp, training=True in Keras, training_mode=1 in ONNX, Train() in NormKit.",
        CauseKind.BatchStatistics => "The program trains: call eval() in PyTorch and TorchSharp, training=False in Keras, training_mode=0 in ONNX, Eval() in NormKit.",
        CauseKind.MixedStatistics => "Take mean and variance from the same place: both from the batch or both running.",
        CauseKind.StaleStatistics => "Copy the running statistics again after training: running_mean and running_var are buffers, not parameters (moving_mean and moving_variance in Keras, input_mean and input_var in ONNX).",
        CauseKind.InitialStatistics => "Load the running statistics: running_mean and running_var of state_dict in PyTorch, TorchSharp and NormKit, moving_mean and moving_variance in Keras, input_mean and input_var in ONNX.",
        CauseKind.Poisoned => "Train the running statistics again without the batch that had NaN or infinity, or, in TorchSharp, without batches of one value a channel; NormKit leaves such batches out where NonFinite is Skip.",
        CauseKind.VarianceNotRooted => "Divide by the root: sqrt(var + eps), or sqrt(mean(x^2) + eps) in RMS norm.",
        CauseKind.WeightIgnored => "Multiply by the weight: affine=True or elementwise_affine=True in PyTorch, affine: true in TorchSharp and NormKit, scale=True in Keras, the scale input in ONNX.",
        CauseKind.BiasIgnored => "Add the bias: bias=True in PyTorch's LayerNorm, bias: true in TorchSharp's and NormKit's, center=True in Keras, the B input in ONNX.",
        CauseKind.Swapped => "Weight multiplies, bias is added: gamma and beta in Keras, scale and B in ONNX, in this order.",
        CauseKind.WeightPerGroup => "ONNX GroupNormalization 18 takes a scale a group, 21 and all others a scale a channel: repeat each value C / num_groups times.",
        CauseKind.WeightOrder => "Lay the weight over the dimensions that the layer normalizes, in the order of the input's memory; transpose it where the layout changed.",
        CauseKind.WeightOffset => "Weights stored minus one (Gemma, unit_offset) need 1 added, others must not have it: unitOffset in NormKit, 1 + weight elsewhere.",
        CauseKind.WeightTwice => "Multiply by the weight once: look for a folded weight that is applied again.",
        CauseKind.BiasTwice => "Add the bias once: look for a fused operation, or TorchSharp's FrozenBatchNorm2d, that keeps it.",
        CauseKind.BiasBeforeWeight => "Add the bias after the weight has multiplied.",
        CauseKind.BiasOfOnes => "A missing bias is zeros.",
        CauseKind.InputRounded => "Keep the input in float32 up to the layer: exclude it from autocast in PyTorch and TorchSharp, dtype='float32' in Keras, no Cast before it in ONNX.",
        CauseKind.OutputRounded => "The result is in fewer bits than it is stored in: look for an autocast or a Cast behind the layer.",
        CauseKind.StatisticsRounded => "Compute mean and variance in float32: stash_type=1 in ONNX, x.float() in PyTorch and TorchSharp, dtype='float32' in Keras; NormKit does.",
        CauseKind.ParametersRounded => "Keep weight and bias in float32: PyTorch, TorchSharp and NormKit take them beside 16-bit input.",
        CauseKind.CastBeforeWeight => "PyTorch's and NormKit's RMS norm multiply by the weight and then round; Llama's code in HF Transformers, and ONNX's operators with stash_type, round first. Take the same on both sides.",
        CauseKind.FastVariance => "Take the mean first and then the squared deviations: use_fast_variance=False in Flax, Moments in NormKit; PyTorch's channels-last group norm on CPU computes so.",
        CauseKind.FoldMeanAdded or CauseKind.FoldMeanMissing or CauseKind.FoldMeanNotScaled => "Fold as bias' = bias - running_mean * scale with scale = weight / sqrt(running_var + eps): fuse_conv_bn_eval in PyTorch, BatchNormFolding in NormKit.",
        CauseKind.FoldBiasNotScaled or CauseKind.FoldBiasDropped => "The convolution's bias is scaled too: bias' = bias + (conv_bias - running_mean) * scale: fuse_conv_bn_eval in PyTorch, BatchNormFolding in NormKit.",
        CauseKind.MirroredWindow => "A window of even size leans to the lower channels in PyTorch and TorchSharp, to the higher in ONNX: LrnWindow in NormKit; use an odd size.",
        CauseKind.RunningWindow => "Use LocalResponseNorm, not CrossMapLRN2d, in PyTorch; TorchSharp, ONNX and NormKit have the former only.",
        CauseKind.WindowSum => "PyTorch, TorchSharp, ONNX and NormKit divide alpha by the size; TensorFlow does not: multiply its alpha by the size.",
        _ => null,
    };
}

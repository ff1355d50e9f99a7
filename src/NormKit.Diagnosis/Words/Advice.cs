namespace NormKit.Diagnosis.Words;

/// <summary>How to write what was found in each library.</summary>
internal static class Advice
{
    public static IReadOnlyList<CodeAdvice> Of(int[] shape, Finding finding, bool hasAffine)
    {
        AdviceSettings settings = new(shape, finding, hasAffine || finding.FittedWeight is not null || finding.FittedBias is not null);
        return finding.Kind switch
        {
            NormalizationKind.BatchNorm => Batch(settings),
            NormalizationKind.InstanceNorm => Instance(settings),
            NormalizationKind.GroupNorm => Group(settings),
            NormalizationKind.LayerNorm or NormalizationKind.RmsNorm when settings.IsOfLastGroups => AdviceFormulas.LastGroups(settings, finding.Kind == NormalizationKind.RmsNorm),
            NormalizationKind.LayerNorm => Layer(settings),
            NormalizationKind.RmsNorm => settings.HasAxes ? Rms(settings) : AdviceFormulas.Rms(settings),
            NormalizationKind.LpNormalize => settings.HasAxes ? Norm(settings) : AdviceFormulas.Norm(settings),
            _ => Window(settings),
        };
    }

    private static CodeAdvice[] Batch(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.BatchNorm{s.Rank}d({s.Channels}, eps={s.Eps}{s.NoAffine("affine=False")}){s.Eval(".eval()")}{s.OnMoved("#", "x.movedim(-1, 1)")}"),
        new("TorchSharp", $"nn.BatchNorm{s.Rank}d({s.Channels}, eps: {s.Eps}{s.NoAffine("affine: false")}){s.Eval("; norm.eval()")}{s.OnMoved("//", "x.movedim([-1], [1])")}"),
        new("Keras", $"keras.layers.BatchNormalization(axis={s.ChannelAxis}, epsilon={s.Eps}{s.NoAffine("center=False, scale=False")})(x, training={s.Eval("False", "True")})  # momentum counts the other way"),
        new("ONNX", $"{s.Transposed($"BatchNormalization(epsilon={s.Eps}, training_mode={s.Eval("0", "1")})")}; momentum counts the other way"),
        new("NormKit", $"new BatchNorm<float>({s.Channels}, eps: {s.Eps}{s.NoAffine("affine: false")}){s.Eval("; norm.Eval()")}{s.OnView}"),
    ];

    private static CodeAdvice[] Instance(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.InstanceNorm{s.Rank}d({s.Channels}, eps={s.Eps}{s.Affine("affine=True")}){s.OnMoved("#", "x.movedim(-1, 1)")}"),
        new("TorchSharp", $"nn.InstanceNorm{s.Rank}d({s.Channels}, eps: {s.Eps}{s.Affine("affine: true")}){s.OnMoved("//", "x.movedim([-1], [1])")}"),
        new("Keras", $"keras.layers.GroupNormalization(groups=-1, axis={s.ChannelAxis}, epsilon={s.Eps}{s.NoAffine("center=False, scale=False")})"),
        new("ONNX", $"{s.Transposed($"InstanceNormalization(epsilon={s.Eps})")}; scale and B are required"),
        new("NormKit", $"new InstanceNorm<float>({s.Channels}, eps: {s.Eps}{s.Affine("affine: true")}){s.OnView}"),
    ];

    private static CodeAdvice[] Group(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.GroupNorm({s.Groups}, {s.Channels}, eps={s.Eps}{s.NoAffine("affine=False")}){s.OnMoved("#", "x.movedim(-1, 1)")}"),
        new("TorchSharp", $"nn.GroupNorm({s.Groups}, {s.Channels}, eps: {s.Eps}{s.NoAffine("affine: false")})"
            + (s.IsAffine ? "; init.ones_(norm.weight); init.zeros_(norm.bias)  // it starts with neither" : "") + s.OnMoved("//", "x.movedim([-1], [1])")),
        new("Keras", $"keras.layers.GroupNormalization(groups={s.Groups}, axis={s.ChannelAxis}, epsilon={s.Eps}{s.NoAffine("center=False, scale=False")})"),
        new("ONNX", $"{s.Transposed($"GroupNormalization(num_groups={s.Groups}, epsilon={s.Eps})")}, opset 21: scale and bias a channel; opset 18 has them a group"),
        new("NormKit", $"new GroupNorm<float>({s.Groups}, {s.Channels}, eps: {s.Eps}{s.NoAffine("affine: false")}){s.OnView}"),
    ];

    private static CodeAdvice[] Layer(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.LayerNorm([{s.Lengths}], eps={s.Eps}{s.NoAffine("elementwise_affine=False")}){s.OnLast("#", $"x.movedim(({s.Axes}), ({s.Ends}))")}"),
        new("TorchSharp", $"nn.LayerNorm([{s.Lengths}], eps: {s.Eps}{s.NoAffine("elementwise_affine: false")}){s.OnLast("//", $"x.movedim([{s.Axes}], [{s.Ends}])")}"),
        new("Keras", $"keras.layers.LayerNormalization(axis=[{s.Axes}], epsilon={s.Eps}{s.NoAffine("center=False, scale=False")})"),
        new("ONNX", s.IsSuffix ? $"LayerNormalization(axis={s.FirstAxis}, epsilon={s.Eps})" : $"Transpose, LayerNormalization(axis=-{s.AxisCount}, epsilon={s.Eps}), Transpose"),
        new("NormKit", $"new LayerNorm<float>([{s.Lengths}]{s.AxesArgument}, eps: {s.Eps}{s.NoAffine("elementwiseAffine: false")})"),
    ];

    private static CodeAdvice[] Rms(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.RMSNorm([{s.Lengths}], eps={s.Eps}{s.NoAffine("elementwise_affine=False")}){s.OnLast("#", $"x.movedim(({s.Axes}), ({s.Ends}))")}"),
        new("TorchSharp", $"x * (x.square().mean([{s.Axes}], keepdim: true) + {s.Eps}).rsqrt(){(s.IsAffine ? " * weight" : "")}  // it has no RMSNorm"),
        new("Keras", $"keras.layers.RMSNormalization(axis=[{s.Axes}], epsilon={s.Eps})"),
        new("ONNX", (s.IsSuffix ? $"RMSNormalization(axis={s.FirstAxis}, epsilon={s.Eps})" : $"Transpose, RMSNormalization(axis=-{s.AxisCount}, epsilon={s.Eps}), Transpose") + ", opset 23"),
        new("NormKit", $"new RmsNorm<float>([{s.Lengths}]{s.AxesArgument}, eps: {s.Eps}{s.NoAffine("elementwiseAffine: false")})"),
    ];

    private static CodeAdvice[] Norm(AdviceSettings s) => s.AxisCount > 1 ? AdviceFormulas.Norm(s) :
    [
        new("PyTorch", $"torch.nn.functional.normalize(x, p={s.P("float('inf')")}, dim={s.FirstAxis}, eps={s.Eps})"),
        new("TorchSharp", $"nn.functional.normalize(x, p: {s.P("double.PositiveInfinity")}, dim: {s.FirstAxis}, eps: {s.Eps})"),
        new("Keras", s.P("") == "2" ? $"keras.layers.UnitNormalization(axis={s.FirstAxis})" : $"x / keras.ops.norm(x, ord={s.P("float('inf')")}, axis={s.FirstAxis}, keepdims=True)  # it has no such layer"),
        new("ONNX", s.P("") is "1" or "2" ? $"LpNormalization(p={s.P("")}, axis={s.FirstAxis}); no eps" : $"Abs, {(s.P("").Length == 0 ? "ReduceMax" : "Pow, ReduceSum, Pow")}(axes=[{s.FirstAxis}]), Div: LpNormalization has p 1 and 2"),
        new("NormKit", $"new LpNormalize<float>(p: {s.P("double.PositiveInfinity")}, dim: {s.FirstAxis}, eps: {s.Eps})"),
    ];

    private static CodeAdvice[] Window(AdviceSettings s) =>
    [
        new("PyTorch", $"torch.nn.LocalResponseNorm({s.Size}, alpha={s.Alpha}, beta={s.Beta}, k={s.K}){s.OnMoved("#", "x.movedim(-1, 1)")}"),
        new("TorchSharp", $"nn.LocalResponseNorm({s.Size}, alpha: {s.Alpha}, beta: {s.Beta}, k: {s.K}){s.OnMoved("//", "x.movedim([-1], [1])")}"),
        new("Keras", s.Size % 2 == 0 ? "none: TensorFlow's windows are of odd size"
            : $"tf.nn.local_response_normalization(x, depth_radius={s.Radius}, bias={s.K}, alpha={s.AlphaOfSum}, beta={s.Beta})  # on channels-last input; Keras has none"),
        new("ONNX", $"{s.Transposed($"LRN(size={s.Size}, alpha={s.Alpha}, beta={s.Beta}, bias={s.K})")}; a window of even size leans to the higher channels"),
        new("NormKit", $"new LocalResponseNorm<float>({s.Size}, alpha: {s.Alpha}, beta: {s.Beta}, k: {s.K}){s.OnView}"),
    ];
}

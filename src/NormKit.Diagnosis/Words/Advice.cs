using System.Globalization;

namespace NormKit.Diagnosis.Words;

/// <summary>How to write what was found in each library.</summary>
internal static class Advice
{
    public static IReadOnlyList<CodeAdvice> Of(int[] shape, Finding finding, bool hasAffine)
    {
        Settings settings = new(shape, finding, hasAffine || finding.FittedWeight is not null || finding.FittedBias is not null);
        return finding.Kind switch
        {
            NormalizationKind.BatchNorm => Batch(settings),
            NormalizationKind.InstanceNorm => Instance(settings),
            NormalizationKind.GroupNorm => Group(settings),
            NormalizationKind.LayerNorm => Layer(settings),
            NormalizationKind.RmsNorm => Rms(settings),
            NormalizationKind.LpNormalize => Norm(settings),
            _ => Window(settings),
        };
    }

    private static CodeAdvice[] Batch(Settings s) =>
    [
        new("PyTorch", $"torch.nn.BatchNorm{s.Rank}d({s.Channels}, eps={s.Eps}{s.NoAffine}){s.Eval(".eval()")}"),
        new("TorchSharp", $"nn.BatchNorm{s.Rank}d({s.Channels}, eps: {s.Eps}){s.Eval(", then .eval()")}"),
        new("Keras", $"keras.layers.BatchNormalization(axis={s.ChannelAxis}, epsilon={s.Eps}), called with training={s.Eval("False", "True")}; momentum counts the other way"),
        new("ONNX", $"BatchNormalization(epsilon={s.Eps}, training_mode={s.Eval("0", "1")}); momentum counts the other way"),
        new("NormKit", $"new BatchNorm<float>({s.Channels}, eps: {s.Eps}){s.Eval(", then norm.Eval()")}"),
    ];

    private static CodeAdvice[] Instance(Settings s) =>
    [
        new("PyTorch", $"torch.nn.InstanceNorm{s.Rank}d({s.Channels}, eps={s.Eps}{s.Affine("=True")})"),
        new("TorchSharp", $"nn.InstanceNorm{s.Rank}d({s.Channels}, eps: {s.Eps}{s.Affine(": true")})"),
        new("Keras", $"keras.layers.GroupNormalization(groups=-1, axis={s.ChannelAxis}, epsilon={s.Eps})"),
        new("ONNX", $"InstanceNormalization(epsilon={s.Eps}); scale and B are required"),
        new("NormKit", $"new InstanceNorm<float>({s.Channels}, eps: {s.Eps}{s.Affine(": true")})"),
    ];

    private static CodeAdvice[] Group(Settings s) =>
    [
        new("PyTorch", $"torch.nn.GroupNorm({s.Groups}, {s.Channels}, eps={s.Eps}{s.NoAffine})"),
        new("TorchSharp", $"nn.GroupNorm({s.Groups}, {s.Channels}, eps: {s.Eps}); set weight to ones and bias to zeros, it starts with neither"),
        new("Keras", $"keras.layers.GroupNormalization(groups={s.Groups}, axis={s.ChannelAxis}, epsilon={s.Eps})"),
        new("ONNX", $"GroupNormalization(num_groups={s.Groups}, epsilon={s.Eps}), opset 21: scale and bias a channel; opset 18 has them a group"),
        new("NormKit", $"new GroupNorm<float>({s.Groups}, {s.Channels}, eps: {s.Eps})"),
    ];

    private static CodeAdvice[] Layer(Settings s) => s.IsSuffix
        ?
        [
            new("PyTorch", $"torch.nn.LayerNorm([{s.Lengths}], eps={s.Eps})"),
            new("TorchSharp", $"nn.LayerNorm([{s.Lengths}], eps: {s.Eps})"),
            new("Keras", $"keras.layers.LayerNormalization(axis=[{s.Axes}], epsilon={s.Eps})"),
            new("ONNX", $"LayerNormalization(axis={s.FirstAxis}, epsilon={s.Eps})"),
            new("NormKit", $"new LayerNorm<float>([{s.Lengths}], eps: {s.Eps})"),
        ]
        :
        [
            new("PyTorch", $"torch.nn.LayerNorm({s.Lengths}, eps={s.Eps}) on x.movedim({s.FirstAxis}, -1), and back"),
            new("TorchSharp", $"nn.LayerNorm({s.Lengths}, eps: {s.Eps}) on x.movedim({s.FirstAxis}, -1), and back"),
            new("Keras", $"keras.layers.LayerNormalization(axis={s.FirstAxis}, epsilon={s.Eps})"),
            new("ONNX", $"Transpose, LayerNormalization(axis=-1, epsilon={s.Eps}), Transpose"),
            new("NormKit", $"new LayerNorm<float>([{s.Lengths}], eps: {s.Eps}, axes: [{s.FirstAxis}])"),
        ];

    private static CodeAdvice[] Rms(Settings s) =>
    [
        new("PyTorch", $"torch.nn.RMSNorm([{s.Lengths}], eps={s.Eps}){s.MovedTo("x.movedim({0}, -1)")}"),
        new("TorchSharp", $"has none: x * (x.square().mean([{s.Axes}], keepdim: true) + {s.Eps}).rsqrt() * weight"),
        new("Keras", $"keras.layers.RMSNormalization(axis=[{s.Axes}], epsilon={s.Eps})"),
        new("ONNX", $"RMSNormalization(axis={s.FirstAxis}, epsilon={s.Eps}), opset 23{s.MovedTo("a transposed input")}"),
        new("NormKit", $"new RmsNorm<float>([{s.Lengths}], eps: {s.Eps}{(s.IsSuffix ? "" : $", axes: [{s.FirstAxis}]")})"),
    ];

    private static CodeAdvice[] Norm(Settings s) =>
    [
        new("PyTorch", $"torch.nn.functional.normalize(x, p={s.P("float('inf')")}, dim={s.FirstAxis}, eps={s.Eps})"),
        new("TorchSharp", $"functional.normalize(x, p: {s.P("double.PositiveInfinity")}, dim: {s.FirstAxis}, eps: {s.Eps})"),
        new("Keras", s.P("") == "2" ? $"keras.layers.UnitNormalization(axis={s.FirstAxis})" : $"has none: x / keras.ops.norm(x, ord={s.P("'inf'")}, axis={s.FirstAxis}, keepdims=True)"),
        new("ONNX", s.P("") is "1" or "2" ? $"LpNormalization(p={s.P("")}, axis={s.FirstAxis}); no eps" : "has p 1 and 2 only: ReduceMax of Abs, and Div"),
        new("NormKit", $"new LpNormalize<float>(p: {s.P("double.PositiveInfinity")}, dim: {s.FirstAxis}, eps: {s.Eps})"),
    ];

    private static CodeAdvice[] Window(Settings s) =>
    [
        new("PyTorch", $"torch.nn.LocalResponseNorm({s.Size}, alpha={s.Alpha}, beta={s.Beta}, k={s.K})"),
        new("TorchSharp", $"nn.LocalResponseNorm({s.Size}, alpha: {s.Alpha}, beta: {s.Beta}, k: {s.K})"),
        new("Keras", $"has none: tf.nn.local_response_normalization on channels-last input; depth_radius {s.Radius}, bias {s.K}, alpha {s.AlphaOfSum}, beta {s.Beta}"),
        new("ONNX", $"LRN(size={s.Size}, alpha={s.Alpha}, beta={s.Beta}, bias={s.K}); a window of even size leans to the higher channels"),
        new("NormKit", $"new LocalResponseNorm<float>({s.Size}, alpha: {s.Alpha}, beta: {s.Beta}, k: {s.K})"),
    ];

    /// <summary>A finding's settings as code has them.</summary>
    private sealed class Settings(int[] shape, Finding finding, bool isAffine)
    {
        public string Eps => Text(finding.Eps);

        public int Rank => Math.Clamp(shape.Length - 2, 1, 3);

        public int Channels => shape.Length == 1 ? shape[0] : finding.ChannelsLast ? shape[^1] : shape[1];

        public string ChannelAxis => finding.ChannelsLast ? "-1" : "1";

        public int? Groups => finding.Groups;

        public string NoAffine => isAffine ? "" : ", affine=False";

        public bool IsSuffix => finding.Axes.Count > 0 && finding.Axes[^1] == shape.Length - 1;

        public int FirstAxis => finding.Axes.Count == 0 ? 1 : finding.Axes[0];

        public string Axes => string.Join(", ", finding.Axes);

        public string Lengths => string.Join(", ", finding.Axes.Select(axis => shape[axis]));

        public int Size => finding.Size;

        public int Radius => (finding.Size - 1) / 2;

        public string Alpha => Text(finding.Window.Alpha);

        public string AlphaOfSum => Text(finding.Window.Alpha / finding.Size);

        public string Beta => Text(finding.Window.Beta);

        public string K => Text(finding.Window.K);

        public string Affine(string isTrue) => isAffine ? ", affine" + isTrue : "";

        public string Eval(string evaluated, string trained = "") => finding.IsEvaluation ? evaluated : trained;

        public string MovedTo(string how) => IsSuffix ? "" : " on " + string.Format(CultureInfo.InvariantCulture, how, FirstAxis);

        public string P(string infinity) => double.IsPositiveInfinity(finding.P) ? infinity : Text(finding.P);

        private static string Text(double value) => Math.Abs(value) is > 0 and < 0.01
            ? value.ToString("0.########e-0", CultureInfo.InvariantCulture) : value.ToString("g9", CultureInfo.InvariantCulture);
    }
}

namespace NormKit.Diagnosis.Words;

/// <summary>What no library has as a layer, written out: root mean squares and norms of channels, of groups of channels, and over several dimensions.</summary>
internal static class AdviceFormulas
{
    public static CodeAdvice[] Rms(AdviceSettings s) =>
    [
        new("PyTorch", $"{Input(s)} * ({Input(s)}.square().mean(({Axes(s)}), keepdim=True) + {s.Eps}).rsqrt(){Weight(s)}{Back(s, "#")}"),
        new("TorchSharp", $"{Input(s)} * ({Input(s)}.square().mean([{Axes(s)}], keepdim: true) + {s.Eps}).rsqrt(){Weight(s)}{Back(s, "//")}"),
        new("Keras", $"{KerasInput(s)} * keras.ops.rsqrt(keras.ops.mean(keras.ops.square({KerasInput(s)}), axis=({Axes(s)}), keepdims=True) + {s.Eps}){Weight(s)}{Back(s, "#")}"),
        new("ONNX", $"{(IsOfGroups(s) ? $"Reshape to ({s.Samples}, {s.Groups}, -1), " : "")}Mul, ReduceMean(axes=[{Axes(s)}]), Add, Sqrt, Div{(IsOfGroups(s) ? ", Reshape back" : "")}"),
        new("NormKit", IsOfGroups(s)
            ? $"new RmsNorm<float>({s.GroupLength}, eps: {s.Eps}, elementwiseAffine: false)  // on x as ({s.Samples * s.Groups!.Value}, {s.GroupLength})"
            : $"none; RmsNorm on x with dimensions {Axes(s)} moved to the end and joined"),
    ];

    /// <summary>A norm of groups of neighbours in the last dimension: the layer without weights on an input whose last dimension is split.</summary>
    public static CodeAdvice[] LastGroups(AdviceSettings s, bool isRms)
    {
        string layer = isRms ? "RMSNorm" : "LayerNorm", weight = s.IsAffine ? $" * weight{(isRms ? "" : " + bias")}" : "";
        return
        [
            new("PyTorch", $"torch.nn.{layer}({s.LastGroupLength}, eps={s.Eps}, elementwise_affine=False)(x.unflatten(-1, ({s.Groups}, -1))).flatten(-2){weight}"),
            new("TorchSharp", isRms
                ? $"x of shape (..., {s.Groups}, {s.LastGroupLength}): x * (x.square().mean([-1], keepdim: true) + {s.Eps}).rsqrt(), flattened{weight}  // it has no RMSNorm"
                : $"nn.LayerNorm({s.LastGroupLength}, eps: {s.Eps}, elementwise_affine: false).forward(x.unflatten(-1, [{s.Groups}, -1])).flatten(-2){weight}"),
            new("Keras", $"keras.layers.{(isRms ? "RMSNormalization" : "LayerNormalization")}(epsilon={s.Eps}) on keras.ops.reshape(x, (..., {s.Groups}, {s.LastGroupLength}))  # its scale is one of {s.LastGroupLength}"),
            new("ONNX", $"Reshape to (..., {s.Groups}, {s.LastGroupLength}), {(isRms ? "RMSNormalization" : "LayerNormalization")}(axis=-1, epsilon={s.Eps}), Reshape back{(s.IsAffine ? isRms ? ", Mul" : ", Mul, Add" : "")}"),
            new("NormKit", $"new {(isRms ? "RmsNorm" : "LayerNorm")}<float>({s.Last}, eps: {s.Eps}{s.NoAffine("elementwiseAffine: false")}) {{ NumGroups = {s.Groups} }}"),
        ];
    }

    public static CodeAdvice[] Norm(AdviceSettings s) =>
    [
        new("PyTorch", $"{Input(s)} / torch.linalg.vector_norm({Input(s)}, ord={s.P("float('inf')")}, dim=({Axes(s)}), keepdim=True).clamp_min({s.Eps}){Back(s, "#")}"),
        new("TorchSharp", $"{Input(s)} / linalg.vector_norm({Input(s)}, ord: {s.P("double.PositiveInfinity")}, dims: [{Axes(s)}], keepdim: true).clamp_min({s.Eps}){Back(s, "//")}"),
        new("Keras", $"{KerasInput(s)} / keras.ops.maximum({KerasNorm(s)}, {s.Eps}){Back(s, "#")}"),
        new("ONNX", $"{(IsOfGroups(s) ? $"Reshape to ({s.Samples}, {s.Groups}, -1), " : "")}{OnnxNorm(s)}(axes=[{Axes(s)}]), Max, Div{(IsOfGroups(s) ? ", Reshape back" : "")}"),
        new("NormKit", $"new LpNormalize<float>(p: {s.P("double.PositiveInfinity")}, dim: -1, eps: {s.Eps})  // on x with "
            + (IsOfGroups(s) ? $"shape ({s.Samples}, {s.Groups}, {s.GroupLength})" : $"dimensions {Axes(s)} moved to the end and joined")),
    ];

    private static bool IsOfGroups(AdviceSettings s) => !s.HasAxes && s.SetAxes is null;

    private static string Axes(AdviceSettings s) => s.HasAxes ? s.Axes : s.SetAxes ?? "-1";

    private static string Input(AdviceSettings s) => IsOfGroups(s) ? $"x.reshape({s.Samples}, {s.Groups}, -1)" : "x";

    private static string KerasInput(AdviceSettings s) => IsOfGroups(s) ? $"keras.ops.reshape(x, ({s.Samples}, {s.Groups}, -1))" : "x";

    /// <summary>keras.ops.norm takes two dimensions for those of a matrix, so the norm is written out.</summary>
    private static string KerasNorm(AdviceSettings s)
    {
        string sizes = $"keras.ops.abs({KerasInput(s)})", end = $"axis=({Axes(s)}), keepdims=True)";
        return s.P("") switch
        {
            "" => $"keras.ops.max({sizes}, {end}",
            "1" => $"keras.ops.sum({sizes}, {end}",
            string p => $"keras.ops.sum({sizes} ** {p}, {end} ** (1 / {p})",
        };
    }

    private static string OnnxNorm(AdviceSettings s) => s.P("") switch
    {
        "" => "Abs, ReduceMax",
        "1" => "ReduceL1",
        "2" => "ReduceL2",
        _ => "Abs, Pow, ReduceSum, Pow",
    };

    private static string Weight(AdviceSettings s) => s.IsAffine ? " * weight" : "";

    private static string Back(AdviceSettings s, string comment) => IsOfGroups(s) ? $"  {comment} and reshape back{(s.ChannelAxis == "1" ? "" : "; channels in dimension 1")}" : "";
}

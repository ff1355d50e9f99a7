namespace NormKit.IO;

/// <summary>What is known of an architecture's norms beyond its tensors.</summary>
/// <param name="Name">The architecture, by config.json's model_type or GGUF's general.architecture; empty if the files do not say.</param>
/// <param name="AddsOne">Whether it computes with 1 + weight; null if the architecture is not known.</param>
internal sealed record ModelFamily(string Name, bool? AddsOne)
{
    /// <summary>Of Hugging Face's modeling_*.py: the forward pass of the norm multiplies by (1 + weight).</summary>
    private static readonly string[] OneMore =
        ["gemma", "gemma2", "gemma3", "gemma3_text", "paligemma", "recurrent_gemma", "t5gemma", "vaultgemma", "shieldgemma2", "qwen3_next", "qwen3_5", "qwen3_5_moe", "qwen3_5_text", "qwen3_5_moe_text", "nemotron"];

    /// <summary>Without a bias, and yet a layer norm: others without one are RMS norms.</summary>
    private static readonly string[] LayerNormsWithoutBias = ["cohere", "cohere2", "command-r", "modernbert", "mpt", "dbrx", "olmo"];

    /// <summary>Whether a norm without a bias is a layer norm.</summary>
    internal bool HasLayerNormsWithoutBias => LayerNormsWithoutBias.Contains(Name);

    internal static ModelFamily Of(ModelFile model)
    {
        if (model.Format == ModelFormat.Onnx)
            return new("", null);
        if (model.Format == ModelFormat.Gguf)
        {
            // llama.cpp's converter adds the one, so that no reader has to.
            string name = model.Metadata.GetValueOrDefault("general.architecture", "");
            return new(name, name.Length == 0 ? null : false);
        }
        string? type = model.Config?.Text("model_type") ?? model.Config?.Text("_class_name") ?? model.Config?.Text("architecture");
        return new(type ?? "", type is null ? null : OneMore.Contains(type) || model.Config?.Text("text_config.model_type") is string inner && OneMore.Contains(inner));
    }

    /// <summary>Whether this norm's weight has one added to it: in a family that does so, some norms are exempt.</summary>
    internal bool? AddsOneTo(ModelNorm norm)
    {
        if (AddsOne is not true)
            return AddsOne;
        if (norm.Place.Stack is "vis" or "aud" || norm.Place.Role == "ssm_norm")
            return false;
        return Name == "nemotron" ? norm.Kind == NormKind.LayerNorm : norm.Kind == NormKind.RmsNorm;
    }
}

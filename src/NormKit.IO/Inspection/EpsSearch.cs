using System.Globalization;

namespace NormKit.IO;

/// <summary>Finds the eps of norms that are known by their tensors: in config.json, or in the metadata of a .gguf file.</summary>
internal static class EpsSearch
{
    private static readonly string[] Rms = ["rms_norm_eps", "rms_norm_epsilon", "norm_eps", "norm_epsilon", "layer_norm_epsilon", "layernorm_epsilon", "layer_norm_eps", "eps"];
    private static readonly string[] Layer = ["layer_norm_eps", "layer_norm_epsilon", "layernorm_epsilon", "layernorm_eps", "norm_eps", "norm_epsilon", "ln_eps", "rms_norm_eps", "eps"];
    private static readonly string[] Batch = ["batch_norm_eps", "batch_norm_epsilon", "bn_eps", "bn_epsilon"];
    private static readonly string[] Group = ["group_norm_eps", "norm_eps", "layer_norm_eps", "eps"];

    internal static void Into(ModelNorm norm, ModelFile model, ModelFamily family)
    {
        if (model.Format == ModelFormat.Gguf)
            FromGguf(norm, model, family);
        else
            FromConfig(norm, model.Config);
    }

    private static void FromConfig(ModelNorm norm, ModelConfig? config)
    {
        if (config is null)
        {
            norm.EpsSource = "not in the file; there is no config.json beside it";
            return;
        }
        string[] parts = norm.Place.Stack switch
        {
            "vis" => ["vision_config.", ""],
            "aud" => ["audio_config.", ""],
            _ => ["", "text_config.", "llm_config.", "language_config."],
        };
        string[] keys = norm.Kind switch { NormKind.RmsNorm => Rms, NormKind.BatchNorm => Batch, NormKind.GroupNorm => Group, _ => Layer };
        foreach (string part in parts)
        {
            foreach (string key in keys)
            {
                if (config.Number(part + key) is double eps)
                {
                    (norm.Eps, norm.EpsSource) = (eps, $"{ModelConfig.FileName}: {part}{key}");
                    return;
                }
            }
        }
        norm.EpsSource = $"{ModelConfig.FileName} does not say";
    }

    private static void FromGguf(ModelNorm norm, ModelFile model, ModelFamily family)
    {
        string prefix = norm.Place.Stack == "aud" ? "clip.audio" : norm.Place.Stack == "vis" || family.Name == "clip" ? "clip.vision" : family.Name;
        string rms = $"{prefix}.attention.layer_norm_rms_epsilon", layer = $"{prefix}.attention.layer_norm_epsilon", group = $"{prefix}.attention.group_norm_epsilon";

        // A vision tower has one key for all its norms.
        string[] keys = norm.Kind switch { NormKind.RmsNorm => [rms, layer], NormKind.GroupNorm => [group, layer], _ => [layer, rms] };
        foreach (string one in keys)
        {
            if (model.Metadata.TryGetValue(one, out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double eps))
            {
                (norm.Eps, norm.EpsSource) = (eps, one);
                return;
            }
        }
        string key = keys[0];
        norm.EpsSource = $"the file has no {key}";
        norm.Add(NormFindingKind.MissingEps, $"the file has no {key}, so each reader computes with an eps of its own or refuses the file. Convert the model anew, or add the key with gguf-py's gguf_new_metadata.");
    }
}

using System.Globalization;

namespace NormKit.IO;

/// <summary>Tells from names what stands before and behind a norm.</summary>
internal static class KeyedNeighbours
{
    private static readonly string[] AttentionReaders =
    [
        "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.qkv_proj", "self_attn.q_a_proj", "self_attn.kv_a_proj_with_mqa", "self_attn.W_pack", "attn.c_attn", "attention.query_key_value",
        "self_attention.query_key_value", "attn.qkv", "attn.Wqkv", "attn.q_proj", "attn.k_proj", "attn.v_proj", "attention.wq", "attention.wk", "attention.wv", "attention.attention.query", "attention.attention.key",
        "attention.attention.value", "attention.query", "attention.key", "attention.value", "linear_attn.in_proj_qkvz", "linear_attn.in_proj_ba", "mixer.in_proj", "attn_q", "attn_k", "attn_v", "attn_qkv", "ssm_in", "attn_q_a", "attn_kv_a_mqa",
        "layer.0.SelfAttention.q", "layer.0.SelfAttention.k", "layer.0.SelfAttention.v", "query", "key",
    ];

    private static readonly string[] FeedForwardReaders =
    [
        "mlp.gate_proj", "mlp.up_proj", "mlp.gate_up_proj", "mlp.fc1", "mlp.c_fc", "mlp.dense_h_to_4h", "mlp.gate", "mlp.shared_expert.gate_proj", "mlp.shared_expert.up_proj", "block_sparse_moe.gate", "feed_forward.w1", "feed_forward.w3", "fc1",
        "intermediate.dense", "ffn_gate", "ffn_up", "ffn_gate_inp", "layer.1.DenseReluDense.wi", "layer.1.DenseReluDense.wi_0", "layer.1.DenseReluDense.wi_1", "feed_forward.gate_proj", "feed_forward.up_proj",
    ];

    private static readonly string[] OutputReaders = ["lm_head", "output", "embed_out", "head", "classifier", "score"];

    internal static void Into(ModelNorm norm, ModelFile model, HashSet<string> names)
    {
        if (norm.Kind == NormKind.BatchNorm)
        {
            norm.Writer = ConvolutionBefore(norm.Name, names, model, norm.Shape.Length > 0 ? norm.Shape[0] : 0);
            norm.After = norm.Writer is null ? null : Prefix(norm.Writer);
            return;
        }
        string role = norm.Place.Role;
        string[] suffixes = role is NormPlace.Attention ? AttentionReaders : role is NormPlace.FeedForward ? FeedForwardReaders : [];
        string layer = LayerPrefix(norm.Name);
        foreach (string suffix in suffixes)
        {
            if (layer.Length > 0 && names.Contains($"{layer}{suffix}.weight"))
                norm.Readers.Add($"{layer}{suffix}.weight");
        }
        if (role == NormPlace.Output && norm.Place.Stack is "" or "dec")
            norm.Readers.AddRange(OutputReaders.Select(reader => reader + ".weight").Where(names.Contains).Take(1));

        norm.Before = role switch
        {
            NormPlace.AfterAttention or NormPlace.AfterFeedForward => "the residual sum",
            NormPlace.Query or NormPlace.Key => "the attention scores",
            "attn_output_norm" or "layer_output_norm" => "the next sublayer, and the residual sum",
            NormPlace.Output when norm.Readers.Count == 0 && TiedEmbedding(names) is string embedding => $"{embedding} (tied)",
            _ when norm.Readers.Count > 0 => string.Join(", ", norm.Readers.Select(reader => Prefix(reader)[(reader.StartsWith(layer, StringComparison.Ordinal) ? layer.Length : 0)..])),
            _ => null,
        };
        norm.After = role switch
        {
            NormPlace.AfterAttention => "the attention",
            NormPlace.AfterFeedForward => "the feed forward",
            NormPlace.Query => "the query projection",
            NormPlace.Key => "the key projection",
            "attn_output_norm" or "layer_output_norm" => "the residual sum",
            NormPlace.Attention or NormPlace.FeedForward => "the residual stream",
            NormPlace.Embedding => "the embedding",
            NormPlace.Output => "the last layer",
            _ => null,
        };
    }

    /// <summary>The name up to and with the layer's number and a dot; empty outside layers.</summary>
    internal static string LayerPrefix(string name)
    {
        string[] parts = name.Split('.');
        for (int i = 1; i < parts.Length; i++)
        {
            if (int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out _) && parts[i - 1] is "layers" or "layer" or "h" or "blk" or "blocks" or "block")
                return string.Join('.', parts[..(i + 1)]) + ".";
        }
        return "";
    }

    private static string? TiedEmbedding(HashSet<string> names) =>
        ((string[])["model.embed_tokens.weight", "transformer.wte.weight", "wte.weight", "token_embd.weight", "model.language_model.embed_tokens.weight", "embed_tokens.weight"]).FirstOrDefault(names.Contains) is string name ? Prefix(name) : null;

    private static string Prefix(string weight) => weight[..weight.LastIndexOf('.')];

    /// <summary>conv1 before bn1, features.0 before features.1, conv before bn: whichever exists and has so many outputs.</summary>
    private static string? ConvolutionBefore(string name, HashSet<string> names, ModelFile model, nint channels)
    {
        int dot = name.LastIndexOf('.');
        string parent = name[..(dot + 1)], last = name[(dot + 1)..];
        List<string> candidates = [];
        if (int.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            candidates.Add($"{parent}{index - 1}");
        foreach ((string norm, string convolution) in ((string, string)[])[("bn", "conv"), ("norm", "conv"), ("batchnorm", "conv"), ("batch_norm", "conv"), ("bn", "fc"), ("bn", "linear"), ("normalization", "convolution")])
        {
            if (last.Contains(norm, StringComparison.Ordinal))
                candidates.Add(parent + last.Replace(norm, convolution, StringComparison.Ordinal));
        }
        candidates.AddRange([$"{parent}conv", $"{parent}0", $"{parent}convolution", $"{parent}linear"]);
        foreach (string candidate in candidates)
        {
            string weight = candidate + ".weight";
            if (names.Contains(weight) && model.Tensor(weight) is { } tensor && tensor.Shape.Length >= 2 && tensor.Shape[0] == channels)
                return weight;
        }
        return null;
    }
}

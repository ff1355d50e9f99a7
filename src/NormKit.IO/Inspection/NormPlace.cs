using System.Globalization;
using System.Text.RegularExpressions;

namespace NormKit.IO;

/// <summary>Where a norm stands in a model, read from its name in the words of any framework, so that the same norm has the same place.</summary>
/// <param name="Stack">enc, dec, vis or aud; empty for a model that has one stack.</param>
/// <param name="Layer">The layer's number; -1 outside the layers.</param>
/// <param name="Role">The norm's part, by llama.cpp's name where it has one.</param>
internal sealed partial record NormPlace(string Stack, int Layer, string Role)
{
    internal const string Attention = "attn_norm", FeedForward = "ffn_norm", Output = "output_norm", Embedding = "token_embd_norm", AfterAttention = "post_attention_norm",
        AfterFeedForward = "post_ffw_norm", Query = "attn_q_norm", Key = "attn_k_norm";

    internal static readonly NormPlace None = new("", -1, "");

    private static readonly Dictionary<string, string> InLayers = Table(
        (Attention, "input_layernorm ln_1 ln1 attn_norm attention_norm norm1 norm_1 self_attn_layer_norm layer_norm1 layernorm_before ln_attn pre_attention_layernorm "
            + "attn_ln layer.0.layer_norm norm input_norm self_attention_layernorm ln attn.norm attention.norm temporal_pre_norm operator_norm"),
        (FeedForward, "post_attention_layernorm ln_2 ln2 ffn_norm norm2 norm_2 final_layer_norm layer_norm2 layernorm_after ln_mlp mlp_ln mlp_norm pre_feedforward_layernorm "
            + "pre_ff_layernorm ffn_layernorm channel_pre_norm"),
        ("cross_attn_norm", "cross_attn_norm cross_attn_ln encoder_attn_layer_norm ln_cross_attn norm3"),
        (AfterAttention, "post_attention_norm post_attn_norm post_self_attn_layernorm"),
        (AfterFeedForward, "post_ffw_norm post_feedforward_layernorm post_ff_norm post_mlp_layernorm"),
        ("attn_output_norm", "attn_output_norm attention.output.layernorm sa_layer_norm"),
        ("layer_output_norm", "layer_output_norm output.layernorm output_layer_norm"),
        (Query, "attn_q_norm self_attn.q_norm self_attn.q_layernorm attn.q_norm attention.query_layernorm q_norm self_attn.query_layernorm attention.q_norm"),
        (Key, "attn_k_norm self_attn.k_norm self_attn.k_layernorm attn.k_norm attention.key_layernorm k_norm self_attn.key_layernorm attention.k_norm"),
        ("attn_q_a_norm", "attn_q_a_norm self_attn.q_a_layernorm"),
        ("attn_kv_a_norm", "attn_kv_a_norm self_attn.kv_a_layernorm"),
        ("attn_norm_2", "attn_norm_2 ln_mlp_2 parallel_attn_norm"),
        ("attn_sub_norm", "attn_sub_norm self_attn.attn_sub_norm self_attn.inner_attn_ln"),
        ("ffn_sub_norm", "ffn_sub_norm mlp.ffn_sub_norm mlp.ffn_layernorm"),
        ("ssm_norm", "ssm_norm linear_attn.norm mixer.norm mamba.norm"));

    private static readonly Dictionary<string, string> Outside = Table(
        (Output, "norm ln_f output_norm final_layernorm final_layer_norm norm_f layernorm layer_norm ln final_norm encoder_norm decoder_norm ln_out post_ln post_layernorm ln_post"),
        (Embedding, "token_embd_norm embeddings.layernorm word_embeddings_layernorm embeddings.norm embed_norm embed_layer_norm embeddings.layer_norm layernorm_embedding embedding_norm emb_norm "
            + "word_embeddings.norm embed_layernorm"),
        ("pre_ln", "pre_ln pre_layrnorm pre_layernorm ln_pre"));

    private static readonly string[] Wrappers =
        ["module", "model", "_orig_mod", "transformer", "base_model", "backbone", "language_model", "text_model", "gpt_neox", "rwkv", "bert", "roberta", "distilbert", "deberta", "electra", "albert", "vit", "gpt2", "esm", "mpt"];

    internal static NormPlace Of(string name)
    {
        List<string> parts = [.. name.Replace('/', '.').ToLowerInvariant().Split('.', StringSplitOptions.RemoveEmptyEntries)];
        string stack = "";
        int layer = -1;
        List<string> rest = [];
        for (int i = 0; i < parts.Count; i++)
        {
            string part = parts[i];
            if (layer < 0 && StackOf(part, isFirst: i == 0) is string found)
            {
                stack = stack.Length == 0 || found is "vis" or "aud" ? found : stack;
            }
            else if (layer < 0 && rest.Count == 0 && Wrappers.Contains(part))
            {
            }
            else if (layer < 0 && i + 1 < parts.Count && part is "layers" or "layer" or "h" or "blk" or "blocks" or "block" or "resblocks" && int.TryParse(parts[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            {
                layer = number;
                rest.Clear();
                i++;
            }
            else if (layer < 0 && NumberedLayer().Match(part) is { Success: true } match && int.TryParse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture, out int embedded))
            {
                layer = embedded;
                rest.Clear();
            }
            else
            {
                rest.Add(part);
            }
        }
        string role = string.Join('.', rest);

        // T5 numbers the sublayers: attention, in a decoder attention to the encoder, and feed forward.
        if (layer >= 0 && role == "layer.1.layer_norm")
            role = stack == "dec" ? "cross_attn_norm" : FeedForward;
        else if (layer >= 0 && role == "layer.2.layer_norm")
            role = FeedForward;
        return new(stack, layer, (layer >= 0 ? InLayers : Outside).GetValueOrDefault(role, role));
    }

    private static string? StackOf(string part, bool isFirst) => part switch
    {
        "encoder" or "enc" => "enc",
        "decoder" or "dec" => "dec",
        "vision_tower" or "vision_model" or "visual" or "vision_encoder" => "vis",
        "audio_tower" or "audio_model" => "aud",
        "v" when isFirst => "vis",
        "a" when isFirst => "aud",
        _ => null,
    };

    private static Dictionary<string, string> Table(params (string Role, string Names)[] lines) =>
        lines.SelectMany(line => line.Names.Split(' ').Select(name => (name, line.Role))).ToDictionary();

    [GeneratedRegex(@"^layer_(\d+)$")]
    private static partial Regex NumberedLayer();
}

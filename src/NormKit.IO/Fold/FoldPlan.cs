using System.Text.Json;

namespace NormKit.IO;

/// <summary>Which linear layers read which norm, for a fold of a checkpoint: a file of named tensors does not say so itself.</summary>
public sealed class FoldPlan
{
    /// <summary>The plans that come with the library.</summary>
    public static readonly IReadOnlyList<string> Known = ["llama", "qwen2", "gpt2"];

    private const long Longest = 1 << 20;

    private FoldPlan(string name) => Name = name;

    /// <summary>Gets the plan's name, or the path of its file.</summary>
    public string Name { get; }

    /// <summary>Prefixes that the names of a checkpoint may have, such as "transformer.".</summary>
    internal List<string> Prefixes { get; } = [];

    internal List<PlannedNorm> Norms { get; } = [];

    /// <summary>Weights that read no norm.</summary>
    internal List<string> Others { get; } = [];

    /// <summary>Readers that may be the embedding's weight.</summary>
    internal List<string> Tied { get; } = [];

    internal bool IsBuiltIn => Known.Contains(Name);

    /// <summary>Whether the output layer is the embedding where no config.json says otherwise, as in GPT-2.</summary>
    internal bool TiesByDefault => Name == "gpt2";

    internal bool StoresMinusOne { get; private set; }

    /// <summary>A norm and its readers; a star stands for a number.</summary>
    internal sealed record PlannedNorm(string Norm, IReadOnlyList<string> Readers, bool InputsFirst);

    /// <summary>Finds a plan.</summary>
    /// <param name="plan">llama, qwen2, gpt2, or the path of a JSON file; docs/fold.md has its form.</param>
    /// <exception cref="TensorFileException">There is no such plan or file, or the file is no plan.</exception>
    public static FoldPlan Of(string plan)
    {
        ArgumentException.ThrowIfNullOrEmpty(plan);
        return plan switch
        {
            "llama" or "qwen2" => Parse(plan, LlamaText()),
            "gpt2" => Parse(plan, Gpt2Text()),
            _ when File.Exists(plan) => Parse(plan, FilePath.Read(plan, stream => stream.Length <= Longest
                ? ByteSource.Of(stream, plan).ReadArray((int)stream.Length, "text")
                : throw new TensorFileException($"{plan}: has {stream.Length} bytes; a plan has at most {Longest}."))),
            _ => throw new TensorFileException($"{plan}: is no plan and no file; plans are {string.Join(", ", Known)}, or a JSON file (see docs/fold.md)."),
        };
    }

    private static byte[] LlamaText() => """
        {
          "prefixes": ["model.", "", "language_model.model."],
          "norms": [
            {"norm": "layers.*.input_layernorm", "readers": ["layers.*.self_attn.q_proj", "layers.*.self_attn.k_proj", "layers.*.self_attn.v_proj"]},
            {"norm": "layers.*.post_attention_layernorm", "readers": ["layers.*.mlp.gate_proj", "layers.*.mlp.up_proj"]},
            {"norm": "norm", "readers": ["/lm_head"]}
          ],
          "others": ["layers.*.self_attn.o_proj", "layers.*.mlp.down_proj", "embed_tokens"],
          "tied": ["/lm_head"]
        }
        """u8.ToArray();

    private static byte[] Gpt2Text() => """
        {
          "prefixes": ["transformer.", ""],
          "norms": [
            {"norm": "h.*.ln_1", "readers": ["h.*.attn.c_attn"], "layout": "in, out"},
            {"norm": "h.*.ln_2", "readers": ["h.*.mlp.c_fc"], "layout": "in, out"},
            {"norm": "ln_f", "readers": ["/lm_head"]}
          ],
          "others": ["h.*.attn.c_proj", "h.*.mlp.c_proj", "h.*.attn", "wte", "wpe"],
          "tied": ["/lm_head"]
        }
        """u8.ToArray();

    private static FoldPlan Parse(string name, byte[] text)
    {
        FoldPlan plan = new(name);
        try
        {
            using JsonDocument json = JsonDocument.Parse(text);
            JsonElement root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("norms", out JsonElement norms) || norms.ValueKind != JsonValueKind.Array)
                throw new TensorFileException($"{name}: has no array norms; docs/fold.md has the form of a plan.");
            foreach (JsonProperty property in root.EnumerateObject())
            {
                if (property.Name is not ("prefixes" or "norms" or "others" or "tied" or "stored"))
                    throw new TensorFileException($"{name}: {TensorFileException.Quote(property.Name)} is not in a plan; it has prefixes, norms, others, tied and stored.");
            }
            foreach (JsonElement norm in norms.EnumerateArray())
            {
                string layout = norm.TryGetProperty("layout", out JsonElement given) ? given.GetString() ?? "" : "out, in";
                if (layout is not ("out, in" or "in, out"))
                    throw new TensorFileException($"{name}: layout {TensorFileException.Quote(layout)} is not 'out, in' or 'in, out'.");
                if (!norm.TryGetProperty("norm", out JsonElement key) || !norm.TryGetProperty("readers", out _))
                    throw new TensorFileException($"{name}: an entry of norms needs norm and readers.");
                PlannedNorm planned = new(key.GetString() ?? "", [.. Strings(norm, "readers")], layout == "in, out");
                if (planned.Norm.Length == 0 || planned.Readers.Count == 0)
                    throw new TensorFileException($"{name}: an entry of norms needs a norm and at least one reader.");
                plan.Norms.Add(planned);
            }
            plan.Prefixes.AddRange(Strings(root, "prefixes"));
            if (plan.Prefixes.Count == 0)
                plan.Prefixes.Add("");
            plan.Others.AddRange(Strings(root, "others"));
            plan.Tied.AddRange(Strings(root, "tied"));
            string stored = root.TryGetProperty("stored", out JsonElement how) ? how.GetString() ?? "" : "as it is";
            plan.StoresMinusOne = stored == "minus one";
            if (stored is not ("as it is" or "minus one"))
                throw new TensorFileException($"{name}: stored {TensorFileException.Quote(stored)} is not 'as it is' or 'minus one'.");
            return plan;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new TensorFileException($"{name}: is no plan: {error.Message}", error);
        }
    }

    private static IEnumerable<string> Strings(JsonElement element, string name)
    {
        if (!element.TryGetProperty(name, out JsonElement array))
            yield break;
        foreach (JsonElement item in array.EnumerateArray())
            yield return item.GetString() ?? "";
    }
}

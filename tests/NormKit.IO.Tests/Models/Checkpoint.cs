using System.Text;

namespace NormKit.IO.Tests.Models;

/// <summary>A small checkpoint with Hugging Face's key names: tensors that a test may change, written as .safetensors with its config.json.</summary>
internal sealed class Checkpoint(int seed)
{
    public const int Width = 48;
    public const int Layers = 3;

    private readonly Draw draw = new(seed);

    public OrderedDictionary<string, (float[] Values, nint[] Shape)> Tensors { get; } = [];

    public string Config { get; set; } = "{}";

    public ElementType Type { get; set; } = ElementType.Float32;

    public float[] this[string name] => Tensors[name].Values;

    public Checkpoint Weight(string name, double centre = 1, int count = Width)
    {
        Tensors[name] = (draw.About(centre, 0.25, count), [count]);
        return this;
    }

    public Checkpoint LayerNorm(string prefix, int count = Width) => Weight(prefix + ".weight", 1, count).Weight(prefix + ".bias", 0, count);

    public Checkpoint BatchNorm(string prefix, int count = Width)
    {
        LayerNorm(prefix, count);
        Tensors[prefix + ".running_mean"] = (draw.About(0, 1, count), [count]);
        Tensors[prefix + ".running_var"] = (draw.Variances(count), [count]);
        Tensors[prefix + ".num_batches_tracked"] = ([1000], []);
        return this;
    }

    public Checkpoint Linear(string prefix, int outputs, int inputs = Width, bool bias = false, params nint[] kernel)
    {
        int count = (int)kernel.Aggregate((nint)(outputs * inputs), (product, length) => product * length);
        Tensors[prefix + ".weight"] = (draw.About(0, 0.1, count), [outputs, inputs, .. kernel]);
        if (bias)
            Tensors[prefix + ".bias"] = (draw.About(0, 0.1, outputs), [outputs]);
        return this;
    }

    public string Write(TemporaryDirectory directory, string name = "model.safetensors")
    {
        SafetensorsFile.Write(directory[name], Tensors.Select(tensor => new KeyValuePair<string, StoredTensor>(tensor.Key, StoredTensor.From<float>(tensor.Value.Values, tensor.Value.Shape, Type))));
        if (Config != "{}")
            directory.Write("config.json", Encoding.UTF8.GetBytes(Config));
        return directory[name];
    }

    public static readonly string[] Architectures =
        ["llama", "mistral", "qwen2", "qwen3", "gemma2", "qwen3_next", "olmo2", "gpt2", "gpt_neox", "opt", "bert", "t5", "vit", "whisper", "resnet", "convnext", "mamba", "cohere"];

    /// <summary>The tensors of an architecture, with sound values.</summary>
    public static Checkpoint Of(string architecture, int seed = 1)
    {
        Checkpoint model = new(seed) { Config = Configuration(architecture) };
        for (int i = 0; i < Layers; i++)
            model.AddLayer(architecture, i);
        switch (architecture)
        {
            case "llama" or "mistral" or "qwen2" or "qwen3" or "olmo2": model.Weight("model.norm.weight").Linear("lm_head", 64).Linear("model.embed_tokens", 64); break;
            case "gemma2" or "qwen3_next": model.Weight("model.norm.weight", 0).Linear("model.embed_tokens", 64); break;
            case "cohere": model.Weight("model.norm.weight").Linear("model.embed_tokens", 64); break;
            case "gpt2": model.LayerNorm("ln_f").Linear("wte", 64).Linear("wpe", 16); break;
            case "gpt_neox": model.LayerNorm("gpt_neox.final_layer_norm").Linear("embed_out", 64); break;
            case "opt": model.LayerNorm("model.decoder.final_layer_norm").Linear("model.decoder.embed_tokens", 64); break;
            case "bert": model.LayerNorm("bert.embeddings.LayerNorm").Linear("bert.embeddings.word_embeddings", 64); break;
            case "t5": model.Weight("encoder.final_layer_norm.weight").Weight("decoder.final_layer_norm.weight").Linear("shared", 64); break;
            case "vit": model.LayerNorm("vit.layernorm").Linear("classifier", 10, bias: true); break;
            case "whisper": model.LayerNorm("model.encoder.layer_norm").LayerNorm("model.decoder.layer_norm"); break;
            case "resnet": model.Linear("conv1", Width, 3, false, 7, 7).BatchNorm("bn1").Linear("fc", 10, bias: true); break;
            case "convnext": model.LayerNorm("norm").LayerNorm("stages.1.downsample.0"); break;
            case "mamba": model.Weight("backbone.norm_f.weight"); break;
        }
        return model;
    }

    private void AddLayer(string architecture, int i)
    {
        string layer = $"model.layers.{i}.";
        switch (architecture)
        {
            case "llama" or "mistral" or "qwen2" or "qwen3" or "gemma2" or "qwen3_next" or "olmo2":
                double centre = architecture is "gemma2" or "qwen3_next" ? 0 : 1;
                if (architecture != "olmo2")
                    Weight(layer + "input_layernorm.weight", centre);
                foreach (string projection in (string[])["q_proj", "k_proj", "v_proj"])
                    Linear(layer + "self_attn." + projection, Width, bias: architecture == "qwen2");
                Linear(layer + "self_attn.o_proj", Width);
                Weight(layer + "post_attention_layernorm.weight", centre);
                Linear(layer + "mlp.gate_proj", 96).Linear(layer + "mlp.up_proj", 96).Linear(layer + "mlp.down_proj", Width, 96);
                if (architecture is "qwen3" or "qwen3_next" or "olmo2")
                    Weight(layer + "self_attn.q_norm.weight", centre, 16).Weight(layer + "self_attn.k_norm.weight", centre, 16);
                if (architecture == "qwen3_next")
                    Weight(layer + "linear_attn.norm.weight", 1, 16);
                if (architecture is "gemma2")
                    Weight(layer + "pre_feedforward_layernorm.weight", centre);
                if (architecture is "gemma2" or "olmo2")
                    Weight(layer + "post_feedforward_layernorm.weight", centre);
                break;
            case "cohere": Weight(layer + "input_layernorm.weight").Linear(layer + "self_attn.q_proj", Width); break;
            case "gpt2":
                LayerNorm($"h.{i}.ln_1").Linear($"h.{i}.attn.c_attn", Width, 3 * Width).LayerNorm($"h.{i}.ln_2").Linear($"h.{i}.mlp.c_fc", Width, 4 * Width).Linear($"h.{i}.mlp.c_proj", 4 * Width).Linear($"h.{i}.attn.c_proj", Width);
                Tensors[$"h.{i}.attn.c_attn.bias"] = (draw.About(0, 0.1, 3 * Width), [3 * Width]);
                Tensors[$"h.{i}.mlp.c_fc.bias"] = (draw.About(0, 0.1, 4 * Width), [4 * Width]);
                break;
            case "gpt_neox": LayerNorm($"gpt_neox.layers.{i}.input_layernorm").LayerNorm($"gpt_neox.layers.{i}.post_attention_layernorm").Linear($"gpt_neox.layers.{i}.attention.query_key_value", 3 * Width, bias: true); break;
            case "opt": LayerNorm($"model.decoder.layers.{i}.self_attn_layer_norm").LayerNorm($"model.decoder.layers.{i}.final_layer_norm").Linear($"model.decoder.layers.{i}.self_attn.q_proj", Width, bias: true); break;
            case "bert": LayerNorm($"bert.encoder.layer.{i}.attention.output.LayerNorm").LayerNorm($"bert.encoder.layer.{i}.output.LayerNorm").Linear($"bert.encoder.layer.{i}.intermediate.dense", 96, bias: true); break;
            case "t5":
                foreach (string stack in (string[])["encoder", "decoder"])
                    Weight($"{stack}.block.{i}.layer.0.layer_norm.weight").Weight($"{stack}.block.{i}.layer.1.layer_norm.weight").Linear($"{stack}.block.{i}.layer.0.SelfAttention.q", Width);
                Weight($"decoder.block.{i}.layer.2.layer_norm.weight");
                break;
            case "vit": LayerNorm($"vit.encoder.layer.{i}.layernorm_before").LayerNorm($"vit.encoder.layer.{i}.layernorm_after").Linear($"vit.encoder.layer.{i}.attention.attention.query", Width, bias: true); break;
            case "whisper":
                LayerNorm($"model.encoder.layers.{i}.self_attn_layer_norm").LayerNorm($"model.encoder.layers.{i}.final_layer_norm");
                LayerNorm($"model.decoder.layers.{i}.self_attn_layer_norm").LayerNorm($"model.decoder.layers.{i}.encoder_attn_layer_norm").LayerNorm($"model.decoder.layers.{i}.final_layer_norm");
                break;
            case "resnet": Linear($"layer1.{i}.conv1", Width, Width, false, 3, 3).BatchNorm($"layer1.{i}.bn1").Linear($"layer1.{i}.downsample.0", Width, Width, false, 1, 1).BatchNorm($"layer1.{i}.downsample.1"); break;
            case "convnext": LayerNorm($"stages.0.blocks.{i}.norm").Weight($"stages.0.blocks.{i}.gamma"); break;
            case "mamba": Weight($"backbone.layers.{i}.norm.weight").Linear($"backbone.layers.{i}.mixer.in_proj", 96); break;
        }
    }

    private static string Configuration(string architecture)
    {
        string eps = architecture switch
        {
            "llama" or "mistral" or "qwen2" or "qwen3" or "gemma2" or "qwen3_next" or "olmo2" => "\"rms_norm_eps\": 1e-6",
            "gpt2" or "t5" or "mamba" => "\"layer_norm_epsilon\": 1e-5",
            "gpt_neox" or "vit" or "cohere" => "\"layer_norm_eps\": 1e-5",
            "bert" => "\"layer_norm_eps\": 1e-12",
            _ => "\"hidden_size\": 48",
        };
        return $$"""{"model_type": "{{architecture}}", {{eps}}}""";
    }
}

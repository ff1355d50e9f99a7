using System.Text;

namespace NormKit.IO.Tests.Models;

public sealed class FoldSafetensorsTests
{
    [Theory]
    [InlineData("llama", "llama", null)]
    [InlineData("mistral", "llama", null)]
    [InlineData("qwen2", "qwen2", null)]
    [InlineData("gpt2", "gpt2", "ln_f")]
    public void FoldSafetensors_EachPlan_GivesTheSameFunction(string architecture, string plan, string? keep)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of(architecture);
        string path = model.Write(directory);
        FoldResult result = ModelFolding.FoldSafetensors(path, directory["out.safetensors"], FoldPlan.Of(plan), keep is null ? [] : [keep], check: true);
        Assert.Equal((2 * Checkpoint.Layers) + (keep is null ? 1 : 0), result.FoldedCount);
        Assert.InRange(result.LargestDifference!.Value, 0, 1e-6);
        IReadOnlyDictionary<string, StoredTensor> before = SafetensorsFile.ReadAll(path), after = SafetensorsFile.ReadAll(directory["out.safetensors"]);
        Assert.Equal(before.Keys, after.Keys);

        // layer(norm(x)) of the attention's first layer, from the formulas, in double.
        bool isGpt = architecture == "gpt2";
        string norm = isGpt ? "h.1.ln_1" : "model.layers.1.input_layernorm", reader = isGpt ? "h.1.attn.c_attn" : "model.layers.1.self_attn.q_proj";
        double[] x = [.. new Draw(3).About(0.1, 1, Checkpoint.Width).Select(value => (double)value)];
        double[] one = Apply(before, norm, reader, x, isGpt), other = Apply(after, norm, reader, x, isGpt);
        double largest = one.Max(Math.Abs);
        for (int i = 0; i < one.Length; i++)
            Assert.Equal(one[i], other[i], 1e-6 * largest);
        Assert.All(after[norm + ".weight"].ToArray<double>(), value => Assert.Equal(1, value));
        if (keep is not null)
            Assert.Equal(before[keep + ".weight"].ToArray<double>(), after[keep + ".weight"].ToArray<double>());

        // Each weight is the product, rounded once; what reads no norm keeps its bytes.
        double[] w = before[reader + ".weight"].ToArray<double>(), scale = before[norm + ".weight"].ToArray<double>(), folded = after[reader + ".weight"].ToArray<double>();
        for (int i = 0; i < w.Length; i++)
            Assert.Equal((float)(w[i] * scale[isGpt ? i / (3 * Checkpoint.Width) : i % Checkpoint.Width]), (float)folded[i]);
        string untouched = isGpt ? "h.1.mlp.c_proj.weight" : "model.layers.1.mlp.down_proj.weight";
        Assert.Equal(before[untouched].ToArray<double>(), after[untouched].ToArray<double>());
    }

    private static double[] Apply(IReadOnlyDictionary<string, StoredTensor> tensors, string norm, string reader, double[] x, bool isGpt)
    {
        double[] weight = tensors[norm + ".weight"].ToArray<double>();
        double[]? bias = tensors.TryGetValue(norm + ".bias", out StoredTensor? stored) ? stored.ToArray<double>() : null;
        double mean = isGpt ? x.Average() : 0, deviation = Math.Sqrt(x.Average(value => (value - mean) * (value - mean)) + 1e-6);
        double[] y = [.. x.Select((value, i) => ((value - mean) / deviation * weight[i]) + (bias?[i] ?? 0))], matrix = tensors[reader + ".weight"].ToArray<double>();
        int outputs = matrix.Length / x.Length;
        double[] result = tensors.TryGetValue(reader + ".bias", out StoredTensor? readerBias) ? readerBias.ToArray<double>() : new double[outputs];
        for (int o = 0; o < outputs; o++)
        {
            for (int i = 0; i < x.Length; i++)
                result[o] += matrix[isGpt ? (i * outputs) + o : (o * x.Length) + i] * y[i];
        }
        return result;
    }

    [Theory]
    [InlineData("gpt2", "gpt2", "ln_f is read by lm_head, which is the embedding's weight (they are tied)", "--keep ln_f")]
    [InlineData("qwen3", "qwen2", "model.layers.0.self_attn.k_norm is read by the attention scores", "--keep model.layers.0.self_attn.k_norm")]
    [InlineData("olmo2", "llama", "model.layers.0.post_attention_layernorm is a post-norm", "residual sum")]
    [InlineData("gemma2", "llama", "gemma2 adds one to the stored weights", "minus one")]
    [InlineData("opt", "llama", "is not in the plan: something else may read it", "--keep")]
    public void FoldSafetensors_NotTheSameFunction_IsRefusedAndNothingIsWritten(string architecture, string plan, string words, string way)
    {
        using TemporaryDirectory directory = new();
        string path = Checkpoint.Of(architecture).Write(directory);
        string[] files = directory.FileNames;
        TensorFileException error = Assert.Throws<TensorFileException>(() => ModelFolding.FoldSafetensors(path, directory["out.safetensors"], FoldPlan.Of(plan)));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains(way, error.Message, StringComparison.Ordinal);
        Assert.Equal(files, directory.FileNames);
    }

    public static TheoryData<string, string> Faults() => new()
    {
        { "post-norm", "model.layers.0.post_attention_layernorm is a post-norm: its output goes into the residual sum" },
        { "parallel", "model.layers.0.mlp.gate_proj reads model.layers.0.post_attention_layernorm by the plan llama, but there is no such norm: it may read model.layers.0.input_layernorm" },
        { "same as embedding", "model.norm is read by lm_head, which is the embedding's weight" },
        { "router", "model.layers.1.mlp.router.weight is not in the plan llama, and may read model.layers.1.input_layernorm, model.layers.1.post_attention_layernorm" },
        { "tied by config", "model.norm is read by lm_head, which is the embedding's weight" },
        { "no reader", "there is no model.layers.2.mlp.up_proj.weight" },
        { "other width", "whose second dimension must be the 48 channels" },
        { "NaN", "model.layers.1.input_layernorm holds NaN or infinity" },
        { "bias", "model.layers.0.input_layernorm has a bias, and model.layers.0.self_attn.q_proj has none to take it" },
        { "half", "model.layers.0.self_attn.q_proj.weight would hold" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void FoldSafetensors_Fault_IsRefused(string fault, string words)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        switch (fault)
        {
            case "post-norm": model.Weight("model.layers.0.post_feedforward_layernorm.weight"); break;
            case "parallel": model.Tensors.Remove("model.layers.0.post_attention_layernorm.weight"); break;
            case "same as embedding": model.Tensors["model.embed_tokens.weight"] = model.Tensors["lm_head.weight"]; break;
            case "router": model.Linear("model.layers.1.mlp.router", 8); break;
            case "tied by config": model.Config = """{"model_type": "llama", "tie_word_embeddings": true}"""; break;
            case "no reader": model.Tensors.Remove("model.layers.2.mlp.up_proj.weight"); break;
            case "other width": model.Linear("model.layers.2.mlp.up_proj", 8, 40); break;
            case "NaN": model["model.layers.1.input_layernorm.weight"][0] = float.NaN; break;
            case "bias": model.Weight("model.layers.0.input_layernorm.bias", 0); break;
            default:
                model.Type = ElementType.Float16;
                model["model.layers.0.input_layernorm.weight"].AsSpan().Fill(60000);
                model["model.layers.0.self_attn.q_proj.weight"].AsSpan().Fill(2);
                break;
        }
        string path = model.Write(directory);
        TensorFileException error = Assert.Throws<TensorFileException>(() => ModelFolding.FoldSafetensors(path, directory["out.safetensors"], FoldPlan.Of("llama")));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(directory["out.safetensors"]));
    }

    [Fact]
    public void FoldSafetensors_UnknownKeep_NamesTheNorms()
    {
        using TemporaryDirectory directory = new();
        string path = Checkpoint.Of("gpt2").Write(directory);
        Assert.Contains("there is no norm of that name. Norms are 'h.0.ln_1'", Assert.Throws<TensorFileException>(() => ModelFolding.FoldSafetensors(path, directory["out.safetensors"], FoldPlan.Of("gpt2"), ["ln_x"])).Message, StringComparison.Ordinal);
    }

    /// <summary>Gemma's weights are stored minus one: the plan says so, and zeros are left behind. Post-norms are kept by name.</summary>
    [Fact]
    public void FoldSafetensors_PlanFile_TellsStoredMinusOne()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("gemma2");
        string path = model.Write(directory), plan = directory.Write("plan.json", Encoding.UTF8.GetBytes("""
            {"prefixes": ["model."], "stored": "minus one",
             "norms": [{"norm": "layers.*.input_layernorm", "readers": ["layers.*.self_attn.q_proj", "layers.*.self_attn.k_proj", "layers.*.self_attn.v_proj"]},
                       {"norm": "layers.*.pre_feedforward_layernorm", "readers": ["layers.*.mlp.gate_proj", "layers.*.mlp.up_proj"]}],
             "others": ["layers.*.self_attn.o_proj", "layers.*.mlp.down_proj", "embed_tokens"]}
            """));
        string[] keep = [.. Enumerable.Range(0, Checkpoint.Layers).SelectMany(i => (string[])[$"model.layers.{i}.post_attention_layernorm", $"model.layers.{i}.post_feedforward_layernorm"]), "model.norm"];
        Assert.Equal(2 * Checkpoint.Layers, ModelFolding.FoldSafetensors(path, directory["out.safetensors"], FoldPlan.Of(plan), keep).FoldedCount);
        double[] w = [.. model["model.layers.0.mlp.up_proj.weight"].Select(value => (double)value)], folded = SafetensorsFile.Read(directory["out.safetensors"], "model.layers.0.mlp.up_proj.weight").ToArray<double>();
        for (int i = 0; i < w.Length; i++)
            Assert.Equal((float)(w[i] * (1.0 + model["model.layers.0.pre_feedforward_layernorm.weight"][i % Checkpoint.Width])), (float)folded[i]);
        Assert.All(SafetensorsFile.Read(directory["out.safetensors"], "model.layers.0.pre_feedforward_layernorm.weight").ToArray<double>(), value => Assert.Equal(0, value));
        Assert.All(ModelInspector.Inspect(path, directory["out.safetensors"]).Norms.Where(norm => !keep.Contains(norm.Name)), norm => Assert.Equal(NormRelationKind.Folded, norm.Relation!.Kind));
    }

    [Fact]
    public void FoldSafetensors_Shards_AreWrittenBesideTheNewIndex()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        Dictionary<string, string> map = [];
        foreach (bool second in (bool[])[false, true])
        {
            string shard = second ? "m-2.safetensors" : "m-1.safetensors";
            var part = model.Tensors.Where(tensor => tensor.Key.Contains("mlp", StringComparison.Ordinal) == second).ToList();
            SafetensorsFile.Write(directory[shard], part.Select(tensor => new KeyValuePair<string, StoredTensor>(tensor.Key, StoredTensor.From<float>(tensor.Value.Values, tensor.Value.Shape))));
            foreach (var tensor in part)
                map.Add(tensor.Key, shard);
        }
        string index = directory.Write("m.safetensors.index.json", Encoding.UTF8.GetBytes($$"""{"weight_map": {{{string.Join(", ", map.Select(pair => $"\"{pair.Key}\": \"{pair.Value}\""))}}} }"""));
        string output = Path.Combine(Directory.CreateDirectory(directory["out"]).FullName, "m.safetensors.index.json");
        Assert.Equal(7, ModelFolding.FoldSafetensors(index, output, FoldPlan.Of("llama")).FoldedCount);
        Assert.Equal(["m-1.safetensors", "m-2.safetensors", "m.safetensors.index.json"], Directory.GetFiles(directory["out"]).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.All(ModelInspector.Inspect(index, output).Norms, norm => Assert.Equal(NormRelationKind.Folded, norm.Relation!.Kind));
        Assert.Contains("give an index in another directory", Assert.Throws<TensorFileException>(() => ModelFolding.FoldSafetensors(index, directory["n.safetensors.index.json"], FoldPlan.Of("llama"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lama", "is no plan and no file; plans are llama, qwen2, gpt2")]
    [InlineData("{", "is no plan")]
    [InlineData("{}", "has no array norms")]
    [InlineData("""{"norms": [{"norm": "a"}]}""", "needs norm and readers")]
    [InlineData("""{"norms": [{"norm": "a", "readers": []}]}""", "at least one reader")]
    [InlineData("""{"norms": [{"norm": "a", "readers": ["b"], "layout": "x"}]}""", "is not 'out, in' or 'in, out'")]
    [InlineData("""{"norms": [], "stored": "x"}""", "is not 'as it is' or 'minus one'")]
    [InlineData("""{"norms": [], "extra": 1}""", "'extra' is not in a plan")]
    [InlineData("""{"norms": [1]}""", "is no plan")]
    public void Plan_ThatIsNone_IsRefused(string text, string rule)
    {
        using TemporaryDirectory directory = new();
        string plan = text.StartsWith('{') ? directory.Write("plan.json", Encoding.UTF8.GetBytes(text)) : text;
        Assert.Contains(rule, Assert.Throws<TensorFileException>(() => FoldPlan.Of(plan)).Message, StringComparison.Ordinal);
    }
}

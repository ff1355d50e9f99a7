namespace NormKit.IO.Tests.Models;

public sealed class InspectTests
{
    public static TheoryData<string> Architectures() => [.. Checkpoint.Architectures];

    private static readonly Dictionary<string, (int Count, NormKind Kind, double? Eps)> Expected = new()
    {
        ["llama"] = (7, NormKind.RmsNorm, 1e-6),
        ["mistral"] = (7, NormKind.RmsNorm, 1e-6),
        ["qwen2"] = (7, NormKind.RmsNorm, 1e-6),
        ["qwen3"] = (13, NormKind.RmsNorm, 1e-6),
        ["gemma2"] = (13, NormKind.RmsNorm, 1e-6),
        ["qwen3_next"] = (16, NormKind.RmsNorm, 1e-6),
        ["olmo2"] = (13, NormKind.RmsNorm, 1e-6),
        ["gpt2"] = (7, NormKind.LayerNorm, 1e-5),
        ["gpt_neox"] = (7, NormKind.LayerNorm, 1e-5),
        ["opt"] = (7, NormKind.LayerNorm, null),
        ["bert"] = (7, NormKind.LayerNorm, 1e-12),
        ["t5"] = (17, NormKind.RmsNorm, 1e-5),
        ["vit"] = (7, NormKind.LayerNorm, 1e-5),
        ["whisper"] = (17, NormKind.LayerNorm, null),
        ["resnet"] = (7, NormKind.BatchNorm, null),
        ["convnext"] = (5, NormKind.LayerNorm, null),
        ["mamba"] = (4, NormKind.RmsNorm, 1e-5),
        ["cohere"] = (4, NormKind.LayerNorm, 1e-5),
    };

    [Theory]
    [MemberData(nameof(Architectures))]
    public void Inspect_SoundCheckpoint_ListsEachNormWithoutFinding(string architecture)
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(Checkpoint.Of(architecture).Write(directory));
        (int count, NormKind kind, double? eps) = Expected[architecture];
        Assert.Equal(count, inspection.Norms.Count);
        Assert.Equal(architecture, inspection.Architecture);
        Assert.All(inspection.Norms, norm =>
        {
            Assert.Equal((kind, eps, "F32", "model.safetensors"), (norm.Kind, norm.Eps, norm.TypeName, norm.Where));
            Assert.Empty(norm.Findings.Select(finding => finding.Text));
        });
    }

    [Fact]
    public void Inspect_Llama_SaysWhatReadsEachNorm()
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(Checkpoint.Of("llama").Write(directory));
        ModelNorm first = inspection.Norms[0], last = inspection.Norms[^1];
        Assert.Equal(("model.layers.0.input_layernorm", "self_attn.q_proj, self_attn.k_proj, self_attn.v_proj", "the residual stream"), (first.Name, first.Before, first.After));
        Assert.Equal("config.json: rms_norm_eps", first.EpsSource);
        Assert.Equal("mlp.gate_proj, mlp.up_proj", inspection.Norms[1].Before);
        Assert.Equal(("model.norm", "lm_head"), (last.Name, last.Before));
    }

    [Fact]
    public void Inspect_Gemma2_ReadsPostNormsAsSuch()
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(Checkpoint.Of("gemma2").Write(directory));
        ModelNorm post = inspection.Norms.Single(norm => norm.Name == "model.layers.0.post_attention_layernorm");
        Assert.Equal("the residual sum", post.Before);
        Assert.True(post.AddsOne);
        Assert.True(post.LooksMinusOne);
        Assert.Equal("mlp.gate_proj, mlp.up_proj", inspection.Norms.Single(norm => norm.Name == "model.layers.0.pre_feedforward_layernorm").Before);
        Assert.Equal("model.embed_tokens (tied)", inspection.Norms[^1].Before);
    }

    [Fact]
    public void Inspect_ResNet_FindsTheConvolutionBefore()
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(Checkpoint.Of("resnet").Write(directory));
        Assert.Equal(["bn1", "layer1.0.bn1", "layer1.0.downsample.1", "layer1.1.bn1"], inspection.Norms.Take(4).Select(norm => norm.Name));
        Assert.Equal(["conv1", "layer1.0.conv1", "layer1.0.downsample.0"], inspection.Norms.Take(3).Select(norm => norm.After));
        Assert.Equal(1000, inspection.Norms[0].BatchesTracked);
    }

    /// <summary>One fault in one norm of a sound checkpoint: it is named there, with its channel or count, and nothing else is.</summary>
    [Theory]
    [InlineData("NaN in weight", NormFindingKind.NotFinite, "weight holds 1 NaN, first in channel 5")]
    [InlineData("infinite mean", NormFindingKind.NotFinite, "running mean holds 2 infinities, first in channel 3")]
    [InlineData("negative variance", NormFindingKind.NegativeVariance, "negative in 1 of 48 channels, least -0.5 in channel 7")]
    [InlineData("new", NormFindingKind.UntouchedStatistics, "no batch was counted")]
    [InlineData("new but counted", NormFindingKind.UntouchedStatistics, "although 1000 batches were counted")]
    [InlineData("alike variance", NormFindingKind.AlikeStatistics, "running variance is 0.5 in all 48 channels")]
    [InlineData("alike mean", NormFindingKind.AlikeStatistics, "running mean is 2 in all 48 channels")]
    [InlineData("dead", NormFindingKind.DeadChannels, "0 in 2 of 48 channels, first in channel 4")]
    [InlineData("all dead", NormFindingKind.DeadChannels, "0 in all 48 channels")]
    [InlineData("small variance", NormFindingKind.VarianceBelowEps, "3 of 48 channels (6.2 %) have a variance below 1e-5")]
    [InlineData("large for half", NormFindingKind.HalfOverflow, "70000 in channel 9")]
    [InlineData("no variance", NormFindingKind.Incomplete, "running_var is missing")]
    [InlineData("short variance", NormFindingKind.Incomplete, "the running variance has 40 values, but the weight has 48")]
    public void Inspect_PlantedFault_IsNamed(string fault, NormFindingKind kind, string words)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("resnet");
        const string bn = "layer1.1.bn1.";
        float[] weight = model[bn + "weight"], mean = model[bn + "running_mean"], variance = model[bn + "running_var"];
        switch (fault)
        {
            case "NaN in weight": weight[5] = float.NaN; break;
            case "infinite mean": (mean[3], mean[9]) = (float.PositiveInfinity, float.NegativeInfinity); break;
            case "negative variance": variance[7] = -0.5f; break;
            case "new" or "new but counted":
                mean.AsSpan().Clear();
                variance.AsSpan().Fill(1);
                if (fault == "new")
                    model[bn + "num_batches_tracked"][0] = 0;
                break;
            case "alike variance": variance.AsSpan().Fill(0.5f); break;
            case "alike mean": mean.AsSpan().Fill(2); break;
            case "dead": weight[4] = weight[6] = 0; break;
            case "all dead": weight.AsSpan().Clear(); break;
            case "small variance": variance[0] = variance[1] = variance[2] = 1e-7f; break;
            case "large for half": variance[9] = 70000; break;
            case "no variance": model.Tensors.Remove(bn + "running_var"); break;
            default: model.Tensors[bn + "running_var"] = (variance[..40], [40]); break;
        }
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory));
        ModelNorm norm = Assert.Single(inspection.Norms, norm => norm.Findings.Count > 0);
        NormFinding finding = Assert.Single(norm.Findings);
        Assert.Equal(("layer1.1.bn1", kind), (norm.Name, finding.Kind));
        Assert.Contains(words, finding.Text, StringComparison.Ordinal);
    }

    /// <summary>What another eps does, from the formula: sqrt((v + eps) / (v + other)).</summary>
    [Fact]
    public void Inspect_VarianceBelowEps_SaysWhatAnotherEpsWouldDo()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("resnet");
        model.Config = """{"model_type": "resnet", "batch_norm_eps": 1e-3}""";
        model["bn1.running_var"][0] = 1e-6f;
        string text = Assert.Single(ModelInspector.Inspect(model.Write(directory)).Norms.Single(norm => norm.Name == "bn1").Findings).Text;
        double factor = Math.Sqrt((1e-6 + 1e-3) / (1e-6 + 1e-5));
        Assert.Contains($"below eps 0.001, least 1e-6: eps decides their scale. With eps 1e-5 their outputs would be up to {factor:G3} times as large.", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "model.layers.1.input_layernorm", NormFindingKind.StoredMinusOne, "but llama multiplies by it as it is")]
    [InlineData("gemma2", "model.layers.1.input_layernorm", NormFindingKind.StoredAsIs, "but gemma2 adds 1 to it")]
    [InlineData("qwen3_next", "model.layers.1.linear_attn.norm", NormFindingKind.StoredMinusOne, "but qwen3_next multiplies by it as it is here")]
    public void Inspect_OneNormStoredTheOtherWay_IsNamed(string architecture, string name, NormFindingKind kind, string words)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of(architecture);
        float[] weight = model[name + ".weight"];
        float step = kind == NormFindingKind.StoredMinusOne ? -1 : 1;
        for (int i = 0; i < weight.Length; i++)
            weight[i] += step;
        ModelNorm norm = Assert.Single(ModelInspector.Inspect(model.Write(directory)).Norms, norm => norm.Findings.Count > 0);
        NormFinding finding = Assert.Single(norm.Findings);
        Assert.Equal((name, kind), (norm.Name, finding.Kind));
        Assert.Contains(words, finding.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama", "gemma2", NormFindingKind.StoredAsIs)]
    [InlineData("gemma2", "llama", NormFindingKind.StoredMinusOne)]
    public void Inspect_WholeFileStoredTheOtherWay_NamesEachNorm(string tensors, string declared, NormFindingKind kind)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of(tensors);
        model.Config = $$"""{"model_type": "{{declared}}", "rms_norm_eps": 1e-6}""";
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory));
        Assert.All(inspection.Norms, norm => Assert.Equal(kind, Assert.Single(norm.Findings).Kind));
    }

    /// <summary>Weights near 1 that vary little, and weights of about a half, without the one that the architecture does not add.</summary>
    [Theory]
    [InlineData(1, 0.02)]
    [InlineData(0.98, 0.05)]
    [InlineData(0.4, 0.1)]
    public void Inspect_WholeFileStoredMinusOne_NamesEachNormWhateverItsSpread(double center, double spread)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        Random random = new(4);
        foreach (string norm in ModelInspector.Inspect(model.Write(directory)).Norms.Select(norm => norm.Name))
        {
            float[] weight = model[norm + ".weight"];
            for (int i = 0; i < weight.Length; i++)
                weight[i] = (float)(center - 1 + (spread * ((2 * random.NextDouble()) - 1)));
        }
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory));
        Assert.All(inspection.Norms, norm => Assert.Equal(NormFindingKind.StoredMinusOne, Assert.Single(norm.Findings).Kind));
    }

    /// <summary>Gemma's weights reach far above 1, so weights far above 0 are no sign that the one was not taken off.</summary>
    [Fact]
    public void Inspect_LargeWeightsOfGemma_AreNoFinding()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("gemma2");
        string[] norms = [.. ModelInspector.Inspect(model.Write(directory)).Norms.Select(norm => norm.Name + ".weight")];
        for (int i = 0; i < norms.Length; i++)
            model[norms[i]].AsSpan().Fill(2 + i);
        Assert.All(ModelInspector.Inspect(model.Write(directory)).Norms, norm => Assert.Empty(norm.Findings));
    }

    /// <summary>The first layers of Llama have weights near 0, some of them negative; that is sound.</summary>
    [Fact]
    public void Inspect_SmallWeightsOfTheFirstLayer_AreNoFinding()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        for (int i = 0; i < Checkpoint.Width; i++)
        {
            model["model.layers.0.input_layernorm.weight"][i] = 0.03f * (float)Math.Sin(i + 1);
            model["model.layers.1.input_layernorm.weight"][i] *= 0.3f;
        }
        Assert.All(ModelInspector.Inspect(model.Write(directory)).Norms, norm => Assert.Empty(norm.Findings));
    }

    [Fact]
    public void Inspect_KerasMomentumInAConfig_IsNamed()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("resnet");
        model.Config = """{"model_type": "efficientnet", "batch_norm_momentum": 0.99}""";
        Assert.All(ModelInspector.Inspect(model.Write(directory)).Norms, norm =>
        {
            Assert.Equal(NormFindingKind.Momentum, Assert.Single(norm.Findings).Kind);
            Assert.Contains("there it is 0.01", norm.Findings[0].Text, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("0", "equal values in a row give NaN")]
    [InlineData("0.1", "larger than any in use")]
    [InlineData("-1e-6", "no variance plus it is safe")]
    public void Inspect_UnusualEps_IsNamed(string eps, string words)
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("llama");
        model.Config = $$"""{"model_type": "llama", "rms_norm_eps": {{eps}}}""";
        Assert.All(ModelInspector.Inspect(model.Write(directory)).Norms, norm => Assert.Contains(words, Assert.Single(norm.Findings).Text, StringComparison.Ordinal));
    }

    /// <summary>Layer 10 comes behind layer 9, and not behind layer 1 where the format's alphabet has it.</summary>
    [Fact]
    public void Inspect_ManyLayers_AreListedInTheirOrder()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = new(4);
        for (int i = 11; i >= 0; i--)
            model.Weight($"model.layers.{i}.input_layernorm.weight");
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"model.layers.{i}.input_layernorm"), ModelInspector.Inspect(model.Write(directory)).Norms.Select(norm => norm.Name));
    }

    [Fact]
    public void Inspect_ShardsAndVision_FindEachEps()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = new Checkpoint(3) { Config = """{"model_type": "llava", "text_config": {"rms_norm_eps": 1e-5}, "vision_config": {"layer_norm_eps": 1e-6}}""" }
            .Weight("language_model.model.layers.0.input_layernorm.weight").LayerNorm("vision_tower.vision_model.encoder.layers.0.layer_norm1");
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory));
        Assert.Equal([(1e-5, "config.json: text_config.rms_norm_eps"), (1e-6, "config.json: vision_config.layer_norm_eps")], inspection.Norms.Select(norm => (norm.Eps!.Value, norm.EpsSource)));
    }
}

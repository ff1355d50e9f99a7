namespace NormKit.IO.Tests.Models;

public sealed class RelationTests
{
    private const string Name = "model.layers.1.input_layernorm";

    [Theory]
    [InlineData("equal", NormRelationKind.Equal, "equal")]
    [InlineData("plus", NormRelationKind.PlusOne, "there is this one plus one")]
    [InlineData("minus", NormRelationKind.MinusOne, "there is this one minus one")]
    [InlineData("factor", NormRelationKind.Factor, "times 1.5")]
    [InlineData("bfloat16", NormRelationKind.BFloat16, "is rounded to bfloat16 there")]
    [InlineData("cut", NormRelationKind.BFloat16, "is cut to bfloat16, not rounded, there")]
    [InlineData("half", NormRelationKind.Half, "is rounded to half precision there")]
    [InlineData("permuted", NormRelationKind.Permuted, "has the same values in another order, 48 of 48")]
    [InlineData("one value", NormRelationKind.Different, "differs by up to 0.5, most in channel 3")]
    [InlineData("short", NormRelationKind.Different, "48 values here and 40 there")]
    public void Inspect_TwoFiles_NamesTheRelation(string change, NormRelationKind kind, string words)
    {
        using TemporaryDirectory directory = new();
        Checkpoint first = Checkpoint.Of("llama"), second = Checkpoint.Of("llama");
        float[] weight = second[Name + ".weight"];
        for (int i = 0; i < weight.Length; i++)
        {
            weight[i] = change switch
            {
                "plus" => weight[i] + 1,
                "minus" => weight[i] - 1,
                "factor" => 1.5f * weight[i],
                "bfloat16" => (float)(BFloat16)weight[i],
                "cut" => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(weight[i]) >> 16 << 16),
                "half" => (float)(Half)weight[i],
                _ => weight[i],
            };
        }
        if (change == "permuted")
            Array.Reverse(weight);
        if (change == "one value")
            weight[3] += 0.5f;
        if (change == "short")
            second.Tensors[Name + ".weight"] = (weight[..40], [40]);
        ModelInspection inspection = ModelInspector.Inspect(first.Write(directory, "a.safetensors"), second.Write(directory, "b.safetensors"));
        Assert.All(inspection.Norms, norm => Assert.Equal(norm.Name == Name ? kind : NormRelationKind.Equal, norm.Relation!.Kind));
        NormRelation relation = inspection.Norms.Single(norm => norm.Name == Name).Relation!;
        Assert.Contains(words, relation.Text, StringComparison.Ordinal);
        Assert.Equal(change == "factor" ? 1.5 : double.NaN, relation.Factor ?? double.NaN, 1e-6);
        if (change == "one value")
            Assert.Equal(0.5, relation.MaxAbs, 1e-6);
        Assert.Empty(inspection.OnlyInOther);
    }

    /// <summary>bfloat16 keeps eight bits: what was plus one is so to its rounding.</summary>
    [Fact]
    public void Inspect_PlusOneInBFloat16_IsPlusOne()
    {
        using TemporaryDirectory directory = new();
        Checkpoint first = Checkpoint.Of("gemma2"), second = Checkpoint.Of("gemma2");
        foreach ((string name, (float[] values, _)) in second.Tensors)
        {
            for (int i = 0; i < values.Length && name.Contains("norm", StringComparison.Ordinal); i++)
                values[i] += 1;
        }
        (first.Type, second.Type) = (ElementType.BFloat16, ElementType.BFloat16);
        Assert.All(ModelInspector.Inspect(first.Write(directory, "a.safetensors"), second.Write(directory, "b.safetensors")).Norms, norm => Assert.Equal(NormRelationKind.PlusOne, norm.Relation!.Kind));
    }

    /// <summary>The names of Hugging Face, llama.cpp and GPT-2's own code for the same norms.</summary>
    [Fact]
    public void Inspect_AcrossFrameworks_MatchesNames()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("gemma2");
        GgufBuilder gguf = new GgufBuilder().Text("general.architecture", "gemma2").Single("gemma2.attention.layer_norm_rms_epsilon", 1e-6f);
        float[] Plus(string name) => [.. model[name].Select(value => value + 1)];
        for (int i = 0; i < Checkpoint.Layers; i++)
        {
            foreach ((string there, string here) in ((string, string)[])[("attn_norm", "input_layernorm"), ("post_attention_norm", "post_attention_layernorm"), ("ffn_norm", "pre_feedforward_layernorm"), ("post_ffw_norm", "post_feedforward_layernorm")])
                gguf.Tensor($"blk.{i}.{there}.weight", Plus($"model.layers.{i}.{here}.weight"));
        }
        gguf.Tensor("output_norm.weight", Plus("model.norm.weight"));
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory), directory.Write("m.gguf", gguf.Build()));
        Assert.All(inspection.Norms, norm =>
        {
            Assert.Equal(NormRelationKind.PlusOne, norm.Relation!.Kind);
            Assert.Empty(norm.Findings);
        });
        Assert.Equal("blk.1.post_ffw_norm", inspection.Norms.Single(norm => norm.Name == "model.layers.1.post_feedforward_layernorm").Relation!.Other);
    }

    [Theory]
    [InlineData("model.layers.0.input_layernorm", "blk.0.attn_norm")]
    [InlineData("model.layers.3.post_attention_layernorm", "blk.3.ffn_norm")]
    [InlineData("transformer.h.11.ln_1", "blk.11.attn_norm")]
    [InlineData("h.0.ln_1", "/model/layers.0/input_layernorm")]
    [InlineData("transformer.ln_f", "output_norm")]
    [InlineData("model.norm", "output_norm")]
    [InlineData("gpt_neox.final_layer_norm", "output_norm")]
    [InlineData("model.layers.2.self_attn.q_norm", "blk.2.attn_q_norm")]
    [InlineData("encoder.block.1.layer.1.layer_norm", "enc.blk.1.ffn_norm")]
    [InlineData("decoder.block.1.layer.1.layer_norm", "dec.blk.1.cross_attn_norm")]
    [InlineData("vision_tower.vision_model.encoder.layers.5.layer_norm1", "v.blk.5.ln1")]
    [InlineData("module.layer1.0.bn1", "layer1.0.bn1")]
    [InlineData("bert/encoder/layer_4/output/LayerNorm", "encoder.layer.4.output.LayerNorm")]
    public void Place_OfTheSameNorm_IsTheSame(string one, string other) => Assert.Equal(NormPlace.Of(one), NormPlace.Of(other));

    [Fact]
    public void Inspect_BertAndItsGguf_MatchWithoutStacks()
    {
        using TemporaryDirectory directory = new();
        Checkpoint model = Checkpoint.Of("bert");
        GgufBuilder gguf = new GgufBuilder().Text("general.architecture", "bert").Single("bert.attention.layer_norm_epsilon", 1e-5f);
        void Copy(string there, string here)
        {
            gguf.Tensor($"{there}.weight", model[$"{here}.weight"]).Tensor($"{there}.bias", model[$"{here}.bias"]);
        }
        Copy("token_embd_norm", "bert.embeddings.LayerNorm");
        for (int i = 0; i < Checkpoint.Layers; i++)
        {
            Copy($"blk.{i}.attn_output_norm", $"bert.encoder.layer.{i}.attention.output.LayerNorm");
            Copy($"blk.{i}.layer_output_norm", $"bert.encoder.layer.{i}.output.LayerNorm");
        }
        ModelInspection inspection = ModelInspector.Inspect(model.Write(directory), directory.Write("m.gguf", gguf.Build()));
        Assert.All(inspection.Norms, norm =>
        {
            Assert.Equal(NormRelationKind.Equal, norm.Relation!.Kind);
            NormFinding finding = Assert.Single(norm.Findings);
            Assert.Equal(NormFindingKind.OtherEps, finding.Kind);
            Assert.Contains("eps is 1e-12 here (config.json: layer_norm_eps) and 1e-5 in the other file", finding.Text, StringComparison.Ordinal);
        });
    }

    /// <summary>A batch norm multiplied into its convolution, by the formula, and removed.</summary>
    [Fact]
    public void Inspect_FoldedBatchNorm_IsNamed()
    {
        using TemporaryDirectory directory = new();
        Checkpoint first = Checkpoint.Of("resnet"), second = Checkpoint.Of("resnet");
        float[] kernel = second["conv1.weight"];
        for (int i = 0; i < kernel.Length; i++)
        {
            int c = i / (3 * 49);
            kernel[i] = (float)(kernel[i] * (first["bn1.weight"][c] / Math.Sqrt(first["bn1.running_var"][c] + 1e-5)));
        }
        foreach (string part in (string[])["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
            second.Tensors.Remove($"bn1.{part}");
        ModelInspection inspection = ModelInspector.Inspect(first.Write(directory, "a.safetensors"), second.Write(directory, "b.safetensors"));
        Assert.Equal((NormRelationKind.Folded, null), (inspection.Norms[0].Relation!.Kind, inspection.Norms[0].Relation!.Other));
        Assert.All(inspection.Norms.Skip(1), norm => Assert.Equal(NormRelationKind.Equal, norm.Relation!.Kind));
    }

    [Fact]
    public void Inspect_FoldedRmsNorm_IsNamed()
    {
        using TemporaryDirectory directory = new();
        Checkpoint first = Checkpoint.Of("llama"), second = Checkpoint.Of("llama");
        foreach (string projection in (string[])["q_proj", "k_proj", "v_proj"])
        {
            float[] weight = second[$"model.layers.1.self_attn.{projection}.weight"];
            for (int i = 0; i < weight.Length; i++)
                weight[i] *= first[Name + ".weight"][i % Checkpoint.Width];
        }
        second[Name + ".weight"].AsSpan().Fill(1);
        ModelInspection inspection = ModelInspector.Inspect(first.Write(directory, "a.safetensors"), second.Write(directory, "b.safetensors"));
        Assert.All(inspection.Norms, norm => Assert.Equal(norm.Name == Name ? NormRelationKind.Folded : NormRelationKind.Equal, norm.Relation!.Kind));
    }

    [Fact]
    public void Inspect_NormsOfOneFileOnly_AreListed()
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(Checkpoint.Of("llama").Write(directory, "a.safetensors"), Checkpoint.Of("qwen3").Write(directory, "b.safetensors"));
        Assert.Equal(6, inspection.OnlyInOther.Count);
        Assert.Contains("model.layers.2.self_attn.k_norm", inspection.OnlyInOther);
    }
}

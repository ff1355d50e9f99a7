namespace NormKit.IO.Tests.Models;

public sealed class InspectGgufTests
{
    private static GgufBuilder Llama(string architecture = "llama", bool hasEps = true, double centre = 1)
    {
        Draw draw = new(5);
        GgufBuilder builder = new GgufBuilder().Text("general.architecture", architecture);
        if (hasEps)
            builder.Single($"{architecture}.attention.layer_norm_rms_epsilon", 1e-5f);
        for (int i = 0; i < 3; i++)
        {
            builder.Tensor($"blk.{i}.attn_norm.weight", draw.About(centre, 0.2, 64)).Raw($"blk.{i}.attn_q.weight", 12, new byte[144 * 64], 64, 256)
                .Tensor($"blk.{i}.ffn_norm.weight", draw.About(centre, 0.2, 64)).Raw($"blk.{i}.ffn_up.weight", 12, new byte[144 * 64], 64, 256);
        }
        return builder.Tensor("output_norm.weight", draw.About(centre, 0.2, 64)).Tensor("rope_freqs.weight", draw.About(1, 0.1, 32)).Raw("output.weight", 14, new byte[210 * 64], 64, 256);
    }

    [Fact]
    public void Inspect_SoundGguf_ListsEachNormWithItsEps()
    {
        using TemporaryDirectory directory = new();
        ModelInspection inspection = ModelInspector.Inspect(directory.Write("m.gguf", Llama().Build()));
        Assert.Equal(["blk.0.attn_norm", "blk.0.ffn_norm", "blk.1.attn_norm", "blk.1.ffn_norm", "blk.2.attn_norm", "blk.2.ffn_norm", "output_norm"], inspection.Norms.Select(norm => norm.Name));
        Assert.All(inspection.Norms, norm =>
        {
            Assert.Equal((NormKind.RmsNorm, 1e-5, "llama.attention.layer_norm_rms_epsilon", "F32"), (norm.Kind, norm.Eps, norm.EpsSource, norm.TypeName));
            Assert.Empty(norm.Findings);
        });
        Assert.Equal("attn_q", inspection.Norms[0].Before);
    }

    [Fact]
    public void Inspect_GgufWithoutEps_IsNamed()
    {
        using TemporaryDirectory directory = new();
        Assert.All(ModelInspector.Inspect(directory.Write("m.gguf", Llama(hasEps: false).Build())).Norms,
            norm => Assert.Equal(NormFindingKind.MissingEps, Assert.Single(norm.Findings).Kind));
    }

    /// <summary>The converter adds one to Gemma's weights; a file without it was converted wrongly.</summary>
    [Fact]
    public void Inspect_GemmaGgufStoredMinusOne_IsNamed()
    {
        using TemporaryDirectory directory = new();
        Assert.All(ModelInspector.Inspect(directory.Write("m.gguf", Llama("gemma2", centre: 0).Build())).Norms, norm =>
        {
            NormFinding finding = Assert.Single(norm.Findings);
            Assert.Equal(NormFindingKind.StoredMinusOne, finding.Kind);
            Assert.Contains("gemma2 multiplies by it as it is", finding.Text, StringComparison.Ordinal);
        });
        Assert.All(ModelInspector.Inspect(directory.Write("m.gguf", Llama("gemma2").Build())).Norms, norm => Assert.Empty(norm.Findings));
    }

    [Fact]
    public void Inspect_LayerNormsOfGguf_AreToldByTheirBiasOrKey()
    {
        using TemporaryDirectory directory = new();
        Draw draw = new(6);
        byte[] bytes = new GgufBuilder().Text("general.architecture", "bert").Single("bert.attention.layer_norm_epsilon", 1e-12f)
            .Tensor("token_embd_norm.weight", draw.About(1, 0.1, 8)).Tensor("token_embd_norm.bias", draw.About(0, 0.1, 8)).Tensor("blk.0.attn_output_norm.weight", draw.About(1, 0.1, 8)).Build();
        Assert.All(ModelInspector.Inspect(directory.Write("m.gguf", bytes)).Norms, norm => Assert.Equal((NormKind.LayerNorm, 1e-12), (norm.Kind, norm.Eps)));
    }

    /// <summary>A vision tower has one key for all its norms, those outside its layers too.</summary>
    [Fact]
    public void Inspect_VisionTowerOfGguf_HasOneEps()
    {
        using TemporaryDirectory directory = new();
        Draw draw = new(7);
        byte[] bytes = new GgufBuilder().Text("general.architecture", "clip").Single("clip.vision.attention.layer_norm_epsilon", 1e-6f)
            .Tensor("v.blk.0.ln1.weight", draw.About(1, 0.1, 8)).Tensor("v.blk.0.ln1.bias", draw.About(0, 0.1, 8)).Tensor("mm.input_norm.weight", draw.About(1, 0.1, 8)).Build();
        ModelInspection inspection = ModelInspector.Inspect(directory.Write("m.gguf", bytes));
        Assert.Equal(2, inspection.Norms.Count);
        Assert.All(inspection.Norms, norm =>
        {
            Assert.Equal(1e-6, norm.Eps);
            Assert.Empty(norm.Findings);
        });
    }
}

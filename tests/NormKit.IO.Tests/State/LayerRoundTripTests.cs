using System.Numerics;

namespace NormKit.IO.Tests;

public class LayerRoundTripTests
{
    [Fact]
    public void SaveAndLoad_EveryLayerOfFloat_GivesTheSameBits() => RoundTrip<float>();

    [Fact]
    public void SaveAndLoad_EveryLayerOfDouble_GivesTheSameBits() => RoundTrip<double>();

    [Theory]
    [InlineData("")]
    [InlineData("bn1")]
    [InlineData("layer1.0.bn1.")]
    [InlineData("é")]
    public void SaveAndLoad_AnyPrefix_NamesTheKeys(string prefix)
    {
        using TemporaryDirectory directory = new();
        BatchNorm2d<float> saved = Layers.RandomBatchNorm(5, 3), loaded = new(5);
        saved.SaveSafetensors(directory["a.safetensors"], prefix);
        string path = prefix.Length == 0 || prefix.EndsWith('.') ? prefix : prefix + ".";

        LoadResult result = loaded.LoadSafetensors(directory["a.safetensors"], prefix);

        Assert.Empty(result.Missing);
        Assert.Equal(Layers.Bits(saved), Layers.Bits(loaded));
        Assert.Equal(
            new[] { "bias", "num_batches_tracked", "running_mean", "running_var", "weight" }.Select(key => path + key),
            SafetensorsFile.Names(directory["a.safetensors"]).Order(StringComparer.Ordinal));
        Assert.Equal("pt", SafetensorsFile.Metadata(directory["a.safetensors"])["format"]);
    }

    [Fact]
    public void SaveAndLoad_SeveralLayers_ShareAFile()
    {
        using TemporaryDirectory directory = new();
        BatchNorm2d<float> first = Layers.RandomBatchNorm(5, 3);
        LayerNorm<float> second = Layers.Randomized<LayerNorm<float>, float>(new([2, 3]), 4);
        LayerState.SaveSafetensors<float>(directory["a.safetensors"], [("bn", first), ("bn.ln", second)]);
        BatchNorm<float> third = new(5);
        LayerNorm<float> fourth = new([2, 3]);

        LoadResult result = LayerState.LoadSafetensors<float>(directory["a.safetensors"], [("bn", third), ("bn.ln", fourth)]);

        Assert.Empty(result.Unexpected);
        Assert.Equal(Layers.Bits(first), Layers.Bits(third));
        Assert.Equal(Layers.Bits(second), Layers.Bits(fourth));
        Assert.Equal(["bn.ln.bias", "bn.ln.weight"], third.LoadSafetensors(directory["a.safetensors"], "bn", strict: false).Unexpected.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Save_SameKeyTwice_ThrowsAndWritesNothing()
    {
        using TemporaryDirectory directory = new();
        Assert.Throws<ArgumentException>(() => LayerState.SaveSafetensors<float>(
            directory["a.safetensors"], [("bn", Layers.RandomBatchNorm(2, 1)), ("bn.", Layers.RandomBatchNorm(2, 2))]));
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Load_SameLayerTwice_Throws()
    {
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(2, 1);
        ArgumentException error = Assert.Throws<ArgumentException>(
            "layers", () => LayerState.LoadState<float>(new Dictionary<string, StoredTensor>(), [("a", layer), ("b", layer)], strict: false));
        Assert.Contains("the layer with prefix 'b' is there twice", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Exact where the type is wider, else rounded once.</summary>
    [Theory]
    [InlineData(ElementType.Float16)]
    [InlineData(ElementType.BFloat16)]
    [InlineData(ElementType.Float32)]
    [InlineData(ElementType.Float64)]
    public void LoadState_ParametersOfOtherTypes_AreConverted(ElementType type)
    {
        double[] values = [1 / 3.0, -2.718281828459045, 1e-3 + 1e-12];
        Dictionary<string, StoredTensor> tensors = new() { ["weight"] = StoredTensor.From<double>(values, [3], type), ["bias"] = StoredTensor.From<double>([7, 8, 9], [3], type) };
        GroupNorm<float> narrow = new(1, 3);
        GroupNorm<double> wide = new(1, 3);

        narrow.LoadState(tensors);
        wide.LoadState(tensors);

        double[] stored = type switch
        {
            ElementType.Float16 => Array.ConvertAll(values, v => (double)(Half)v),
            ElementType.BFloat16 => [0.333984375, -2.71875, 0.00099945068359375],
            ElementType.Float32 => Array.ConvertAll(values, v => (double)(float)v),
            _ => values,
        };
        Assert.Equal(stored, Layers.Get(wide, "weight"));
        Assert.Equal(Array.ConvertAll(stored, v => (float)v), Layers.Get(narrow, "weight"));
        Assert.Equal([7f, 8, 9], Layers.Get(narrow, "bias"));
    }

    [Fact]
    public void StoredState_IsACopy()
    {
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 1);
        float[] weight = Layers.Get(layer, "weight");
        IReadOnlyList<KeyValuePair<string, StoredTensor>> stored = layer.StoredState("x");
        layer.Weight!.Value[0] += 1;
        layer.NumBatchesTracked = 0;
        Assert.Equal(weight, stored.Single(pair => pair.Key == "x.weight").Value.ToArray<float>());
        Assert.NotEqual([0.0], stored.Single(pair => pair.Key == "x.num_batches_tracked").Value.ToArray<double>());
    }

    private static void RoundTrip<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using TemporaryDirectory directory = new();
        foreach ((NormLayer<T> saved, NormLayer<T> loaded) in Layers.All<T>().Zip(Layers.All<T>()))
        {
            Layers.Randomized<NormLayer<T>, T>(saved, saved.State.Count + 1).SaveSafetensors(directory["a.safetensors"]);
            if (saved.State.Any(entry => entry.Kind != StateKind.Counter && entry.Value!.FlattenedLength > 0))
                Assert.NotEqual(Layers.Bits(saved), Layers.Bits(loaded));
            loaded.LoadSafetensors(directory["a.safetensors"]);
            Assert.Equal(Layers.Bits(saved), Layers.Bits(loaded));
        }
    }
}

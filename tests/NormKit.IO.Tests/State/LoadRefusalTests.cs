namespace NormKit.IO.Tests;

/// <summary>A load that fails lists all that is wrong and changes nothing.</summary>
public class LoadRefusalTests
{
    [Fact]
    public void LoadSafetensors_MissingAndUnexpectedKeys_AreAllListed()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];
        LayerState.SaveSafetensors<float>(path, [("m.bn", new GroupNorm<float>(1, 3)), ("m.bn.inner", new GroupNorm<float>(1, 2)), ("m.bnx", new GroupNorm<float>(1, 2))]);
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 1);
        string before = Layers.Bits(layer);

        TensorFileException error = Refusal.Of(() => layer.LoadSafetensors(path, "m.bn"), path);

        Assert.Equal(
            $"{path}: does not fit the layer, which nothing was loaded into: missing: 'm.bn.running_mean', 'm.bn.running_var'; "
            + "unexpected: 'm.bn.inner.bias', 'm.bn.inner.weight'.", error.Message);
        Assert.Equal(before, Layers.Bits(layer));
    }

    [Fact]
    public void LoadSafetensors_NotStrict_LoadsWhatIsThereAndReportsTheRest()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];
        GroupNorm<float> stored = Layers.Randomized<GroupNorm<float>, float>(new(1, 3), 9);
        LayerState.SaveSafetensors<float>(path, [("", stored), ("other", new LayerNorm<float>(5, bias: false))]);
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 1);
        float[] mean = Layers.Get(layer, "running_mean");

        LoadResult result = layer.LoadSafetensors(path, strict: false);

        Assert.Equal(["running_mean", "running_var"], result.Missing);
        Assert.Equal(["other.weight"], result.Unexpected);
        Assert.Equal(Layers.Get(stored, "weight"), Layers.Get(layer, "weight"));
        Assert.Equal(Layers.Get(stored, "bias"), Layers.Get(layer, "bias"));
        Assert.Equal(mean, Layers.Get(layer, "running_mean"));
    }

    /// <summary>As PyTorch: not strict concerns keys, never shapes; its own test of old files is <c>Unexpected running stats buffer(s)</c>.</summary>
    [Fact]
    public void LoadSafetensors_RunningStatisticsOfALayerThatTracksNone_AreUnexpected()
    {
        using TemporaryDirectory directory = new();
        Layers.Randomized<InstanceNorm2d<float>, float>(new(3, trackRunningStats: true), 1).SaveSafetensors(directory["a.safetensors"]);
        InstanceNorm2d<float> layer = new(3);

        Refusal.Of(() => layer.LoadSafetensors(directory["a.safetensors"]), "'running_mean'", "'running_var'", "'num_batches_tracked'");
        Assert.Equal(3, layer.LoadSafetensors(directory["a.safetensors"], strict: false).Unexpected.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void LoadState_ShapesTypesAndValues_AreAllListedAndChangeNothing(bool strict)
    {
        Dictionary<string, StoredTensor> tensors = new()
        {
            ["weight"] = StoredTensor.From<float>(new float[4], [4]),
            ["bias"] = StoredTensor.From<float>([5, 6, 7], [3, 1]),
            ["running_mean"] = new StoredTensor(ElementType.Int32, [3], new byte[12]),
            ["running_var"] = StoredTensor.From<double>([1, 2, 1e39], [3]),
            ["num_batches_tracked"] = StoredTensor.From<float>([2.5f], []),
        };
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 1);
        string before = Layers.Bits(layer);

        Refusal.Of(
            () => layer.LoadState(tensors, strict: strict),
            "state: does not fit the layer", "'weight' has shape [4], the layer's has [3]", "'bias' has shape [3, 1], the layer's has [3]",
            "'running_mean' is of type I32; a parameter or buffer is F32, F64, F16 or BF16", "'running_var' has 1E+39 in position 2, beyond the range of Single",
            "'num_batches_tracked' is 2.5");
        Assert.Equal(before, Layers.Bits(layer));
    }

    [Fact]
    public void LoadState_NoNumbersAndInfinities_AreTakenAsTheyAre()
    {
        GroupNorm<float> layer = new(1, 3);
        layer.LoadState(new Dictionary<string, StoredTensor>
        {
            ["weight"] = StoredTensor.From<double>([double.NaN, double.PositiveInfinity, -1e-300], [3]),
            ["bias"] = StoredTensor.From<double>([1, 2, 3], [3]),
        });
        Assert.Equal([float.NaN, float.PositiveInfinity, -0f], Layers.Get(layer, "weight"));
    }

    /// <summary>A transposed weight has the right length and the wrong shape.</summary>
    [Theory]
    [InlineData(2, 3)]
    [InlineData(2, 0)]
    public void LoadState_TransposedWeight_IsRefused(int rows, int columns)
    {
        LayerNorm<float> layer = new([rows, columns], bias: false);
        Refusal.Of(
            () => layer.LoadState(new Dictionary<string, StoredTensor> { ["weight"] = StoredTensor.From<float>(new float[rows * columns], [columns, rows]) }),
            $"'weight' has shape [{columns}, {rows}], the layer's has [{rows}, {columns}]");
    }

    /// <summary>The parts of the message that have nothing to say are left out, and so are keys where they are no error.</summary>
    [Theory]
    [InlineData("weight", 3, true, "missing: 'bias'")]
    [InlineData("weight bias", 4, true, "'weight' has shape [4], the layer's has [3]")]
    [InlineData("weight other", 4, false, "'weight' has shape [4], the layer's has [3]")]
    public void LoadState_OneThingWrong_SaysThatAlone(string keys, int weights, bool strict, string wrong)
    {
        Dictionary<string, StoredTensor> tensors = keys.Split(' ').ToDictionary(key => key, key => StoredTensor.From<float>(new float[key == "bias" ? 3 : weights], [key == "bias" ? 3 : weights]));

        TensorFileException error = Assert.Throws<TensorFileException>(() => new GroupNorm<float>(1, 3).LoadState(tensors, strict: strict));

        Assert.Equal($"state: does not fit the layer, which nothing was loaded into: {wrong}.", error.Message);
    }

    /// <summary>One bad layer keeps all others from being written.</summary>
    [Fact]
    public void LoadSafetensors_LastOfSeveralLayersDoesNotFit_ChangesNone()
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.safetensors"];
        LayerState.SaveSafetensors<float>(path, [("a", Layers.RandomBatchNorm(3, 1)), ("b", Layers.RandomBatchNorm(4, 2))]);
        BatchNorm2d<float> first = Layers.RandomBatchNorm(3, 5), second = Layers.RandomBatchNorm(5, 6);
        string before = Layers.Bits(first) + Layers.Bits(second);

        Refusal.Of(
            () => LayerState.LoadSafetensors<float>(path, [("a", first), ("b", second)]),
            "does not fit the layers", "'b.weight' has shape [4], the layer's has [5]", "'b.bias'", "'b.running_mean'", "'b.running_var'");
        Assert.Equal(before, Layers.Bits(first) + Layers.Bits(second));
    }

    [Fact]
    public void LoadSafetensors_TruncatedAnywhere_ChangesNothing()
    {
        using TemporaryDirectory directory = new();
        Layers.RandomBatchNorm(3, 1).SaveSafetensors(directory["a.safetensors"]);
        byte[] whole = File.ReadAllBytes(directory["a.safetensors"]);
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 2);
        string before = Layers.Bits(layer);
        for (int length = 0; length < whole.Length; length++)
        {
            string path = directory.Write("b.safetensors", whole[..length]);
            Assert.Throws<TensorFileException>(() => layer.LoadSafetensors(path));
            Assert.Throws<TensorFileException>(() => layer.LoadSafetensors(path, strict: false));
        }
        Assert.Equal(before, Layers.Bits(layer));
        layer.LoadSafetensors(directory.Write("b.safetensors", whole));
        Assert.NotEqual(before, Layers.Bits(layer));
    }

    [Fact]
    public void LoadSafetensors_NoFile_NamesIt() =>
        Refusal.Of(() => new GroupNorm<float>(1, 2).LoadSafetensors("/none/such.safetensors"), "/none/such.safetensors", "cannot be read");

    /// <summary>Tensors that are not the layer's are not read: their types need not be ones that we know.</summary>
    [Fact]
    public void LoadSafetensors_OtherTensorsOfUnknownTypes_AreLeftAlone()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.safetensors", HandMade.Safetensors(
            """{"fc.q":{"dtype":"F8_E8M0","shape":[3],"data_offsets":[0,3]},"n.weight":{"dtype":"F16","shape":[2],"data_offsets":[3,7]}}""",
            [1, 2, 3, 0x00, 0x3E, 0x00, 0xC1]));
        LayerNorm<float> layer = new(2, bias: false);

        layer.LoadSafetensors(path, "n");

        Assert.Equal([1.5f, -2.5f], Layers.Get(layer, "weight"));
    }

    [Theory]
    [InlineData(200, "'k199'.")]
    [InlineData(1234, "'k199' and 1034 more.")]
    public void LoadState_ManyUnexpectedKeys_AreCounted(int count, string end)
    {
        Dictionary<string, StoredTensor> tensors = Enumerable.Range(0, count).ToDictionary(i => $"k{i}", _ => StoredTensor.From<float>([1], [1]));
        TensorFileException error = Assert.Throws<TensorFileException>(() => new InstanceNorm<float>(2).LoadState(tensors));
        Assert.StartsWith("state: does not fit the layer, which nothing was loaded into: unexpected: 'k0', 'k1', ", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(end, error.Message, StringComparison.Ordinal);
        Assert.Equal(count, new InstanceNorm<float>(2).LoadState(tensors, strict: false).Unexpected.Count);
    }
}

using System.Numerics.Tensors;
using System.Text;

namespace NormKit.IO.Tests;

/// <summary>
/// Files put together byte by byte as <c>safetensors.torch.save_file(model.state_dict(), path, {"format": "pt"})</c> writes them: metadata first, then
/// by decreasing alignment and by name, no white space but the padding to 8 bytes, data in that order.
/// </summary>
public class PyTorchStateTests
{
    private const string Header = """{"__metadata__":{"format":"pt"},"bn1.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"bn1.bias":"""
        + """{"dtype":"F32","shape":[3],"data_offsets":[8,20]},"bn1.running_mean":{"dtype":"F32","shape":[3],"data_offsets":[20,32]},"bn1.running_var":"""
        + """{"dtype":"F32","shape":[3],"data_offsets":[32,44]},"bn1.weight":{"dtype":"F32","shape":[3],"data_offsets":[44,56]}}""";

    // 258, then 0.5 0.25 -3, 10 -20 30.5, 4 0.25 9, 1.5 -2.25 0.75: little-endian.
    private const string Data = "0201000000000000" + "0000003F0000803E000040C0" + "000020410000A0C10000F441" + "000080400000803E00001041" + "0000C03F000010C00000403F";

    private static byte[] File => HandMade.Safetensors(Padded(Header), Convert.FromHexString(Data));

    [Fact]
    public void LoadSafetensors_FileOfPyTorch_GivesItsValues()
    {
        using TemporaryDirectory directory = new();
        BatchNorm2d<float> layer = Layers.RandomBatchNorm(3, 1);

        LoadResult result = layer.LoadSafetensors(directory.Write("a.safetensors", File), "bn1");

        Assert.Empty(result.Missing);
        Assert.Empty(result.Unexpected);
        Assert.Equal([1.5f, -2.25f, 0.75f], Layers.Get(layer, "weight"));
        Assert.Equal([0.5f, 0.25f, -3f], Layers.Get(layer, "bias"));
        Assert.Equal([10f, -20f, 30.5f], Layers.Get(layer, "running_mean"));
        Assert.Equal([4f, 0.25f, 9f], Layers.Get(layer, "running_var"));
        Assert.Equal(258, layer.NumBatchesTracked);
        layer.Eval();
        Tensor<float> y = layer.Forward(Tensor.Create([7f, 7f, 7f], [1, 3, 1, 1]));
        double[] expected = [((7 - 10) / Math.Sqrt(4 + 1e-5) * 1.5) + 0.5, ((7 + 20) / Math.Sqrt(0.25 + 1e-5) * -2.25) + 0.25, ((7 - 30.5) / Math.Sqrt(9 + 1e-5) * 0.75) - 3];
        for (int c = 0; c < 3; c++)
            Assert.Equal(expected[c], y[0, c, 0, 0], 2e-5);
    }

    [Fact]
    public void SaveSafetensors_WhatWasLoaded_WritesPyTorchsFile()
    {
        using TemporaryDirectory directory = new();
        BatchNorm<float> layer = new(3);
        layer.LoadSafetensors(directory.Write("a.safetensors", File), "bn1");

        layer.SaveSafetensors(directory["b.safetensors"], "bn1");

        Assert.Equal(File, System.IO.File.ReadAllBytes(directory["b.safetensors"]));
        Assert.Equal(["a.safetensors", "b.safetensors"], directory.FileNames);
    }

    /// <summary>TorchSharp makes num_batches_tracked in the layer's type; old exports have one dimension, or int32.</summary>
    [Theory]
    [InlineData("I64", "[]", "0300000000000000", 3)]
    [InlineData("I64", "[1]", "FFFFFFFFFFFFFF7F", long.MaxValue)]
    [InlineData("I32", "[]", "FFFFFF7F", int.MaxValue)]
    [InlineData("F32", "[]", "00007A44", 1000)]
    [InlineData("F64", "[1]", "0000000000408F40", 1000)]
    [InlineData("F16", "[]", "D063", 1000)]
    [InlineData("BF16", "[]", "7A44", 1000)]
    [InlineData("I64", "[]", "0000000000000000", 0)]
    [InlineData("I32", "[1]", "00000000", 0)]
    [InlineData("F32", "[]", "00000000", 0)]
    public void LoadSafetensors_CounterOfEveryType_IsTaken(string dtype, string shape, string data, long expected)
    {
        using TemporaryDirectory directory = new();
        BatchNorm<float> layer = new(3, affine: false) { NumBatchesTracked = 5 };

        layer.LoadSafetensors(directory.Write("a.safetensors", OneTensor("num_batches_tracked", dtype, shape, data)), strict: false);

        Assert.Equal(expected, layer.NumBatchesTracked);
    }

    [Theory]
    [InlineData("I64", "[]", "FFFFFFFFFFFFFFFF", "is -1; a counter is a whole number from 0")]
    [InlineData("F32", "[]", "0000C03F", "is 1.5; a counter is a whole number from 0")]
    [InlineData("F32", "[]", "000080BF", "is -1; a counter is a whole number from 0")]
    [InlineData("F32", "[]", "0000C07F", "is NaN; a counter")]
    [InlineData("F16", "[]", "007C", "is Infinity; a counter")]
    [InlineData("F32", "[]", "0000005F", "is 9.223372036854776E+18; a counter")]
    [InlineData("I64", "[2]", "01000000000000000100000000000000", "has shape [2]; a counter is a single number")]
    [InlineData("I64", "[0]", "", "has shape [0]; a counter is a single number")]
    [InlineData("U8", "[]", "01", "is of type U8; a counter is I64, I32 or of a floating-point type")]
    public void LoadSafetensors_CounterThatIsNone_IsRefused(string dtype, string shape, string data, string rule)
    {
        using TemporaryDirectory directory = new();
        BatchNorm<float> layer = new(3, affine: false) { NumBatchesTracked = 5 };
        string path = directory.Write("a.safetensors", OneTensor("num_batches_tracked", dtype, shape, data));

        TensorFileException error = Assert.Throws<TensorFileException>(() => layer.LoadSafetensors(path, strict: false));

        Assert.Contains($"{path}: does not fit the layer, which nothing was loaded into: 'num_batches_tracked' {rule}", error.Message, StringComparison.Ordinal);
        Assert.Equal(5, layer.NumBatchesTracked);
    }

    /// <summary>PyTorch fills it in for checkpoints without a version (#5881), and a .safetensors file has none.</summary>
    [Fact]
    public void LoadSafetensors_WithoutCounter_KeepsItAndMissesNothing()
    {
        using TemporaryDirectory directory = new();
        Dictionary<string, StoredTensor> tensors = new(SafetensorsFile.ReadAll(directory.Write("a.safetensors", File)));
        tensors.Remove("bn1.num_batches_tracked");
        SafetensorsFile.Write(directory["old.safetensors"], tensors);
        BatchNorm<float> layer = new(3) { NumBatchesTracked = 17 };

        LoadResult result = layer.LoadSafetensors(directory["old.safetensors"], "bn1");

        Assert.Empty(result.Missing);
        Assert.Equal(17, layer.NumBatchesTracked);
        Assert.Equal([4f, 0.25f, 9f], Layers.Get(layer, "running_var"));
    }

    private static byte[] OneTensor(string key, string dtype, string shape, string data) => HandMade.Safetensors(
        Padded($$$"""{"{{{key}}}":{"dtype":"{{{dtype}}}","shape":{{{shape}}},"data_offsets":[0,{{{data.Length / 2}}}]}}"""), Convert.FromHexString(data));

    private static byte[] Padded(string header) => Encoding.UTF8.GetBytes(header.PadRight((header.Length + 7) / 8 * 8));
}

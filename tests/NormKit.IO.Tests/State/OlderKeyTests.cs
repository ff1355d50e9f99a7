using System.Numerics.Tensors;

namespace NormKit.IO.Tests;

/// <summary>Keys of TensorFlow and of older versions of PyTorch, and prefixes that wrappers put before them.</summary>
public class OlderKeyTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("module.", "")]
    [InlineData("_orig_mod.model.bn.", "model.bn")]
    [InlineData("module.model._orig_mod.bn.", "model.bn")]
    [InlineData("model.bn.", "module.model.bn")]
    public void LoadState_TensorFlowsKeys_AreRead(string stored, string asked)
    {
        Dictionary<string, StoredTensor> tensors = new()
        {
            [stored + "gamma"] = StoredTensor.From<float>([1, 2, 3], [3]),
            [stored + "beta"] = StoredTensor.From<float>([4, 5, 6], [3]),
            [stored + "moving_mean"] = StoredTensor.From<float>([7, 8, 9], [3]),
            [stored + "moving_variance"] = StoredTensor.From<float>([10, 11, 12], [3]),
        };
        foreach (IStateful<float> layer in (IStateful<float>[])[new BatchNorm2d<float>(3), new LazyBatchNorm<float>()])
        {
            LoadResult result = LayerState.LoadState(tensors, [(asked, layer)], strict: true);
            Assert.Empty(result.Missing.Concat(result.Unexpected));
            Assert.Equal([1f, 2, 3], Layers.Get(layer, "weight"));
            Assert.Equal([4f, 5, 6], Layers.Get(layer, "bias"));
            Assert.Equal([7f, 8, 9], Layers.Get(layer, "running_mean"));
            Assert.Equal([10f, 11, 12], Layers.Get(layer, "running_var"));
        }
    }

    [Fact]
    public void LoadState_SpectralNormsOlderKeys_AreRead()
    {
        SpectralNorm<float> layer = new(Tensor.Create([1f, 2, 3, 4, 5, 6], [2, 3]));
        layer.LoadState(new Dictionary<string, StoredTensor>
        {
            ["weight_orig"] = StoredTensor.From<float>([6, 5, 4, 3, 2, 1], [2, 3]),
            ["weight_u"] = StoredTensor.From<float>([0, 1], [2]),
            ["weight_v"] = StoredTensor.From<float>([1, 0, 0], [3]),
        });
        Assert.Equal([6f, 5, 4, 3, 2, 1], Layers.Get(layer, "parametrizations.weight.original"));
        Assert.Equal([0f, 1], Layers.Get(layer, "parametrizations.weight.0._u"));
        Assert.Equal([1f, 0, 0], Layers.Get(layer, "parametrizations.weight.0._v"));
    }

    /// <summary>PyTorch's own key wins where a file has both.</summary>
    [Fact]
    public void LoadState_BothKeys_TakesPyTorchs()
    {
        LayerNorm<float> layer = new(1, bias: false);
        LoadResult result = layer.LoadState(new Dictionary<string, StoredTensor>
        {
            ["weight"] = StoredTensor.From<float>([2], [1]),
            ["gamma"] = StoredTensor.From<float>([3], [1]),
        }, strict: false);
        Assert.Equal(["gamma"], result.Unexpected);
        Assert.Equal([2f], Layers.Get(layer, "weight"));
    }

    [Fact]
    public void LoadState_NoLayerUnderThePrefix_NamesThoseThatAreThere()
    {
        StoredTensor weight = StoredTensor.From<float>([1, 2, 3], [3]);
        Dictionary<string, StoredTensor> tensors = new() { ["layer2.bn1.weight"] = weight, ["layer1.bn2.weight"] = weight, ["layer1.bn1.weight"] = weight };
        LayerNorm<float> layer = new(3, bias: false);
        Refusal.Of(
            () => layer.LoadState(tensors, "model.layer1.bn1"), "missing: 'model.layer1.bn1.weight'",
            "under the prefix 'model.layer1.bn1.'; there is under 'layer1.bn1.', 'layer2.bn1.', 'layer1.bn2.': give that prefix.");
        Refusal.Of(() => layer.LoadState(new Dictionary<string, StoredTensor>(), "n"), "The source holds no tensors.");
        Refusal.Of(
            () => layer.LoadState(new Dictionary<string, StoredTensor> { ["n.factor"] = weight }, "n"),
            "The source holds 'n.factor': rename them to the layer's keys, weight.");
    }
}

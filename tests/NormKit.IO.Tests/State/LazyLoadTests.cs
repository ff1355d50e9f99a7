using System.Numerics.Tensors;

namespace NormKit.IO.Tests;

/// <summary>What a loader owes a layer that leaves its channels open, by a layer that only records.</summary>
public class LazyLoadTests
{
    [Fact]
    public void LoadState_Lazy_TakesItsChannelsFromTheShapes()
    {
        Lazy layer = new();
        layer.LoadState(Tensors(5, 5));
        Assert.Equal([5], layer.Materialized);
        Assert.Equal([0f, 1, 2, 3, 4], Layers.Get(layer, "scale"));
        Assert.Equal(10, Layers.Get(layer, "table").Length);
    }

    [Fact]
    public void LoadState_LazyAndPartOfTheKeys_TakesItsChannelsFromThose()
    {
        Lazy layer = new();
        Assert.Equal(["table"], layer.LoadState(Only("scale", [4]), strict: false).Missing);
        Assert.Equal([4], layer.Materialized);
        Assert.Equal([2, 4], layer.State[1].Shape);
    }

    [Fact]
    public void LoadState_LazyAndNone_StaysOpen()
    {
        Lazy layer = new();
        Assert.Equal(["scale", "table"], layer.LoadState(new Dictionary<string, StoredTensor>(), strict: false).Missing);
        Assert.Empty(layer.Materialized);
    }

    [Theory]
    [InlineData(5, 6, "'table' has shape [2, 6], the layer's has [2, 5]")]
    [InlineData(0, 6, "'scale' has shape [0], the layer's has [C]")]
    public void LoadState_LazyAndShapesThatDisagree_StaysOpen(int scale, int table, string rule)
    {
        Lazy layer = new();
        Refusal.Of(() => layer.LoadState(Tensors(scale, table)), rule);
        Assert.Empty(layer.Materialized);
        Assert.Equal([-1], layer.State[0].Shape);
    }

    [Fact]
    public void StoredState_LazyWithoutChannels_Throws() =>
        Assert.Contains("scale: the layer is lazy", Assert.Throws<InvalidOperationException>(() => new Lazy().StoredState()).Message, StringComparison.Ordinal);

    /// <summary>A lazy layer is then the layer that saved, key for key and bit for bit; one that has channels stays as strict as any.</summary>
    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void LoadState_LazyNorms_AreTheLayersThatSaved(bool affine, bool trackRunningStats)
    {
        (NormLayer<float> Saved, NormLayer<float> Lazy)[] pairs =
        [
            (new BatchNorm<float>(5, affine: affine, trackRunningStats: trackRunningStats), new LazyBatchNorm<float>(affine: affine, trackRunningStats: trackRunningStats)),
            (new InstanceNorm<float>(5, affine: affine, trackRunningStats: trackRunningStats), new LazyInstanceNorm<float>(affine: affine, trackRunningStats: trackRunningStats)),
        ];
        foreach ((NormLayer<float> saved, NormLayer<float> lazy) in pairs)
        {
            Layers.Randomized<NormLayer<float>, float>(saved, 1);
            Assert.Equal(saved.State.Select(e => (e.Key, e.Kind, e.Shape.Length)), lazy.State.Select(e => (e.Key, e.Kind, e.Shape.Length)));
            Assert.All(lazy.State.Where(e => e.Kind != StateKind.Counter), e => Assert.Equal([-1], e.Shape));
            Dictionary<string, StoredTensor> tensors = new(saved.StoredState());
            LoadResult loaded = lazy.LoadState(tensors);
            Assert.Empty(loaded.Missing.Concat(loaded.Unexpected));
            Assert.Equal(Layers.Bits(saved), Layers.Bits(lazy));
            Assert.Equal(saved.NamedParameters.Select(p => p.Name), lazy.NamedParameters.Select(p => p.Name));
            foreach (string key in tensors.Keys.Where(k => k != "num_batches_tracked").ToArray())
                tensors[key] = StoredTensor.From<float>(new float[6], [6]);
            Refusal.Of(() => lazy.LoadState(tensors), "has shape [6], the layer's has [5]");
            Assert.Equal(Layers.Bits(saved), Layers.Bits(lazy));
        }
    }

    /// <summary>PyTorch's own older names, where the newer is not there.</summary>
    [Fact]
    public void LoadState_OlderName_IsTakenForTheNewer()
    {
        Lazy layer = new();
        Dictionary<string, StoredTensor> tensors = Tensors(3, 3);
        tensors["m.scale_g"] = StoredTensor.From<float>([7, 8, 9], [3]);
        tensors["m.table"] = tensors["table"];
        layer.Materialize(3);
        layer.LoadState(tensors, "m");
        Assert.Equal([7f, 8, 9], Layers.Get(layer, "scale"));

        tensors["m.scale"] = StoredTensor.From<float>([1, 2, 3], [3]);
        Assert.Equal(["m.scale_g"], layer.LoadState(tensors, "m", strict: false).Unexpected);
        Assert.Equal([1f, 2, 3], Layers.Get(layer, "scale"));
    }

    /// <summary>A single number has no dimension in PyTorch, or one.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void LoadState_SingleNumber_IsTakenWithAndWithoutDimension(int wanted, int stored)
    {
        nint length = -1;
        Assert.Null(StateValue.CheckShape(new nint[] { 1 }.AsSpan(..wanted), new nint[] { 1 }.AsSpan(..stored), ref length));
        Assert.NotNull(StateValue.CheckShape(new nint[] { 1 }.AsSpan(..wanted), [2], ref length));
        Assert.NotNull(StateValue.CheckShape(new nint[] { 1 }.AsSpan(..wanted), [1, 1], ref length));
    }

    private static Dictionary<string, StoredTensor> Tensors(int scale, int table) => new()
    {
        ["scale"] = StoredTensor.From<float>([.. Enumerable.Range(0, scale).Select(i => (float)i)], [scale]),
        ["table"] = StoredTensor.From<float>(new float[2 * table], [2, table]),
    };

    private static Dictionary<string, StoredTensor> Only(string key, nint[] shape) => new() { [key] = StoredTensor.From<float>(new float[shape[0]], shape) };

    private sealed class Lazy : IStateful<float>
    {
        private Tensor<float>? scale, table;

        public List<nint> Materialized { get; } = [];

        public IReadOnlyList<StateEntry<float>> State
        {
            get
            {
                StateList<float> state = new();
                if (scale is null)
                {
                    state.AddOpen("scale", StateKind.Buffer, -1);
                    state.AddOpen("table", StateKind.Buffer, 2, -1);
                }
                state.AddBuffer("scale", scale, "scale_g");
                state.AddBuffer("table", table);
                return state.Entries;
            }
        }

        public void Materialize(nint length)
        {
            Materialized.Add(length);
            scale = Tensor.CreateFromShape<float>([length]);
            table = Tensor.CreateFromShape<float>([2, length]);
        }
    }
}

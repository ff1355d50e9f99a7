using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using CsCheck;

namespace NormKit.IO.Tests;

/// <summary>Whatever layers under whatever names: what a state dictionary holds comes back, to the bit, and only there.</summary>
public class StateDictionaryProperties
{
    private static readonly Func<int, NormLayer<float>>[] Kinds =
    [
        channels => new BatchNorm<float>(channels), channels => new InstanceNorm<float>(channels, affine: true, trackRunningStats: true), channels => new GroupNorm<float>(1, channels),
        channels => new LayerNorm<float>([channels, 3]), channels => new RmsNorm<float>(channels, unitOffset: true), channels => new SwitchableNorm<float>(channels),
        channels => new EvoNormB0<float>(channels), channels => new DynamicTanh<float>(channels), channels => new LocalResponseNorm<float>(channels),
    ];

    private static readonly Gen<(int Kind, int Channels, string Name)[]> AnyModel =
        Gen.Select(Gen.Int[0, Kinds.Length - 1], Gen.Int[1, 6], Gen.String[Gen.Char.AlphaNumeric, 0, 5]).Array[1, 6];

    [Fact]
    public void SavedAndLoaded_AnyLayers_HaveTheSameBits() => Gen.Select(AnyModel, Gen.Int).Sample(
        (model, seed) =>
        {
            using TemporaryDirectory directory = new();
            Random random = new(seed);
            (string Path, IStateful<float> Layer)[] saved = Make(model), loaded = Make(model);
            foreach ((_, IStateful<float> layer) in saved)
                FillWithBits(layer, random);
            LayerState.SaveSafetensors<float>(directory["a.safetensors"], saved);
            LoadResult result = LayerState.LoadSafetensors<float>(directory["a.safetensors"], loaded);
            return result.Missing.Count == 0 && result.Unexpected.Count == 0 && saved.Zip(loaded).All(p => Layers.Bits(p.First.Layer) == Layers.Bits(p.Second.Layer));
        },
        iter: 300, threads: 1);

    /// <summary>A dictionary that lacks one entry, or has one too many, is refused, and no layer has changed.</summary>
    [Fact]
    public void Loaded_WithOneEntryWrong_ChangesNothing() => Gen.Select(AnyModel, Gen.Int).Sample(
        (model, seed) =>
        {
            Random random = new(seed);
            (string Path, IStateful<float> Layer)[] layers = Make(model), others = Make(model);
            foreach ((_, IStateful<float> layer) in layers.Concat(others))
                FillWithBits(layer, random);
            Dictionary<string, StoredTensor> state = layers.SelectMany(l => l.Layer.StoredState(l.Path)).ToDictionary();
            // A count of batches may be missing, as in PyTorch: docs/differences.md.
            string[] keys = [.. state.Keys.Where(key => !key.EndsWith("num_batches_tracked", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
            bool removes = keys.Length > 0 && random.Next(2) == 0;
            if (removes)
                state.Remove(keys[random.Next(keys.Length)]);
            else
                state.Add($"{layers[0].Path}.none", StoredTensor.From<float>([1], [1]));
            string[] before = [.. others.Select(l => Layers.Bits(l.Layer))];
            return Record.Exception(() => LayerState.LoadState<float>(state, others, strict: true)) is not null && others.Select(l => Layers.Bits(l.Layer)).SequenceEqual(before);
        },
        iter: 300, threads: 1);

    private static (string Path, IStateful<float> Layer)[] Make((int Kind, int Channels, string Name)[] model) =>
        [.. model.Select((m, i) => ($"{m.Name}{(m.Name.Length > 0 ? "." : "")}layer{i}", (IStateful<float>)Kinds[m.Kind](m.Channels)))];

    private static void FillWithBits(IStateful<float> layer, Random random)
    {
        foreach (StateEntry<float> entry in layer.State)
        {
            if (entry.Kind == StateKind.Counter)
            {
                entry.Count = random.NextInt64(long.MaxValue);
                continue;
            }
            float[] values = new float[entry.Value!.FlattenedLength];
            foreach (ref float value in values.AsSpan())
                value = Unsafe.BitCast<int, float>(random.Next(int.MinValue, int.MaxValue));
            Tensor.Create(values, entry.Value.Lengths).CopyTo(entry.Value);
        }
    }
}

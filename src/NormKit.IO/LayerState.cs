using System.Numerics;

namespace NormKit.IO;

/// <summary>Saves layers to .safetensors files and loads them, under the keys and shapes of PyTorch's <c>state_dict</c>.</summary>
/// <remarks>
/// A prefix is a layer's path in its model, <c>layer1.0.bn1</c>; its keys begin with it and a dot, which is put there if it is not given. Loading
/// takes parameters and buffers in F32, F64, F16 or BF16, each value exact or rounded once, and refuses one that is finite in the file but not in
/// the layer's type. A counter is a whole number from 0 of shape [] or [1], in I64 (PyTorch), I32 or a floating-point type (TorchSharp gives it
/// that of the layer). A counter that is not there stays as it is and is not missing: so PyTorch loads files without a version, as .safetensors are.
/// Older names are read too: <see cref="StateEntry{T}.OtherKeys"/> lists them. Where nothing stands under a prefix, the only path of the file that
/// differs from it by the parts "module" (torch.nn.DataParallel) and "_orig_mod" (torch.compile) alone is taken for it.
/// Nothing is written into any layer before all keys, shapes, types and values have been checked.
/// </remarks>
public static class LayerState
{
    /// <summary>Saves a layer: parameters and buffers in F32 or F64, as the layer has them, bit for bit; counters in I64.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="prefix">The layer's path in its model; empty for bare keys.</param>
    /// <exception cref="TensorFileException">The file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">A lazy layer has not got its channels yet.</exception>
    public static void SaveSafetensors<T>(this IStateful<T> layer, string path, string prefix = "")
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => SaveSafetensors(path, [(prefix, layer)]);

    /// <summary>Saves several layers into one file.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="layers">The layers, each with its path in the model.</param>
    /// <exception cref="ArgumentException">Two layers have a key in common.</exception>
    /// <inheritdoc cref="SaveSafetensors{T}(IStateful{T}, string, string)"/>
    public static void SaveSafetensors<T>(string path, IReadOnlyList<(string Prefix, IStateful<T> Layer)> layers)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(layers);
        SafetensorsFile.Write(
            path, layers.SelectMany(named => named.Layer.StoredState(named.Prefix)).ToList(), new Dictionary<string, string> { ["format"] = "pt" });
    }

    /// <summary>A copy of a layer's state as files hold it: to be written beside other tensors.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="prefix">The layer's path in its model; empty for bare keys.</param>
    /// <returns>Keys, prefix included, and tensors.</returns>
    /// <exception cref="InvalidOperationException">A lazy layer has not got its channels yet.</exception>
    public static IReadOnlyList<KeyValuePair<string, StoredTensor>> StoredState<T>(this IStateful<T> layer, string prefix = "")
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(layer);
        string path = StateValue.Path(prefix);
        return [.. layer.State.Select(entry => KeyValuePair.Create(path + entry.Key, StateValue.Store(entry)))];
    }

    /// <summary>Loads a layer from a file; only its own tensors are read.</summary>
    /// <param name="layer">The layer; if lazy and without channels, it takes them from the file.</param>
    /// <param name="path">The file.</param>
    /// <param name="prefix">The layer's path in its model; empty for bare keys.</param>
    /// <param name="strict">Whether a missing or unexpected key is an error.</param>
    /// <returns>The missing and unexpected keys; none if strict.</returns>
    /// <exception cref="TensorFileException">The file is missing or damaged, or does not fit the layer. The error lists all that does not fit, up to
    /// 200 unexpected keys, and the layer is as it was.</exception>
    public static LoadResult LoadSafetensors<T>(this IStateful<T> layer, string path, string prefix = "", bool strict = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LoadSafetensors(path, [(prefix, layer)], strict);

    /// <summary>Loads several layers from one file: all of them or none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layers">The layers, each once, with its path in the model.</param>
    /// <param name="strict">Whether a missing or unexpected key is an error.</param>
    /// <exception cref="ArgumentException">A layer is there twice.</exception>
    /// <inheritdoc cref="LoadSafetensors{T}(IStateful{T}, string, string, bool)"/>
    public static LoadResult LoadSafetensors<T>(string path, IReadOnlyList<(string Prefix, IStateful<T> Layer)> layers, bool strict = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        StateLoad<T> load = new(path, layers);
        (IReadOnlyCollection<string> keys, IReadOnlyDictionary<string, StoredTensor> tensors) = SafetensorsFile.ReadThose(path, load.Wanted);
        return load.Run(keys, tensors, strict);
    }

    /// <summary>Loads a layer from tensors that have been read, from a file of any format.</summary>
    /// <param name="layer">The layer; if lazy and without channels, it takes them from the tensors.</param>
    /// <param name="tensors">The tensors by their keys.</param>
    /// <param name="prefix">The layer's path in its model; empty for bare keys.</param>
    /// <param name="strict">Whether a missing or unexpected key is an error.</param>
    /// <exception cref="TensorFileException">The tensors do not fit the layer. The error lists all that does not fit, up to 200 unexpected keys, and
    /// the layer is as it was.</exception>
    /// <inheritdoc cref="LoadSafetensors{T}(IStateful{T}, string, string, bool)"/>
    public static LoadResult LoadState<T>(this IStateful<T> layer, IReadOnlyDictionary<string, StoredTensor> tensors, string prefix = "", bool strict = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> => LoadState(tensors, [(prefix, layer)], strict);

    /// <summary>Loads several layers from tensors that have been read: all of them or none.</summary>
    /// <param name="tensors">The tensors by their keys.</param>
    /// <param name="layers">The layers, each once, with its path in the model.</param>
    /// <param name="strict">Whether a missing or unexpected key is an error.</param>
    /// <exception cref="ArgumentException">A layer is there twice.</exception>
    /// <inheritdoc cref="LoadState{T}(IStateful{T}, IReadOnlyDictionary{string, StoredTensor}, string, bool)"/>
    public static LoadResult LoadState<T>(
        IReadOnlyDictionary<string, StoredTensor> tensors, IReadOnlyList<(string Prefix, IStateful<T> Layer)> layers, bool strict = true)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(tensors);
        return new StateLoad<T>("state", layers).Run([.. tensors.Keys], tensors, strict);
    }
}

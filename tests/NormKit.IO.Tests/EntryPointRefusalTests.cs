using System.Numerics.Tensors;
using NormKit.Tests.BadInput;

namespace NormKit.IO.Tests;

/// <summary>Wrong arguments of every public method: the documented exception, and no file, nor half of one.</summary>
public sealed class EntryPointRefusalTests : IDisposable
{
    private static readonly StoredTensor Tensor = StoredTensor.From<float>([1, 2], [2]);
    private static readonly KeyValuePair<string, StoredTensor>[] Tensors = [new("a", Tensor)], NoTensor = [new("a", null!)], NoName = [new(null!, Tensor)], Twice = [new("a", Tensor), new("a", Tensor)];
    private readonly TemporaryDirectory directory = new();

    private sealed record Wrong(string EntryPoint, string Parameter, Type Exception, string Says, Action<TemporaryDirectory> Call);

    private static IEnumerable<Wrong> Table()
    {
        (string EntryPoint, string Parameter, Action<string> Call)[] ofPaths =
        [
            ("NpyFile.Read(path)", "path", p => NpyFile.Read(p)), ("NpyFile.Read(path, v2As)", "path", p => NpyFile.Read(p, ElementType.BFloat16)), ("NpyFile.Write(path, tensor)", "path", p => NpyFile.Write(p, Tensor)),
            ("NpzFile.Names(path)", "path", p => NpzFile.Names(p)), ("NpzFile.Read(path, name)", "path", p => NpzFile.Read(p, "a")), ("NpzFile.ReadAll(path)", "path", p => NpzFile.ReadAll(p)),
            ("NpzFile.Read(path, name, limits)", "path", p => NpzFile.Read(p, "a", NpzLimits.None)), ("NpzFile.ReadAll(path, limits)", "path", p => NpzFile.ReadAll(p, NpzLimits.None)),
            ("NpzFile.Write(path, tensors, compress)", "path", p => NpzFile.Write(p, Tensors)),
            ("SafetensorsFile.Names(path)", "path", p => SafetensorsFile.Names(p)), ("SafetensorsFile.Metadata(path)", "path", p => SafetensorsFile.Metadata(p)),
            ("SafetensorsFile.Read(path, name)", "path", p => SafetensorsFile.Read(p, "a")), ("SafetensorsFile.ReadAll(path)", "path", p => SafetensorsFile.ReadAll(p)),
            ("SafetensorsFile.Write(path, tensors, metadata)", "path", p => SafetensorsFile.Write(p, Tensors)),
            ("TensorFile.Read(location)", "location", p => TensorFile.Read(p)), ("TensorFile.Read(location, v2As)", "location", p => TensorFile.Read(p, ElementType.BFloat16)), ("TensorFile.Write(path, tensor)", "path", p => TensorFile.Write(p, Tensor)), ("TensorFile.Write(path, tensors)", "path", p => TensorFile.Write(p, Tensors)),
            ("LayerState.LoadSafetensors<T>(layer, path, prefix, strict)", "path", p => Layer().LoadSafetensors(p)), ("LayerState.LoadSafetensors<T>(path, layers, strict)", "path", p => LayerState.LoadSafetensors<float>(p, [("", Layer())])),
            ("LayerState.SaveSafetensors<T>(layer, path, prefix)", "path", p => Layer().SaveSafetensors(p)), ("LayerState.SaveSafetensors<T>(path, layers)", "path", p => LayerState.SaveSafetensors<float>(p, [("", Layer())])),
            ("ModelFile.Open(path)", "path", p => ModelFile.Open(p).Dispose()), ("ModelInspector.Inspect(path, other, cancellationToken)", "path", p => ModelInspector.Inspect(p)),
            ("DataSetStatistics.Save(path)", "path", p => new DataSetStatistics().Save(p)), ("DataSetStatistics.Load(path)", "path", p => DataSetStatistics.Load(p)),
            ("FoldPlan.Of(plan)", "plan", p => FoldPlan.Of(p)), ("ModelFolding.FoldOnnx(path, output, check, cancellationToken)", "path", p => ModelFolding.FoldOnnx(p, "out.onnx")),
            ("ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)", "path", p => ModelFolding.FoldSafetensors(p, "out.safetensors", FoldPlan.Of("llama"))),
        ];
        foreach ((string entryPoint, string parameter, Action<string> call) in ofPaths)
        {
            yield return new(entryPoint, parameter, typeof(ArgumentNullException), parameter, _ => call(null!));
            yield return new(entryPoint, parameter, typeof(ArgumentException), parameter, _ => call(""));
            yield return new(entryPoint, parameter, typeof(TensorFileException), "nowhere", d => call(d["nowhere/x.safetensors"]));
        }
        yield return new("NpyFile.Read(path, v2As)", "v2As", typeof(ArgumentOutOfRangeException), "v2As", _ => NpyFile.Read("x.npy", ElementType.Float32));
        yield return new("TensorFile.Read(location, v2As)", "v2As", typeof(ArgumentOutOfRangeException), "v2As", _ => TensorFile.Read("x.npy", ElementType.Int8));
        yield return new("NpyFile.Read(stream, source)", "stream", typeof(ArgumentNullException), "stream", _ => NpyFile.Read((Stream)null!, "x"));
        yield return new("NpyFile.Read(stream, source)", "source", typeof(ArgumentNullException), "source", _ => NpyFile.Read(new MemoryStream(), null!));
        foreach (string? output in (string?[])[null, ""])
        {
            Type exception = output is null ? typeof(ArgumentNullException) : typeof(ArgumentException);
            yield return new("ModelFolding.FoldOnnx(path, output, check, cancellationToken)", "output", exception, "output", d => ModelFolding.FoldOnnx(d["x.onnx"], output!));
            yield return new("ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)", "output", exception, "output", d => ModelFolding.FoldSafetensors(d["x.safetensors"], output!, FoldPlan.Of("llama")));
        }
        yield return new("ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)", "plan", typeof(ArgumentNullException), "plan", d => ModelFolding.FoldSafetensors(d["x.safetensors"], "out.safetensors", null!));
        yield return new("ModelInspector.Inspect(path, other, cancellationToken)", "other", typeof(TensorFileException), "x.onnx", d => ModelInspector.Inspect(d["x.onnx"], d["y.onnx"]));
        yield return new("NpyFile.Write(stream, tensor)", "stream", typeof(ArgumentNullException), "stream", _ => NpyFile.Write((Stream)null!, Tensor));
        yield return new("NpyFile.Write(stream, tensor)", "tensor", typeof(ArgumentNullException), "tensor", _ => NpyFile.Write(new MemoryStream(), null!));
        yield return new("NpyFile.Write(path, tensor)", "tensor", typeof(ArgumentNullException), "tensor", d => NpyFile.Write(d["x.npy"], null!));
        foreach (string extension in (string[])[".npy", ".npz", ".safetensors"])
        {
            yield return new("TensorFile.Write(path, tensor)", "tensor", typeof(ArgumentNullException), "'tensor'", d => TensorFile.Write(d["x" + extension], (StoredTensor)null!));
            yield return new("TensorFile.Write(path, tensors)", "tensors", typeof(ArgumentNullException), "'tensors'", d => TensorFile.Write(d["x" + extension], (IReadOnlyList<KeyValuePair<string, StoredTensor>>)null!));
        }
        yield return new("NpzFile.Read(path, name)", "name", typeof(ArgumentNullException), "name", d => NpzFile.Read(d["x.npz"], null!));
        yield return new("NpzFile.Read(path, name, limits)", "name", typeof(ArgumentNullException), "name", d => NpzFile.Read(d["x.npz"], null!, NpzLimits.None));
        yield return new("NpzFile.Read(path, name, limits)", "limits", typeof(ArgumentNullException), "limits", d => NpzFile.Read(d["x.npz"], "a", null!));
        yield return new("NpzFile.ReadAll(path, limits)", "limits", typeof(ArgumentNullException), "limits", d => NpzFile.ReadAll(d["x.npz"], null!));
        (string EntryPoint, Action<Stream, string> Call)[] ofStreams =
        [
            ("NpzFile.Names(stream, source)", (s, n) => NpzFile.Names(s, n)), ("NpzFile.Read(stream, source, name, limits)", (s, n) => NpzFile.Read(s, n, "a", NpzLimits.None)),
            ("NpzFile.ReadAll(stream, source, limits)", (s, n) => NpzFile.ReadAll(s, n, NpzLimits.None)),
            ("SafetensorsFile.Names(stream, source)", (s, n) => SafetensorsFile.Names(s, n)), ("SafetensorsFile.Metadata(stream, source)", (s, n) => SafetensorsFile.Metadata(s, n)),
            ("SafetensorsFile.Read(stream, source, name)", (s, n) => SafetensorsFile.Read(s, n, "a")), ("SafetensorsFile.ReadAll(stream, source)", (s, n) => SafetensorsFile.ReadAll(s, n)),
        ];
        foreach ((string entryPoint, Action<Stream, string> call) in ofStreams)
        {
            yield return new(entryPoint, "stream", typeof(ArgumentNullException), "stream", _ => call(null!, "x"));
            yield return new(entryPoint, "stream", typeof(TensorFileException), "x: the stream cannot seek", _ => call(new ForwardOnlyStream(new MemoryStream()), "x"));
            yield return new(entryPoint, "source", typeof(ArgumentNullException), "source", _ => call(new MemoryStream(), null!));
        }
        yield return new("NpzFile.Read(stream, source, name, limits)", "name", typeof(ArgumentNullException), "name", _ => NpzFile.Read(new MemoryStream(), "x", null!, NpzLimits.None));
        yield return new("NpzFile.Read(stream, source, name, limits)", "limits", typeof(ArgumentNullException), "limits", _ => NpzFile.Read(new MemoryStream(), "x", "a", null!));
        yield return new("NpzFile.ReadAll(stream, source, limits)", "limits", typeof(ArgumentNullException), "limits", _ => NpzFile.ReadAll(new MemoryStream(), "x", null!));
        yield return new("SafetensorsFile.Read(stream, source, name)", "name", typeof(ArgumentNullException), "name", _ => SafetensorsFile.Read(new MemoryStream(), "x", null!));
        yield return new("NpzFile.Write(stream, tensors, compress)", "stream", typeof(ArgumentNullException), "stream", _ => NpzFile.Write((Stream)null!, Tensors, false));
        yield return new("NpzFile.Write(stream, tensors, compress)", "tensors", typeof(ArgumentNullException), "tensors", _ => NpzFile.Write(new MemoryStream(), null!, false));
        yield return new("SafetensorsFile.Write(stream, tensors, metadata)", "stream", typeof(ArgumentNullException), "stream", _ => SafetensorsFile.Write((Stream)null!, Tensors, null));
        yield return new("SafetensorsFile.Write(stream, tensors, metadata)", "tensors", typeof(ArgumentNullException), "tensors", _ => SafetensorsFile.Write(new MemoryStream(), null!, null));
        yield return new(
            "SafetensorsFile.Write(stream, tensors, metadata)", "metadata", typeof(ArgumentException), "metadata",
            _ => SafetensorsFile.Write(new MemoryStream(), Tensors, new Dictionary<string, string> { ["k"] = null! }));
        yield return new("NpzLimits.set_MaxRatio(value)", "value", typeof(ArgumentOutOfRangeException), "MaxRatio", _ => GC.KeepAlive(new NpzLimits { MaxRatio = double.NaN }));
        yield return new("NpzLimits.set_FreeBytes(value)", "value", typeof(ArgumentOutOfRangeException), "FreeBytes", _ => GC.KeepAlive(new NpzLimits { FreeBytes = -1 }));
        yield return new("DataSetOptions.set_Threads(value)", "value", typeof(ArgumentOutOfRangeException), "Threads", _ => GC.KeepAlive(new DataSetOptions { Threads = 0 }));
        yield return new("DataSetStatistics.new(length)", "length", typeof(ArgumentOutOfRangeException), "at least 1", _ => GC.KeepAlive(new DataSetStatistics(0)));
        yield return new("DataSetStatistics.Merge(other)", "other", typeof(ArgumentNullException), "other", _ => new DataSetStatistics().Merge(null!));
        yield return new("DataSetStatistics.FromArray(bytes)", "bytes", typeof(FormatException), "NKST", _ => DataSetStatistics.FromArray([1, 2, 3]));
        yield return new("DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)", "locations", typeof(ArgumentNullException), "locations", _ => DataSetStatistics.OfFiles(null!));
        yield return new("DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)", "locations", typeof(TensorFileException), "no file", _ => DataSetStatistics.OfFiles([]));
        yield return new("DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)", "locations", typeof(ArgumentException), "location", _ => DataSetStatistics.OfFiles([""]));
        yield return new("DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)", "locations", typeof(ArgumentNullException), "location", _ => DataSetStatistics.OfFiles([null!]));
        yield return new("SafetensorsFile.Read(path, name)", "name", typeof(ArgumentNullException), "name", d => SafetensorsFile.Read(d["x.safetensors"], null!));
        (string EntryPoint, Action<string, KeyValuePair<string, StoredTensor>[]?> Call)[] writers =
        [
            ("NpzFile.Write(path, tensors, compress)", (p, t) => NpzFile.Write(p, t!)), ("SafetensorsFile.Write(path, tensors, metadata)", (p, t) => SafetensorsFile.Write(p, t!)),
            ("TensorFile.Write(path, tensors)", (p, t) => TensorFile.Write(p + ".npz", t!)),
        ];
        foreach ((string entryPoint, Action<string, KeyValuePair<string, StoredTensor>[]?> call) in writers)
        {
            yield return new(entryPoint, "tensors", typeof(ArgumentNullException), "tensors", d => call(d["x"], null));
            yield return new(entryPoint, "tensors", typeof(ArgumentException), "A name or a tensor is null.", d => call(d["x"], NoTensor));
            yield return new(entryPoint, "tensors", typeof(ArgumentException), "A name or a tensor is null.", d => call(d["x"], NoName));
            yield return new(entryPoint, "tensors", typeof(ArgumentException), "is no valid Unicode text.", d => call(d["x"], [new("\ud800", Tensor)]));
            yield return new(entryPoint, "tensors", typeof(ArgumentException), "'a'", d => call(d["x"], Twice));
        }
        yield return new("SafetensorsFile.Write(path, tensors, metadata)", "metadata", typeof(ArgumentException), "metadata", d => SafetensorsFile.Write(d["x"], Tensors, new Dictionary<string, string> { ["k"] = null! }));
        yield return new("StoredTensor.From<T>(values, shape, storedAs)", "values", typeof(ArgumentException), "shape", _ => StoredTensor.From<float>([1], [2]));
        yield return new("StoredTensor.From<T>(values, shape, storedAs)", "shape", typeof(ArgumentException), "shape", _ => StoredTensor.From<float>([1], [-1]));
        yield return new("StoredTensor.From<T>(values, shape, storedAs)", "storedAs", typeof(ArgumentException), "storedAs", _ => StoredTensor.From<float>([1], [1], (ElementType)99));
        yield return new("StoredTensor.From<T>(values, storedAs)", "values", typeof(NotSupportedException), "Int64", _ => StoredTensor.From<long>(new TensorSpan<long>([1])));
        yield return new("StoredTensor.From<T>(values, storedAs)", "storedAs", typeof(ArgumentException), "storedAs", _ => StoredTensor.From<float>(new TensorSpan<float>([1f]), (ElementType)99));
        string[] forms = ["LayerState.LoadSafetensors<T>(layer, path, prefix, strict)", "LayerState.LoadState<T>(layer, tensors, prefix, strict)", "LayerState.SaveSafetensors<T>(layer, path, prefix)", "LayerState.StoredState<T>(layer, prefix)"];
        foreach (string form in forms)
        {
            yield return new(form, "layer", typeof(ArgumentNullException), "layer", d => Of(form, null, d, ""));
            yield return new(form, "prefix", typeof(ArgumentNullException), "prefix", d => Of(form, Layer(), d, null));
        }
        yield return new("TensorFileException.new(message)", "message", typeof(ArgumentNullException), "message", _ => throw new TensorFileException(null!));
        yield return new("TensorFileException.new(message, innerException)", "message", typeof(ArgumentNullException), "message", _ => throw new TensorFileException(null!, null));
        yield return new("LayerState.LoadState<T>(layer, tensors, prefix, strict)", "tensors", typeof(ArgumentNullException), "tensors", _ => Layer().LoadState(null!));
        yield return new("LayerState.LoadState<T>(tensors, layers, strict)", "tensors", typeof(ArgumentNullException), "tensors", _ => LayerState.LoadState<float>(null!, [("", Layer())]));
        foreach ((string form, Action<TemporaryDirectory, IReadOnlyList<(string, IStateful<float>)>?> call) in ((string, Action<TemporaryDirectory, IReadOnlyList<(string, IStateful<float>)>?>)[])
        [
            ("LayerState.LoadState<T>(tensors, layers, strict)", (_, l) => LayerState.LoadState(new Dictionary<string, StoredTensor>(), l!)),
            ("LayerState.LoadSafetensors<T>(path, layers, strict)", (d, l) => LayerState.LoadSafetensors(Saved(d), l!)),
            ("LayerState.SaveSafetensors<T>(path, layers)", (d, l) => LayerState.SaveSafetensors(d["y.safetensors"], l!)),
        ])
        {
            yield return new(form, "layers", typeof(ArgumentNullException), "layers", d => call(d, null));
            yield return new(form, "layers", typeof(ArgumentNullException), "layer", d => call(d, [("", null!)]));
            yield return new(form, "layers", typeof(ArgumentNullException), "prefix", d => call(d, [(null!, Layer())]));
        }
    }

    /// <summary>What any value suits.</summary>
    private static readonly string[] Free =
    [
        "TensorFileException.new(message, innerException)/innerException", "NpzFile.Write(path, tensors, compress)/compress", "NpzFile.Write(stream, tensors, compress)/compress",
        "ModelInspector.Inspect(path, other, cancellationToken)/cancellationToken",
        "DataSetOptions.set_Dimension(value)/value", "DataSetOptions.set_Communicator(value)/value", "DataSetOptions.set_Name(value)/value", "DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)/options",
        "DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)/progress", "DataSetStatistics.OfFiles(locations, options, progress, cancellationToken)/cancellationToken",
        "ModelFolding.FoldOnnx(path, output, check, cancellationToken)/check", "ModelFolding.FoldOnnx(path, output, check, cancellationToken)/cancellationToken",
        "ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)/keep", "ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)/check",
        "ModelFolding.FoldSafetensors(path, output, plan, keep, check, cancellationToken)/cancellationToken",
    ];

    [Fact]
    public void Call_WithOneWrongArgument_ThrowsAndWritesNothing()
    {
        List<string> wrongs = [];
        string[] before = [.. Directory.GetFileSystemEntries(directory[""])];
        foreach (Wrong wrong in Table())
        {
            Exception? thrown = Record.Exception(() => wrong.Call(directory));
            foreach (string saved in Directory.GetFileSystemEntries(directory[""], "layer.safetensors"))
                File.Delete(saved);
            string what = $"{wrong.EntryPoint}, {wrong.Parameter} ({wrong.Says})";
            if (thrown?.GetType() != wrong.Exception || !thrown.Message.Contains(wrong.Says, StringComparison.Ordinal))
                wrongs.Add($"{what}: {thrown?.GetType().Name ?? "no exception"}, not {wrong.Exception.Name}: {thrown?.Message}");
            string[] after = [.. Directory.GetFileSystemEntries(directory[""]).Except(before)];
            if (after.Length > 0)
                wrongs.Add($"{what}: left {string.Join(", ", after)}");
            Array.ForEach(after, File.Delete);
        }
        Assert.True(wrongs.Count == 0, string.Join(Environment.NewLine, wrongs));
    }

    /// <summary>A new entry point, or a new argument of one, must come with a wrong value.</summary>
    [Fact]
    public void EntryPoints_OfTheLibrary_AreAllInTheTable()
    {
        HashSet<string> known = [.. Table().Select(w => $"{w.EntryPoint}/{w.Parameter}"), .. Free];
        string[] missing = [.. EntryPoints.Of(typeof(NpyFile).Assembly).SelectMany(e => e.Value.Select(p => $"{e.Key}/{p}")).Where(p => !p.EndsWith("/strict", StringComparison.Ordinal)).Except(known)];
        Assert.Empty(missing);
    }

    public void Dispose() => directory.Dispose();

    private static LayerNorm<float> Layer() => new(2);

    private static string Saved(TemporaryDirectory d)
    {
        Layer().SaveSafetensors(d["layer.safetensors"]);
        return d["layer.safetensors"];
    }

    private static void Of(string form, IStateful<float>? layer, TemporaryDirectory d, string? prefix)
    {
        switch (form.Split('.', '<')[1])
        {
            case "LoadSafetensors": layer!.LoadSafetensors(Saved(d), prefix!); break;
            case "LoadState": layer!.LoadState(Layer().StoredState().ToDictionary(), prefix!); break;
            case "SaveSafetensors": layer!.SaveSafetensors(d["y.safetensors"], prefix!); break;
            default: layer!.StoredState(prefix!); break;
        }
    }
}

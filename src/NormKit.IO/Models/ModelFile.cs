using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>A model file, mapped into memory: its tensors and what it says about itself. Opening it reads names, types and shapes only.</summary>
/// <remarks>Every length, offset and count in a file is validated against the file before it is used. Do not let another program shorten the file
/// while it is open: the operating system ends a process that reads a mapped page that is gone.</remarks>
public sealed class ModelFile : IDisposable
{
    private readonly List<MappedBytes> files = [];
    private Dictionary<string, ModelTensor>? byName;

    private ModelFile(string path, ModelFormat format) => (Path, Format) = (path, format);

    /// <summary>Gets the path that was opened.</summary>
    public string Path { get; }

    /// <summary>Gets the format.</summary>
    public ModelFormat Format { get; }

    /// <summary>Gets the tensors: of an ONNX file the initializers of all its graphs.</summary>
    public IReadOnlyList<ModelTensor> Tensors { get; private set; } = [];

    /// <summary>Gets the strings and numbers that the file carries beside its tensors, as text. Arrays are left out.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; private set; } = new Dictionary<string, string>();

    /// <summary>Gets the paths of all files that belong to the model: the shards, or the files of external data.</summary>
    public IReadOnlyList<string> Files => [.. files.Select(file => file.Path)];

    /// <summary>config.json beside the file.</summary>
    internal ModelConfig? Config { get; private set; }

    /// <summary>The graph of an ONNX file.</summary>
    internal OnnxModel? Onnx { get; private set; }

    internal IReadOnlyList<MappedBytes> Maps => files;

    /// <summary>The tensor of a name, or null.</summary>
    internal ModelTensor? Tensor(string name)
    {
        if (byName is null)
        {
            byName = [];
            foreach (ModelTensor tensor in Tensors)
                byName.TryAdd(tensor.Name, tensor);
        }
        return byName.GetValueOrDefault(name);
    }

    /// <summary>Opens a .safetensors file or its index, a .gguf file or an .onnx file.</summary>
    /// <param name="path">The file: model.safetensors, model.safetensors.index.json, model.gguf (of a split model, any of its files) or model.onnx.</param>
    /// <exception cref="TensorFileException">The file, or one that belongs to it, is missing, damaged or of an unknown kind.</exception>
    public static ModelFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ModelFormat format = FormatOf(path);
        ModelFile model = new(path, format);
        try
        {
            switch (format)
            {
                case ModelFormat.Safetensors: (model.Tensors, model.Metadata) = SafetensorsModel.Read(path, model.Map); break;
                case ModelFormat.Gguf: (model.Tensors, model.Metadata) = GgufModel.Read(path, model.Map); break;
                default:
                    model.Onnx = OnnxModel.Read(model.Map(path), model.Map);
                    (model.Tensors, model.Metadata) = (model.Onnx.Tensors, model.Onnx.Metadata);
                    break;
            }
            model.Config = ModelConfig.Beside(path);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Closes the files. Tensors cannot be read afterwards.</summary>
    public void Dispose()
    {
        foreach (MappedBytes file in files)
            file.Dispose();
        files.Clear();
    }

    internal static bool IsIndex(string path) => path.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase);

    private static ModelFormat FormatOf(string path) => System.IO.Path.GetExtension(path).ToUpperInvariant() switch
    {
        ".SAFETENSORS" => ModelFormat.Safetensors,
        ".GGUF" => ModelFormat.Gguf,
        ".ONNX" => ModelFormat.Onnx,
        ".JSON" when IsIndex(path) => ModelFormat.Safetensors,
        _ when Directory.Exists(path) => throw new TensorFileException($"{path}: is a directory; name the model file in it."),
        _ => throw new TensorFileException($"{path}: unknown kind of model file; expected .safetensors, .safetensors.index.json, .gguf or .onnx."),
    };

    private MappedBytes Map(string path)
    {
        if (files.Find(file => file.Path == path) is MappedBytes known)
            return known;
        MappedBytes bytes = MappedBytes.Open(path);
        files.Add(bytes);
        return bytes;
    }
}

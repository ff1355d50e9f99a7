using System.IO.Compression;
using NormKit.Cli.Inspect;
using NormKit.Diagnosis;
using NormKit.IO;

namespace NormKit.Lab;

/// <summary>Files that a visitor dropped. They go into the memory of this page and nowhere else.</summary>
internal static class DroppedFiles
{
    private const long MostBytes = 1L << 29;
    private const string Models = "/tmp", Config = "config.json";
    private static readonly Dictionary<string, StoredTensor> Tensors = [];

    /// <summary>Reads a file and returns JSON: its tensors, and the norms of a model file; or one sentence that says what is wrong with it. A config.json is kept
    /// for the model files that follow.</summary>
    public static string Open(string name, byte[] content)
    {
        // The name goes into messages and decides the format; it must not become a path.
        string path = Path.Combine(Models, name == Config ? "dropped.json" : string.Concat(name.Select(letter => letter is '/' or '\\' or ':' or '\0' ? '_' : letter)));
        string extension = Path.GetExtension(path).ToUpperInvariant();
        ModelInspection? model = null;
        try
        {
            Directory.CreateDirectory(Models);
            File.WriteAllBytes(path, content);
            Dictionary<string, StoredTensor> read = [];
            switch (extension)
            {
                case ".NPY":
                    read.Add(name, NpyFile.Read(path));
                    break;
                case ".NPZ":
                    RequireRoom(path, name);
                    foreach ((string key, StoredTensor tensor) in NpzFile.ReadAll(path))
                        read.Add($"{name}:{key}", tensor);
                    break;
                case ".SAFETENSORS":
                    foreach ((string key, StoredTensor tensor) in SafetensorsFile.ReadAll(path))
                        read.Add($"{name}:{key}", tensor);
                    model = ModelInspector.Inspect(path);
                    break;
                case ".GGUF" or ".ONNX":
                    model = ModelInspector.Inspect(path);
                    break;
                case ".JSON" when name == Config:
                    File.Copy(path, Path.Combine(Models, Config), overwrite: true);
                    break;
                default:
                    throw new TensorFileException($"{name}: this page reads .npy, .npz, .safetensors, .gguf and .onnx files, and the config.json of a model.");
            }
            foreach ((string key, StoredTensor tensor) in read)
                Tensors[key] = tensor;
            return Listed(read.Keys, model);
        }
        catch (TensorFileException error)
        {
            return Refused(error.Message.Replace(path, name, StringComparison.Ordinal).Replace(Models + "/", "", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is OutOfMemoryException or OverflowException or InvalidDataException)
        {
            return Refused($"{name}: its arrays do not fit into the memory that a page has; use the tool: normkit diagnose.");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Makes a pair to try: group norm with four groups, whose author divided by n - 1 and set eps to 1e-3.</summary>
    public static string Example()
    {
        nint[] shape = [4, 8, 6, 6];
        float[] x = new float[4 * 8 * 36], y = new float[x.Length];
        Samples.Images(x, shape, 3, 3, 4);
        for (int set = 0; set < 16; set++)
        {
            Moments of = Moments.Of<float>(x.AsSpan(72 * set, 72));
            for (int i = 72 * set; i < 72 * (set + 1); i++)
                y[i] = (float)((x[i] - of.Mean) / Math.Sqrt(of.SampleVariance + 1e-3));
        }
        Tensors["x.npy"] = StoredTensor.From<float>(x, shape);
        Tensors["y.npy"] = StoredTensor.From<float>(y, shape);
        return Listed(["x.npy", "y.npy"]);
    }

    /// <summary>Diagnoses two of the tensors read, with parameters where they have a name. Returns JSON.</summary>
    public static string Diagnose(string input, string output, string weight, string bias, string runningMean, string runningVar)
    {
        StoredTensor x = Tensors[input], y = Tensors[output];
        double[]? Known(string name) => name.Length == 0 ? null : Tensors[name].ToArray<double>();
        try
        {
            return Answers.Of(Diagnoser.Diagnose(new()
            {
                Input = x.ToArray<double>(),
                Shape = Lengths(x),
                Output = y.ToArray<double>(),
                OutputShape = Lengths(y),
                InputFormat = Format(x.ElementType),
                OutputFormat = Format(y.ElementType),
                Weight = Known(weight),
                Bias = Known(bias),
                RunningMean = Known(runningMean),
                RunningVar = Known(runningVar),
            }, new Progress()), string.Join(',', Lengths(x)));
        }
        catch (ArgumentException error)
        {
            return Refused(error.Message.Split(" (Parameter '")[0]);
        }
        catch (OutOfMemoryException)
        {
            return Refused("These arrays do not fit into the memory that a page has; use the tool: normkit diagnose.");
        }
    }

    private static string Listed(IEnumerable<string> names, ModelInspection? model = null) => Answers.Json(json =>
    {
        if (model is { Norms.Count: > 0 } or { Format: not ModelFormat.Safetensors })
        {
            json.WriteString("headline", NormWords.Headline(model));
            json.WritePropertyName("model");
            json.WriteRawValue(InspectJson.Of(model).Replace(Models + "/", "", StringComparison.Ordinal));
        }
        json.WriteStartArray("tensors");
        foreach (string name in names)
        {
            StoredTensor tensor = Tensors[name];
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("type", tensor.ElementType.ToString());
            json.WriteStartArray("shape");
            foreach (nint length in tensor.Shape)
                json.WriteNumberValue((long)length);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static string Refused(string sentence) => Answers.Json(json => json.WriteString("error", sentence));

    private static void RequireRoom(string path, string name)
    {
        using ZipArchive archive = ZipFile.OpenRead(path);
        long total = archive.Entries.Sum(entry => Math.Max(0, Math.Min(entry.Length, 1L << 50)));
        if (total > MostBytes)
            throw new TensorFileException($"{name}: its arrays take {total / 1e9:0.#} GB unpacked; this page takes up to 0.5 GB.");
    }

    private static int[] Lengths(StoredTensor tensor) => [.. tensor.Shape.ToArray().Select(length => (int)length)];

    private static NumberFormat Format(ElementType type) => type switch
    {
        ElementType.Float16 => NumberFormat.Float16,
        ElementType.BFloat16 => NumberFormat.BFloat16,
        ElementType.Float32 => NumberFormat.Float32,
        _ => NumberFormat.Float64,
    };
}

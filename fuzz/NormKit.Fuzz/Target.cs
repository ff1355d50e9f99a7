using NormKit.IO;

namespace NormKit.Fuzz;

/// <summary>A reader on any bytes: it gives tensors or a <see cref="TensorFileException"/>, and allocates in proportion to the file. All else is a crash.</summary>
internal static class Target
{
    public static readonly string[] Formats = ["npy", "npz", "safetensors", "gguf", "onnx", "model"];

    // What an empty file costs, and what a byte may: deflate makes a thousand bytes of one, and strings of names are twice their UTF-8.
    private const long AtLeast = 4 << 20, AByte = 4096;

    public static void Read(string format, Stream input)
    {
        using MemoryStream bytes = new();
        input.CopyTo(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            if (format == "npy")
            {
                bytes.Position = 0;
                Use(NpyFile.Read(bytes, "input"));
            }
            else
            {
                ReadFile(format, bytes.ToArray());
            }
        }
        catch (TensorFileException)
        {
        }
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > AtLeast + (AByte * bytes.Length))
            throw new InvalidOperationException($"{allocated} bytes were allocated for a file of {bytes.Length}.");
    }

    private static void ReadFile(string format, byte[] bytes)
    {
        // "model" inspects a checkpoint; the others' norms are inspected with what they are read as.
        string path = Path.Combine(Path.GetTempPath(), $"normkit-fuzz-{Environment.ProcessId}.{(format == "model" ? "safetensors" : format)}");
        File.WriteAllBytes(path, bytes);
        try
        {
            if (format is "gguf" or "onnx" or "model")
            {
                _ = ModelInspector.Inspect(path, path).Norms.Count;
                return;
            }
            foreach (StoredTensor tensor in (format == "npz" ? NpzFile.ReadAll(path) : SafetensorsFile.ReadAll(path)).Values)
                Use(tensor);
            _ = format == "npz" ? NpzFile.Names(path).Count : SafetensorsFile.Names(path).Count + SafetensorsFile.Metadata(path).Count;
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Use(StoredTensor tensor)
    {
        if (tensor.ToArray<double>().LongLength != tensor.Count)
            throw new InvalidOperationException($"A tensor of {tensor.Count} elements gave another number.");
    }
}

using System.Text.Json;

namespace NormKit.IO;

/// <summary>config.json beside a model file: numbers, booleans and texts by their path, such as "text_config.rms_norm_eps".</summary>
internal sealed class ModelConfig
{
    internal const string FileName = "config.json";

    private const long Longest = 16 << 20;
    private const int MostDepth = 4;

    private readonly Dictionary<string, JsonElement> values = [];

    private ModelConfig(string path) => Path = path;

    internal string Path { get; }

    /// <exception cref="TensorFileException">The file is there, but it is damaged.</exception>
    internal static ModelConfig? Beside(string model)
    {
        string path = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(model)!, FileName);
        if (!File.Exists(path))
            return null;
        byte[] text = FilePath.Read(path, stream => stream.Length <= Longest
            ? ByteSource.Of(stream, path).ReadArray((int)stream.Length, "text")
            : throw new TensorFileException($"{path}: has {stream.Length} bytes; a model's config.json has at most {Longest}."));
        try
        {
            using JsonDocument json = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            if (json.RootElement.ValueKind != JsonValueKind.Object)
                throw new TensorFileException($"{path}: is no JSON object.");
            ModelConfig config = new(path);
            config.Collect("", json.RootElement.Clone(), 0);
            return config;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new TensorFileException($"{path}: is not valid JSON: {error.Message}", error);
        }
    }

    internal double? Number(string key) =>
        values.TryGetValue(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) ? number : null;

    internal string? Text(string key) => values.TryGetValue(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    internal bool? Flag(string key) => values.TryGetValue(key, out JsonElement value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    internal bool Has(string key) => values.ContainsKey(key);

    private void Collect(string prefix, JsonElement element, int depth)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            string key = prefix + property.Name;
            if (property.Value.ValueKind == JsonValueKind.Object && depth < MostDepth)
                Collect(key + ".", property.Value, depth + 1);
            values[key] = property.Value;
        }
    }
}

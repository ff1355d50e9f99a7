using System.Text.Json;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Golden;

/// <summary>A case of cases.json with its arrays.</summary>
internal sealed record GoldenCase(Problem Problem, bool Train, double Momentum, Dictionary<string, double[]> Arrays)
{
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "data");

    /// <summary>The names of the cases of the four layers.</summary>
    public static string[] Names { get; } = [.. Cases().Where(c => Enum.TryParse<Norm>(LayerOf(c), out _)).Select(c => c.GetProperty("name").GetString()!)];

    /// <summary>The names of the others.</summary>
    public static string[] FamilyNames { get; } = [.. Cases().Select(c => c.GetProperty("name").GetString()!).Except(Names)];

    /// <summary>The entry of cases.json: layer, options, shape.</summary>
    public static JsonElement Entry(string name) => Cases().Single(c => c.GetProperty("name").GetString() == name);

    public static GoldenCase Load(string name)
    {
        JsonElement json = Entry(name);
        nint[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(n => (nint)n.GetInt32())];
        int rank = json.TryGetProperty("normalized_shape", out JsonElement normalized) ? normalized.GetArrayLength() : 1;
        int groups = json.TryGetProperty("num_groups", out JsonElement numGroups) ? numGroups.GetInt32() : 1;
        Problem problem = new(Enum.Parse<Norm>(LayerOf(json)), shape, groups, rank, Number(json, "eps", 1e-5));
        return new(
            problem, !json.TryGetProperty("train", out JsonElement train) || train.GetBoolean(), Number(json, "momentum", 0.1),
            NumpyArchive.Read(Path.Combine(Folder, name + ".npz")));
    }

    public double[]? Optional(string name) => Arrays.GetValueOrDefault(name);

    public float[]? Floats(string name) => Arrays.TryGetValue(name, out double[]? values) ? Array.ConvertAll(values, v => (float)v) : null;

    private static string LayerOf(JsonElement json) => json.GetProperty("layer").GetString()!.Replace("Norm", "", StringComparison.Ordinal);

    private static double Number(JsonElement json, string name, double otherwise) =>
        json.TryGetProperty(name, out JsonElement value) ? value.GetDouble() : otherwise;

    private static List<JsonElement> Cases() =>
        [.. JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "cases.json"))).RootElement.GetProperty("cases").EnumerateArray()];
}

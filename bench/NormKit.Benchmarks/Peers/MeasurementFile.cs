using System.Text.Json;

namespace NormKit.Benchmarks.Peers;

/// <summary>Measurements with the machine that made them.</summary>
internal sealed record MeasurementFile(string Machine, IReadOnlyList<Measurement> Measurements)
{
    public static readonly JsonSerializerOptions OnOneLine = new(JsonSerializerDefaults.Web);
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static MeasurementFile Read(string path) => JsonSerializer.Deserialize<MeasurementFile>(File.ReadAllText(path), OnOneLine)!;

    /// <summary>The machine that made a file, if it is there and another one: its measurements do not mix with those of this one.</summary>
    public static string? OtherMachineOf(string path) => File.Exists(path) && Read(path).Machine is string made && made != BenchmarkMachine.Name ? made : null;

    /// <summary>Adds measurements to those of a file, if it is there.</summary>
    public static void Add(string path, IReadOnlyList<Measurement> measurements)
    {
        IReadOnlyList<Measurement> older = File.Exists(path) ? Read(path).Measurements : [];
        MeasurementFile file = new(
            BenchmarkMachine.Name, [.. older.Where(old => !measurements.Any(measurement => measurement.Key == old.Key)), .. measurements]);
        string part = path + ".part";
        File.WriteAllText(part, JsonSerializer.Serialize(file, Indented) + "\n");
        File.Move(part, path, overwrite: true);
    }
}

using NormKit.Benchmarks.Peers;

namespace NormKit.Benchmarks.Sweep;

/// <summary>How the time for an element goes with the size of the tensor.</summary>
internal static class SweepPicture
{
    private static readonly string[] Colours = ["#d9622b", "#3b82d6"];
    private static readonly (string Name, string Start)[] Layers = [("batch norm", "BN "), ("layer norm", "LN ")];

    /// <param name="measurements">Of a sweep; those with the most threads are drawn.</param>
    public static string Of(IReadOnlyList<Measurement> measurements)
    {
        int threads = measurements.Max(m => m.Threads);
        measurements = [.. measurements.Where(m => m.Threads == threads)];
        LineChart[] charts = [.. from pass in (string[])["forward", "backward"] let of = measurements.Where(m => m.Pass == pass).ToList() where of.Count > 0 select Chart(pass, of)];
        string title = $"Nanoseconds an element by size, float32, {threads} {(threads == 1 ? "thread" : "threads")}";
        string description = string.Join(' ', measurements.Select(m => $"{m.Row} {m.Pass}: {PerElement(m, NormKitPeer.Given):g3}; {m.Limit}: {PerElement(m, m.Limit):g3}."));
        return LineChart.Svg(title, description, charts);
    }

    private static LineChart Chart(string pass, List<Measurement> of)
    {
        List<Series> series = [new(of[0].Limit, "#7d8590", true, Points(of.Where(m => m.Row.StartsWith("LN", StringComparison.Ordinal)), of[0].Limit))];
        foreach (((string name, string start), string colour) in Layers.Zip(Colours))
            series.Add(new(name, colour, false, Points(of.Where(m => m.Row.StartsWith(start, StringComparison.Ordinal)), NormKitPeer.Given)));
        string capital = char.ToUpperInvariant(pass[0]) + pass[1..];
        return new(capital, "size of the tensor", "ns an element", [.. series.Where(line => line.Points.Count > 0)]);
    }

    private static List<(double X, double Y)> Points(IEnumerable<Measurement> measurements, string name) =>
        [.. measurements.OrderBy(m => m.Bytes).Select(m => ((double)m.Bytes, PerElement(m, name)))];

    private static double PerElement(Measurement m, string name) => m.Case(name)!.Milliseconds.Median * 1e6 / (m.Bytes / sizeof(float));
}

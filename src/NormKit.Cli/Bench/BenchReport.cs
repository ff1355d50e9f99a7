using System.Globalization;
using System.Text.Json;
using NormKit.Cli.Reports;
using NormKit.Cli.Timing;

namespace NormKit.Cli.Bench;

/// <summary>A measurement for people, and for programs.</summary>
internal static class BenchReport
{
    public static IEnumerable<ReportPart> Of(BenchResult result)
    {
        BenchRequest request = result.Request;
        yield return new Heading("Layers beside what memory allows");
        yield return new Paragraph(
            $"Input {NumberType.Text(request.Shape)}, {request.Type}, {Megabytes(result.Bytes)}; {Plural.Of(request.Threads, "thread")}, medians of {Plural.Of(result.Rounds, "round")}.");
        foreach (string remark in result.Remarks)
            yield return new Paragraph(remark, "Note:");
        yield return new Table(
            ["", "ms", "quartiles", "GB/s", "x ordinary", "x non-temporal"],
            [
                Limit("copy", result.Forward.Ordinary, 2), Limit("copy, non-temporal", result.Forward.PastCaches, 2),
                .. result.Layers.Select(layer => Row($"{layer.Name} forward", layer.Forward, 2)),
                Limit("d = a + b", result.Backward.Ordinary, 3), Limit("d = a + b, non-temporal", result.Backward.PastCaches, 3),
                .. from layer in result.Layers where layer.Backward is not null select Row($"{layer.Name} backward", layer.Backward!, 3),
            ],
            Words: 1);
        yield return new Paragraph(
            "x: time as a multiple of the copy (forward) or of d = a + b (backward) in the same round, with ordinary and with non-temporal stores. "
                + "GB/s: x and y once, or dy, x and dx once. Compare multiples, not times of different runs.");

        string[] Limit(string name, Spread time, int streams) => [name, Time(time.Median), Quartiles(time), Speed(time, streams), "", ""];

        string[] Row(string name, BenchPass pass, int streams) =>
            [name, Time(pass.Milliseconds.Median), Quartiles(pass.Milliseconds), Speed(pass.Milliseconds, streams), Ratio(pass.ToOrdinary.Median), Ratio(pass.ToPastCaches.Median)];

        string Speed(Spread time, int streams) => (streams * result.Bytes / time.Median / 1e6).ToString("f1", CultureInfo.InvariantCulture);
    }

    public static string JsonText(BenchResult result) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteShape("shape", result.Request.Shape);
        json.WriteString("dtype", result.Request.Type);
        json.WriteNumber("bytes", result.Bytes);
        json.WriteNumber("threads", result.Request.Threads);
        json.WriteNumber("rounds", result.Rounds);
        json.WriteStartObject("limits");
        Write(json, "copy", result.Forward.Ordinary);
        Write(json, "copyNonTemporal", result.Forward.PastCaches);
        Write(json, "triad", result.Backward.Ordinary);
        Write(json, "triadNonTemporal", result.Backward.PastCaches);
        json.WriteEndObject();
        json.WriteStartArray("layers");
        foreach (BenchLayer layer in result.Layers)
        {
            json.WriteStartObject();
            json.WriteString("name", layer.Name);
            Write(json, "forward", layer.Forward, "toCopy");
            if (layer.Backward is null)
                json.WriteNull("backward");
            else
                Write(json, "backward", layer.Backward, "toTriad");
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStrings("remarks", result.Remarks);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, string name, BenchPass pass, string quotient)
    {
        json.WriteStartObject(name);
        Write(json, "milliseconds", pass.Milliseconds);
        Write(json, quotient, pass.ToOrdinary);
        Write(json, $"{quotient}NonTemporal", pass.ToPastCaches);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Spread spread)
    {
        json.WriteStartObject(name);
        json.WriteNumber("median", spread.Median);
        json.WriteNumber("low", spread.Low);
        json.WriteNumber("high", spread.High);
        json.WriteEndObject();
    }

    private static string Time(double milliseconds) =>
        milliseconds.ToString(milliseconds < 0.01 ? "f6" : milliseconds < 1 ? "f4" : "f2", CultureInfo.InvariantCulture);

    private static string Quartiles(Spread spread) => $"{Time(spread.Low)} - {Time(spread.High)}";

    private static string Ratio(double ratio) => ratio.ToString(ratio < 10 ? "f2" : "f1", CultureInfo.InvariantCulture);

    private static string Megabytes(long bytes) => bytes >= 1 << 20
        ? $"{(bytes / (double)(1 << 20)).ToString("0.#", CultureInfo.InvariantCulture)} MiB"
        : $"{(bytes / 1024.0).ToString("0.#", CultureInfo.InvariantCulture)} KiB";
}

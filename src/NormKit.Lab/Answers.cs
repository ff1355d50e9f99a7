using System.Text;
using System.Text.Json;
using NormKit.Diagnosis;

namespace NormKit.Lab;

/// <summary>Answers for the page, as JSON.</summary>
internal static class Answers
{
    public static string Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>JSON has neither NaN nor infinities: null.</summary>
    public static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    /// <summary>A diagnosis with the numbers of its pictures.</summary>
    public static string Of(DiagnosisResult result, string shape) => Json(json =>
    {
        json.WriteString("sentence", result.Sentence);
        json.WriteString("verdict", result.Verdict.ToString());
        json.WriteString("shape", shape);
        json.WriteString("reference", result.Reference);
        Strings(json, "notes", [.. result.Notes, .. result.Ties.Select(tie => $"{tie.Text} gives the same output, and nothing in these arrays tells them apart.")]);
        Strings(json, "sameAs", result.Verdict is Verdict.NoneOfThese or Verdict.NotNormalized ? [] : result.Best.SameAs);
        Strings(json, "changes", result.Changes);
        json.WriteStartArray("tried");
        foreach (Finding finding in result.Tried)
            Row(json, finding.Text, finding.Residual, finding.ExplainedText);
        Row(json, "", result.Original, "");
        json.WriteEndArray();
        json.WriteString("lookShape", result.Look.Shape);
        json.WriteString("lookWhere", result.Look.Where);
        Numbers(json, "byChannel", result.Look.ByChannel);
        Numbers(json, "histogram", result.Look.Histogram.Select(count => (double)count));
        Number(json, "limit", result.Look.HistogramLimit);
        json.WriteStartArray("advice");
        foreach (CodeAdvice advice in result.Advice)
        {
            json.WriteStartObject();
            json.WriteString("library", advice.Library);
            json.WriteString("code", advice.Code);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    });

    private static void Row(Utf8JsonWriter json, string text, Residual residual, string explained)
    {
        json.WriteStartObject();
        json.WriteString("text", text);
        Number(json, "largest", residual.MaxAbs);
        Number(json, "ulp", residual.MaxUlp);
        Number(json, "rms", residual.RootMeanSquare);
        json.WriteString("explained", explained);
        json.WriteEndObject();
    }

    private static void Strings(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IEnumerable<double> values)
    {
        json.WriteStartArray(name);
        foreach (double value in values)
        {
            if (double.IsFinite(value))
                json.WriteNumberValue(value);
            else
                json.WriteNullValue();
        }
        json.WriteEndArray();
    }
}

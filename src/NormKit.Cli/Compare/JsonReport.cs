using System.Text;
using System.Text.Json;

namespace NormKit.Cli.Compare;

/// <summary>A comparison as one JSON object, for programs.</summary>
internal static class JsonReport
{
    public static string Of(Comparison comparison)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            Write(json, comparison);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void Write(Utf8JsonWriter json, Comparison comparison)
    {
        json.WriteStartObject();
        json.WriteStartObject("input");
        json.WriteString("source", comparison.Source);
        json.WriteStartArray("shape");
        foreach (nint length in comparison.Shape)
            json.WriteNumberValue(length);
        json.WriteEndArray();
        json.WriteString("dtype", comparison.Type.Name);
        json.WriteEndObject();
        json.WriteStartArray("layers");
        foreach (LayerComparison layer in comparison.Layers)
            Write(json, layer, comparison.PairwiseFloor);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LayerComparison layer, double pairwiseFloor)
    {
        json.WriteStartObject();
        json.WriteString("name", layer.Sharing.Kind.Short());
        json.WriteNumber("groups", layer.Sharing.Groups);
        json.WriteNumber("elementsPerGroup", layer.Sharing.ElementsPerGroup);
        json.WriteStartObject("sampleVariance");
        Number(json, "sumAbs", layer.SampleVariance.SumAbs);
        Number(json, "pairwiseDistance", layer.SampleVariance.PairwiseDistance);
        Number(json, "maxAbs", layer.SampleVariance.MaxAbs);
        Number(json, "maxUlp", layer.SampleVariance.MaxUlp);
        Number(json, "predictedSumAbs", layer.PredictedSumAbs);
        Number(json, "explained", layer.Explained);
        json.WriteEndObject();
        json.WriteStartObject("populationVariance");
        Number(json, "sumAbs", layer.PopulationVariance.SumAbs);
        Number(json, "pairwiseDistance", layer.PopulationVariance.PairwiseDistance);
        Number(json, "pairwiseFloor", pairwiseFloor);
        Number(json, "maxAbs", layer.PopulationVariance.MaxAbs);
        Number(json, "maxUlp", layer.PopulationVariance.MaxUlp);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>JSON has neither NaN nor infinities: null.</summary>
    private static void Number(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}

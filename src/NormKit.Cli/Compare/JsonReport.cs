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
        json.WriteFinite("sumAbs", layer.SampleVariance.SumAbs);
        json.WriteFinite("pairwiseDistance", layer.SampleVariance.PairwiseDistance);
        json.WriteFinite("maxAbs", layer.SampleVariance.MaxAbs);
        json.WriteFinite("maxUlp", layer.SampleVariance.MaxUlp);
        json.WriteFinite("predictedSumAbs", layer.PredictedSumAbs);
        json.WriteFinite("explained", layer.Explained);
        json.WriteEndObject();
        json.WriteStartObject("populationVariance");
        json.WriteFinite("sumAbs", layer.PopulationVariance.SumAbs);
        json.WriteFinite("pairwiseDistance", layer.PopulationVariance.PairwiseDistance);
        json.WriteFinite("pairwiseFloor", pairwiseFloor);
        json.WriteFinite("maxAbs", layer.PopulationVariance.MaxAbs);
        json.WriteFinite("maxUlp", layer.PopulationVariance.MaxUlp);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

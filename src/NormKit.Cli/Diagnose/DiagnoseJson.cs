using System.Text.Json;
using NormKit.Diagnosis;

namespace NormKit.Cli.Diagnose;

/// <summary>A diagnosis as one JSON object, for programs.</summary>
internal static class DiagnoseJson
{
    public static string Of(DiagnoseJob job, DiagnosisResult result) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("source", job.Source);
        Write(json, result);
        WriteBatches(json, job);
        json.WriteEndObject();
    });

    public static string Of(DiagnoseJob job, TwoSidedResult result) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("source", job.Source);
        json.WriteString("sentence", result.Sentence);
        foreach ((string name, DiagnosisResult one) in ((string, DiagnosisResult)[])[("first", result.First), ("second", result.Second)])
        {
            json.WriteStartObject(name);
            Write(json, one);
            json.WriteEndObject();
        }
        Write(json, "firstFromExact", result.FirstFromExact);
        Write(json, "secondFromExact", result.SecondFromExact);
        Write(json, "between", result.Between);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, DiagnosisResult result)
    {
        json.WriteCamel("verdict", result.Verdict);
        json.WriteString("sentence", result.Sentence);
        json.WriteString("reference", result.Reference);
        Write(json, "original", result.Original);
        json.WriteStartObject("best");
        Write(json, result.Best);
        json.WriteEndObject();
        foreach ((string name, IReadOnlyList<Finding> findings) in ((string, IReadOnlyList<Finding>)[])[("ties", result.Ties), ("tried", result.Tried)])
        {
            json.WriteStartArray(name);
            foreach (Finding finding in findings)
            {
                json.WriteStartObject();
                Write(json, finding);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteFinite("correctlyRounded", result.CorrectlyRounded);
        json.WriteFinite("meanSignedUlp", result.MeanSignedUlp);
        WriteLook(json, result.Look);
        WriteMomentum(json, result.Momentum);
        json.WriteStartArray("advice");
        foreach (CodeAdvice advice in result.Advice)
        {
            json.WriteStartObject();
            json.WriteString("library", advice.Library);
            json.WriteString("code", advice.Code);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStrings("changes", result.Changes);
        json.WriteStrings("notes", result.Notes);
    }

    private static void Write(Utf8JsonWriter json, Finding finding)
    {
        json.WriteString("text", finding.Text);
        json.WriteString("layer", finding.Layer);
        json.WriteCamel("kind", finding.Kind);
        if (finding.Groups is int groups)
            json.WriteNumber("groups", groups);
        else
            json.WriteNull("groups");
        Integers(json, "axes", finding.Axes);
        json.WriteBoolean("channelsLast", finding.ChannelsLast);
        json.WriteFinite("eps", finding.Eps);
        json.WriteFinite("leastEps", finding.LeastEps);
        json.WriteFinite("mostEps", finding.MostEps);
        json.WriteStartArray("causes");
        foreach (Cause cause in finding.Causes)
        {
            json.WriteStartObject();
            json.WriteCamel("kind", cause.Kind);
            json.WriteString("text", cause.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStrings("sameAs", finding.SameAs);
        json.WriteFinite("explained", finding.Explained);
        Write(json, "left", finding.Residual);
        Numbers(json, "fittedWeight", finding.FittedWeight);
        Numbers(json, "fittedBias", finding.FittedBias);
    }

    private static void WriteLook(Utf8JsonWriter json, ResidualLook look)
    {
        json.WriteStartObject("residual");
        json.WriteString("shape", look.Shape);
        json.WriteString("where", look.Where);
        json.WriteFinite("constant", look.Constant);
        json.WriteFinite("constantByChannel", look.ConstantByChannel);
        json.WriteFinite("proportional", look.Proportional);
        json.WriteFinite("proportionalByChannel", look.ProportionalByChannel);
        json.WriteFinite("constantBySet", look.ConstantBySet);
        json.WriteFinite("proportionalBySet", look.ProportionalBySet);
        Numbers(json, "byChannel", look.ByChannel);
        json.WriteEndObject();
    }

    private static void WriteBatches(Utf8JsonWriter json, DiagnoseJob job)
    {
        json.WriteStartArray("batches");
        foreach ((string file, BatchFinding finding) in job.InOtherBatches())
        {
            json.WriteStartObject();
            json.WriteString("file", file);
            json.WriteString("text", finding.Text);
            json.WriteBoolean("isInvariant", finding.IsInvariant);
            json.WriteNumber("rows", finding.Rows);
            Integers(json, "differentRows", finding.DifferentRows);
            json.WriteNumber("differentElements", finding.DifferentElements);
            Integers(json, "firstDifference", finding.FirstDifference ?? []);
            json.WriteFinite("maxUlp", finding.MaxUlp);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Integers(Utf8JsonWriter json, string name, IReadOnlyList<int> values)
    {
        json.WriteStartArray(name);
        foreach (int value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private static void WriteMomentum(Utf8JsonWriter json, MomentumFinding? momentum)
    {
        if (momentum is null)
        {
            json.WriteNull("momentum");
            return;
        }
        json.WriteStartObject("momentum");
        json.WriteString("text", momentum.Text);
        json.WriteFinite("momentum", momentum.Momentum);
        if (momentum.IsSampleVariance is bool isSample)
            json.WriteBoolean("sampleVariance", isSample);
        else
            json.WriteNull("sampleVariance");
        json.WriteFinite("error", momentum.Error);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, Residual residual)
    {
        json.WriteStartObject(name);
        json.WriteFinite("maxAbs", residual.MaxAbs);
        json.WriteFinite("rms", residual.RootMeanSquare);
        json.WriteFinite("sumAbs", residual.SumAbs);
        json.WriteFinite("maxUlp", residual.MaxUlp);
        json.WriteFinite("medianUlp", residual.MedianUlp);
        json.WriteEndObject();
    }

    private static void Numbers(Utf8JsonWriter json, string name, IReadOnlyList<double>? values)
    {
        if (values is null)
        {
            json.WriteNull(name);
            return;
        }
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

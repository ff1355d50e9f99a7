using System.Text.Json;
using NormKit.IO;

namespace NormKit.Cli.Inspect;

/// <summary>An inspection as one JSON object, for programs.</summary>
internal static class InspectJson
{
    public static string Of(ModelInspection inspection) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("model", inspection.Path);
        json.WriteString("format", inspection.Format.ToString().ToLowerInvariant());
        json.WriteString("architecture", inspection.Architecture.Length > 0 ? inspection.Architecture : null);
        json.WriteNumber("tensors", inspection.TensorCount);
        json.WriteNumber("bytes", inspection.Bytes);
        json.WriteString("other", inspection.OtherPath);
        json.WriteStartArray("norms");
        foreach (ModelNorm norm in inspection.Norms)
            Write(json, norm);
        json.WriteEndArray();
        json.WriteStrings("onlyInOther", inspection.OnlyInOther);
        json.WriteStrings("notes", inspection.Notes);
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, ModelNorm norm)
    {
        json.WriteStartObject();
        json.WriteString("name", norm.Name);
        json.WriteCamel("kind", norm.Kind);
        json.WriteString("where", norm.Where);
        json.WriteShape("shape", norm.Shape.ToArray());
        json.WriteString("type", norm.TypeName.Length > 0 ? norm.TypeName : null);
        json.WriteFinite("eps", norm.Eps);
        json.WriteString("epsSource", norm.EpsSource);
        json.WriteString("after", norm.After);
        json.WriteString("before", norm.Before);
        json.WriteFinite("groups", norm.Groups);
        json.WriteFinite("momentum", norm.Momentum);
        json.WriteFinite("batchesTracked", norm.BatchesTracked);
        Flag(json, "looksMinusOne", norm.LooksMinusOne);
        Flag(json, "addsOne", norm.AddsOne);
        json.WriteStartArray("findings");
        foreach (NormFinding finding in norm.Findings)
        {
            json.WriteStartObject();
            json.WriteCamel("kind", finding.Kind);
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteString("relation", norm.Relation is null ? null : NormWords.Of(norm.Relation.Kind));
        if (norm.Relation is NormRelation relation)
        {
            json.WriteStartObject("figures");
            json.WriteString("other", relation.Other);
            json.WriteString("text", relation.Text);
            json.WriteFinite("maxAbs", relation.MaxAbs);
            json.WriteFinite("relativeRms", relation.RelativeRms);
            json.WriteFinite("factor", relation.Factor);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("figures");
        }
        json.WriteEndObject();
    }

    private static void Flag(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is bool flag)
            json.WriteBoolean(name, flag);
        else
            json.WriteNull(name);
    }
}

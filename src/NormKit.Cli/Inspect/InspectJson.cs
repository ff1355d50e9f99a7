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
        Text(json, "architecture", inspection.Architecture.Length > 0 ? inspection.Architecture : null);
        json.WriteNumber("tensors", inspection.TensorCount);
        json.WriteNumber("bytes", inspection.Bytes);
        Text(json, "other", inspection.OtherPath);
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
        json.WriteString("kind", Camel(norm.Kind.ToString()));
        json.WriteString("where", norm.Where);
        json.WriteShape("shape", norm.Shape.ToArray());
        Text(json, "type", norm.TypeName.Length > 0 ? norm.TypeName : null);
        Number(json, "eps", norm.Eps);
        json.WriteString("epsSource", norm.EpsSource);
        Text(json, "after", norm.After);
        Text(json, "before", norm.Before);
        Number(json, "groups", norm.Groups);
        Number(json, "momentum", norm.Momentum);
        Number(json, "batchesTracked", norm.BatchesTracked);
        Flag(json, "looksMinusOne", norm.LooksMinusOne);
        Flag(json, "addsOne", norm.AddsOne);
        json.WriteStartArray("findings");
        foreach (NormFinding finding in norm.Findings)
        {
            json.WriteStartObject();
            json.WriteString("kind", Camel(finding.Kind.ToString()));
            json.WriteString("text", finding.Text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Text(json, "relation", norm.Relation is null ? null : NormWords.Of(norm.Relation.Kind));
        if (norm.Relation is NormRelation relation)
        {
            json.WriteStartObject("figures");
            Text(json, "other", relation.Other);
            json.WriteString("text", relation.Text);
            Number(json, "maxAbs", relation.MaxAbs);
            Number(json, "relativeRms", relation.RelativeRms);
            Number(json, "factor", relation.Factor);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("figures");
        }
        json.WriteEndObject();
    }

    private static void Text(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null)
            json.WriteNull(name);
        else
            json.WriteString(name, value);
    }

    private static void Flag(Utf8JsonWriter json, string name, bool? value)
    {
        if (value is bool flag)
            json.WriteBoolean(name, flag);
        else
            json.WriteNull(name);
    }

    /// <summary>JSON has neither NaN nor infinities: null.</summary>
    private static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is double number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}

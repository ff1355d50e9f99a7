using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace NormKit.Cli;

/// <summary>JSON as the tool prints it: indented, lines that end alike everywhere.</summary>
internal static class Json
{
    // The text goes to a terminal or a file, not into a web page: an apostrophe stays one.
    private static readonly JsonWriterOptions Options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Of(Action<Utf8JsonWriter> write)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, Options))
            write(json);
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static void WriteStrings(this Utf8JsonWriter json, string name, IEnumerable<string> values)
    {
        json.WriteStartArray(name);
        foreach (string value in values)
            json.WriteStringValue(value);
        json.WriteEndArray();
    }

    /// <summary>Null where there is no number; JSON has neither NaN nor infinities, so these are null too.</summary>
    public static void WriteFinite(this Utf8JsonWriter json, string name, double? value)
    {
        if (value is double number && double.IsFinite(number))
            json.WriteNumber(name, number);
        else
            json.WriteNull(name);
    }

    /// <summary>The name of an enum's value as JSON has names.</summary>
    public static void WriteCamel(this Utf8JsonWriter json, string name, Enum value)
    {
        string text = value.ToString();
        json.WriteString(name, char.ToLowerInvariant(text[0]) + text[1..]);
    }

    public static void WriteShape(this Utf8JsonWriter json, string name, IEnumerable<nint> shape)
    {
        json.WriteStartArray(name);
        foreach (nint length in shape)
            json.WriteNumberValue(length);
        json.WriteEndArray();
    }
}

using System.Globalization;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>Which type the tool computes in and stores for an array of a file.</summary>
internal static class NumberType
{
    /// <summary>
    /// Float64 for float64 and for integers of 32 bits and more, float32 for all that it holds exactly: the rule by which NumPy promotes
    /// with float32.
    /// </summary>
    public static bool ComputesInDouble(this ElementType type) =>
        type is ElementType.Float64 or ElementType.Int32 or ElementType.UInt32 or ElementType.Int64 or ElementType.UInt64;

    /// <summary>The type of a result that belongs to an array of this type: its own, or for integers the one computed in.</summary>
    public static ElementType ResultType(this ElementType type) => type switch
    {
        ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64 => type,
        _ => type.ComputesInDouble() ? ElementType.Float64 : ElementType.Float32,
    };

    public static string Text(this ElementType type) => type.ToString().ToLowerInvariant();

    /// <summary>A number of a file as it was given: the shortest text that its own type reads back. A float32 of -1e-5 is not -9.999999747378752E-06.</summary>
    public static string Text(double value, ElementType type)
    {
        string text = type switch
        {
            ElementType.Float16 => ((Half)value).ToString(CultureInfo.InvariantCulture),
            ElementType.BFloat16 => ((BFloat16)value).ToString(null, CultureInfo.InvariantCulture),
            ElementType.Float32 => ((float)value).ToString(CultureInfo.InvariantCulture),
            _ => value.ToString(CultureInfo.InvariantCulture),
        };
        return text.Replace("E-0", "e-", StringComparison.Ordinal).Replace("E+0", "e+", StringComparison.Ordinal).Replace('E', 'e');
    }

    public static string Text(ReadOnlySpan<nint> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}

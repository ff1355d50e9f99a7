using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace NormKit;

public readonly partial struct BFloat16
{
    private const NumberStyles Style = NumberStyles.Float | NumberStyles.AllowThousands;

    // Enough for any of them: 1 + ceil(8 * log10(2)).
    private const int MostDigits = 4;

    /// <summary>The shortest text that parses to this number.</summary>
    public override string ToString() => ToString(null, null);

    /// <inheritdoc cref="ToString(string?, IFormatProvider?)"/>
    public string ToString(IFormatProvider? provider) => ToString(null, provider);

    /// <inheritdoc cref="ToString(string?, IFormatProvider?)"/>
    public string ToString([StringSyntax(StringSyntaxAttribute.NumericFormat)] string? format) => ToString(format, null);

    /// <summary>The number as text; without a format, with G or R, the shortest text that parses to it. Other formats show the exact value's digits.</summary>
    public string ToString([StringSyntax(StringSyntaxAttribute.NumericFormat)] string? format, IFormatProvider? formatProvider) =>
        ForText(format).ToString(format, formatProvider);

    /// <inheritdoc/>
    public bool TryFormat(
        Span<char> destination, out int charsWritten, [StringSyntax(StringSyntaxAttribute.NumericFormat)] ReadOnlySpan<char> format = default, IFormatProvider? provider = null) =>
        ForText(format).TryFormat(destination, out charsWritten, format, provider);

    /// <summary>The number that a text says, as <see cref="double.Parse(string)"/> reads it, rounded from there to nearest even.</summary>
    /// <exception cref="FormatException">The text is no number.</exception>
    public static BFloat16 Parse(string s) => (BFloat16)double.Parse(s, Style, null);

    /// <inheritdoc cref="Parse(string)"/>
    public static BFloat16 Parse(string s, IFormatProvider? provider) => (BFloat16)double.Parse(s, Style, provider);

    /// <inheritdoc cref="Parse(string)"/>
    public static BFloat16 Parse(string s, NumberStyles style, IFormatProvider? provider) => (BFloat16)double.Parse(s, style, provider);

    /// <inheritdoc cref="Parse(string)"/>
    public static BFloat16 Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => (BFloat16)double.Parse(s, Style, provider);

    /// <summary>The number that a text says, or false and 0 if it says none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out BFloat16 result) => TryParse(s, null, out result);

    /// <inheritdoc cref="TryParse(string?, out BFloat16)"/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out BFloat16 result) => TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc cref="TryParse(string?, out BFloat16)"/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out BFloat16 result)
    {
        bool parsed = double.TryParse(s, Style, provider, out double value);
        result = (BFloat16)value;
        return parsed;
    }

    /// <summary>The float whose own text, in a format that asks for the shortest, is that of this number.</summary>
    private float ForText(ReadOnlySpan<char> format)
    {
        float exact = (float)this;
        if (!IsFinite(this) || format is not ("" or "G" or "g" or "R" or "r"))
            return exact;
        for (int digits = 1; digits < MostDigits; digits++)
        {
            float rounded = float.Parse(exact.ToString(string.Create(CultureInfo.InvariantCulture, $"E{digits - 1}"), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if ((BFloat16)rounded == this)
                return rounded;
        }
        return float.Parse(exact.ToString(string.Create(CultureInfo.InvariantCulture, $"E{MostDigits - 1}"), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }
}

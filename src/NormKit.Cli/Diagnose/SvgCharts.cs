using System.Globalization;
using System.Net;
using System.Text;

namespace NormKit.Cli.Diagnose;

/// <summary>Bars as SVG, for a page that loads nothing.</summary>
internal static class SvgCharts
{
    private const int Width = 880;
    private const int Height = 220;
    private const int Left = 90;
    private const int Bottom = 36;
    private const int Top = 14;
    private const int LabelLength = 66;

    /// <summary>Upright bars, one a value.</summary>
    /// <param name="title">What a reader who cannot see it is told.</param>
    /// <param name="values">Heights, 0 or more.</param>
    /// <param name="label">The text under a bar.</param>
    /// <param name="axis">What the heights are.</param>
    public static string Bars(string title, IReadOnlyList<double> values, Func<int, string> label, string axis)
    {
        double most = values.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        double step = (Width - Left - 10.0) / Math.Max(1, values.Count), plot = Height - Top - Bottom;
        StringBuilder svg = Start(title, Height);
        for (int i = 0; i < values.Count; i++)
        {
            double height = most > 0 && double.IsFinite(values[i]) ? values[i] / most * plot : 0;
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Text(Left + (i * step))}\" y=\"{Text(Top + plot - height)}\" width=\"{Text(Math.Max(0.5, step - Math.Min(2, step / 5)))}\" "
                + $"height=\"{Text(height)}\" class=\"bar\"><title>{Escape(label(i))}: {Number(values[i])}</title></rect>");
        }
        svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{Text(Top + plot)}\" x2=\"{Width - 10}\" y2=\"{Text(Top + plot)}\" class=\"axis\"/>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{Top + 10}\" class=\"right\">{Number(most)}</text><text x=\"{Left - 6}\" y=\"{Text(Top + plot)}\" class=\"right\">0</text>");
        int every = Math.Max(1, (int)Math.Ceiling(values.Count / 12.0));
        for (int i = 0; i < values.Count; i += every)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Text(Left + ((i + 0.5) * step))}\" y=\"{Text(Top + plot + 14)}\" class=\"middle\">{Escape(label(i))}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Width / 2}\" y=\"{Height - 4}\" class=\"middle\">{Escape(axis)}</text></svg>");
        return svg.ToString();
    }

    /// <summary>Lying bars on a logarithmic scale, one a row; a zero has none.</summary>
    public static string Rows(string title, IReadOnlyList<(string Name, double Value)> rows)
    {
        const int lineHeight = 14, gap = 12, names = 430;
        double[] logs = [.. rows.Where(row => row.Value > 0).Select(row => Math.Log10(row.Value))];
        double least = logs.Length == 0 ? -1 : Math.Floor(logs.Min()) - 0.5, most = logs.Length == 0 ? 0 : Math.Max(least + 1, Math.Ceiling(logs.Max()));
        // Names are shown whole, over several lines: long ones often differ at their ends only.
        string[][] labels = [.. rows.Select(row => TextLines.Wrap(row.Name, LabelLength).ToArray())];
        StringBuilder svg = Start(title, labels.Sum(lines => (lines.Length * lineHeight) + gap) + 10);
        int y = 4;
        for (int i = 0; i < rows.Count; i++)
        {
            double value = rows[i].Value;
            double length = value > 0 ? (Math.Log10(value) - least) / (most - least) * (Width - names - 80) : 0;
            for (int line = 0; line < labels[i].Length; line++)
                svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{names - 8}\" y=\"{y + 14 + (line * lineHeight)}\" class=\"right\">{Escape(labels[i][line])}</text>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{names}\" y=\"{y}\" width=\"{Text(Math.Max(1, length))}\" height=\"18\" class=\"{(i == 0 ? "best" : "bar")}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Text(names + Math.Max(1, length) + 6)}\" y=\"{y + 14}\">{Number(value)}</text>");
            y += (labels[i].Length * lineHeight) + gap;
        }
        return svg.Append("</svg>").ToString();
    }

    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static StringBuilder Start(string title, int height) => new StringBuilder().Append(
        CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{Escape(title)}\">");

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("g4", CultureInfo.InvariantCulture) : "undefined";

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

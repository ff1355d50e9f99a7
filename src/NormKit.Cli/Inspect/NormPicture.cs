using System.Globalization;
using System.Text;
using NormKit.Cli.Diagnose;
using NormKit.IO;

namespace NormKit.Cli.Inspect;

/// <summary>The spread of one tensor in each of several norms, as SVG.</summary>
internal static class NormPicture
{
    private const int Width = 880;
    private const int Height = 240;
    private const int Left = 70;
    private const int Right = 10;
    private const int Bottom = 38;
    private const int Top = 12;

    /// <param name="title">For readers who cannot see it.</param>
    /// <param name="lines">One for each norm.</param>
    /// <param name="label">The text under a norm.</param>
    /// <param name="axis">What the labels are.</param>
    /// <param name="isLogarithmic">Whether the scale is; then values of 0 and below lie on the lower edge.</param>
    public static string Of(string title, IReadOnlyList<(string Name, NormSpread Spread)> lines, Func<int, string> label, string axis, bool isLogarithmic)
    {
        double[] shown = [.. lines.SelectMany(line => (double[])[line.Spread.Least, line.Spread.Most, line.Spread.Median]).Where(value => double.IsFinite(value) && (!isLogarithmic || value > 0))];
        isLogarithmic &= shown.Length > 0;
        double Scaled(double value) => isLogarithmic ? Math.Log10(value) : value;
        double least = shown.Length == 0 ? 0 : Scaled(shown.Min()), most = shown.Length == 0 ? 1 : Scaled(shown.Max());
        if (most - least < 1e-12)
            (least, most) = (least - 0.5, most + 0.5);

        // Ticks at round values: powers of ten on a logarithmic scale, 1, 2 or 5 times one on the other.
        double tick = isLogarithmic ? Math.Max(1, Math.Ceiling((Math.Ceiling(most) - Math.Floor(least)) / 5)) : RoundStep((most - least) / 4);
        (least, most) = (Math.Floor(least / tick) * tick, Math.Ceiling(most / tick) * tick);
        int plot = Height - Top - Bottom;
        double step = (double)(Width - Left - Right) / Math.Max(1, lines.Count), box = Math.Clamp(step * 0.6, 0.6, 24);
        double Y(double value) => isLogarithmic && !(value > 0) ? Top + plot : Top + plot - ((Scaled(value) - least) / (most - least) * plot);

        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{SvgCharts.Escape(title)}\">");
        int ticks = (int)Math.Round((most - least) / tick);
        for (int i = 0; i <= ticks; i++)
        {
            double at = Math.Round(least / tick + i) * tick, y = Top + plot - (plot * (double)i / ticks);
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" y1=\"{Text(y)}\" x2=\"{Width - Right}\" y2=\"{Text(y)}\" class=\"axis\" stroke-opacity=\"{(i == 0 ? "1" : "0.25")}\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 6}\" y=\"{Text(y + 4)}\" class=\"right\">{NormWords.Number(isLogarithmic ? Math.Pow(10, at) : at)}</text>");
        }
        for (int i = 0; i < lines.Count; i++)
        {
            (string name, NormSpread spread) = lines[i];
            double x = Left + ((i + 0.5) * step);
            if (!double.IsFinite(spread.Median))
                continue;
            svg.Append(CultureInfo.InvariantCulture, $"<g><title>{SvgCharts.Escape(name)}: {NormWords.Number(spread.Least)} to {NormWords.Number(spread.Most)}, median {NormWords.Number(spread.Median)}</title>");
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Text(x)}\" y1=\"{Text(Y(spread.Most))}\" x2=\"{Text(x)}\" y2=\"{Text(Y(spread.Least))}\" class=\"thin\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<rect x=\"{Text(x - (box / 2))}\" y=\"{Text(Y(spread.High))}\" width=\"{Text(box)}\" height=\"{Text(Math.Max(0.8, Y(spread.Low) - Y(spread.High)))}\" class=\"bar\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Text(x - (box / 2))}\" y1=\"{Text(Y(spread.Median))}\" x2=\"{Text(x + (box / 2))}\" y2=\"{Text(Y(spread.Median))}\" class=\"mark\"/></g>");
        }
        int every = Math.Max(1, (int)Math.Ceiling(lines.Count / 24.0));
        for (int i = 0; i < lines.Count; i += every)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Text(Left + ((i + 0.5) * step))}\" y=\"{Height - Bottom + 15}\" class=\"middle\">{SvgCharts.Escape(label(i))}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width) / 2}\" y=\"{Height - 5}\" class=\"middle\">{SvgCharts.Escape(axis)}</text></svg>\n");
        return svg.ToString();
    }

    private static double RoundStep(double atLeast)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(atLeast)));
        return power * (atLeast / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
    }

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}

using System.Text;

namespace NormKit.Benchmarks.Sweep;

/// <summary>A line of a chart.</summary>
internal sealed record Series(string Name, string Colour, bool IsDashed, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Lines over two logarithmic axes, as SVG in mid-tones that read on white and on black.</summary>
internal sealed class LineChart(string title, string ofX, string ofY, IReadOnlyList<Series> series)
{
    public const int Width = 700, Height = 330;

    private const int Left = 64, Right = 140, Top = 34, Bottom = 52;
    private const int LineHeight = 16;
    private const string Axis = "#7d8590";

    private readonly double leastX = series.Min(s => s.Points.Min(p => p.X)), mostX = series.Max(s => s.Points.Max(p => p.X));
    private readonly double leastY = PowerBelow(series.Min(s => s.Points.Min(p => p.Y))), mostY = series.Max(s => s.Points.Max(p => p.Y)) * 1.1;

    /// <summary>Charts below each other in one picture.</summary>
    public static string Svg(string title, string description, params LineChart[] charts)
    {
        StringBuilder svg = new();
        int height = Height * charts.Length;
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" ");
        svg.Append("font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\" aria-labelledby=\"title description\">\n");
        svg.Append($"  <title id=\"title\">{title}</title>\n  <desc id=\"description\">{description}</desc>\n");
        foreach ((int index, LineChart chart) in charts.Index())
        {
            svg.Append($"  <g transform=\"translate(0 {index * Height})\">\n");
            chart.Draw(svg);
            svg.Append("  </g>\n");
        }
        return svg.Append("</svg>\n").ToString();
    }

    private void Draw(StringBuilder svg)
    {
        svg.Append($"    <text x=\"{Left}\" y=\"18\" fill=\"{Axis}\" font-weight=\"bold\">{title}</text>\n");
        foreach (double y in Ticks())
        {
            svg.Append($"    <path d=\"M {Left} {Y(y):F1} H {Width - Right}\" stroke=\"{Axis}\" stroke-opacity=\"0.35\"/>");
            svg.Append($"<text x=\"{Left - 8}\" y=\"{Y(y) + 4:F1}\" text-anchor=\"end\" fill=\"{Axis}\">{y:0.####}</text>\n");
        }
        foreach ((double x, _) in series[0].Points)
            svg.Append($"    <text x=\"{X(x):F1}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\" fill=\"{Axis}\">{Size(x)}</text>\n");
        svg.Append($"    <text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 12}\" text-anchor=\"middle\" fill=\"{Axis}\">{ofX}</text>\n");
        svg.Append($"    <text transform=\"translate(16 {(Top + Height - Bottom) / 2}) rotate(-90)\" text-anchor=\"middle\" fill=\"{Axis}\">{ofY}</text>\n");
        foreach (Series line in series)
        {
            string points = string.Join(' ', line.Points.Select(p => $"{X(p.X):F1},{Y(p.Y):F1}"));
            svg.Append($"    <polyline points=\"{points}\" fill=\"none\" stroke=\"{line.Colour}\" stroke-width=\"2.5\"{(line.IsDashed ? " stroke-dasharray=\"6 4\"" : "")}/>\n");
        }
        foreach ((Series line, double y) in Labels())
            svg.Append($"    <text x=\"{Width - Right + 8}\" y=\"{y + 4:F1}\" fill=\"{line.Colour}\" font-weight=\"bold\">{line.Name}</text>\n");
    }

    /// <summary>Names at the ends of their lines, apart enough to be read.</summary>
    private IEnumerable<(Series Line, double Y)> Labels()
    {
        double free = Top;
        foreach (Series line in series.OrderBy(line => Y(line.Points[^1].Y)))
        {
            double y = Math.Max(free, Y(line.Points[^1].Y));
            free = y + LineHeight;
            yield return (line, y);
        }
    }

    /// <summary>1, 2 and 5 times the powers of ten.</summary>
    private IEnumerable<double> Ticks() =>
        from power in Enumerable.Range(-6, 13)
        from digit in (double[])[1, 2, 5]
        let value = digit * Math.Pow(10, power)
        where value >= leastY * 0.999 && value <= mostY
        select value;

    private double X(double value) => Left + (Math.Log(value / leastX) / Math.Log(mostX / leastX) * (Width - Left - Right));

    private double Y(double value) => Height - Bottom - (Math.Log(value / leastY) / Math.Log(mostY / leastY) * (Height - Top - Bottom));

    private static double PowerBelow(double value)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return value >= 5 * power ? 5 * power : value >= 2 * power ? 2 * power : power;
    }

    private static string Size(double bytes) => bytes >= 1 << 30 ? $"{bytes / (1 << 30):0} GiB" : bytes >= 1 << 20 ? $"{bytes / (1 << 20):0} MiB" : $"{bytes / 1024:0} KiB";
}

using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis;

/// <summary>Finds what a residual looks like.</summary>
internal static class Looks
{
    private const int Bins = 40;
    private const double Most = 0.9;
    private const int NamedPlaces = 6;

    public static ResidualLook Of(Problem problem, double[] predicted)
    {
        double[] output = problem.Output;
        IndexMap channels = problem.Channels;
        int[] channel = problem.Shape.Length == 1 ? new int[output.Length] : channels.At([.. Enumerable.Range(0, output.Length)]);
        double[] rest = new double[output.Length];
        double squares = 0, limit = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            rest[i] = output[i] - predicted[i];
            if (!double.IsFinite(rest[i]))
                rest[i] = 0;
            squares += rest[i] * rest[i];
            limit = Math.Max(limit, Math.Abs(rest[i]));
        }
        double constant = Share(rest, squares, new int[rest.Length], 1, _ => 1);
        double byChannel = Share(rest, squares, channel, channels.Count, _ => 1);
        double Predicted(int i) => double.IsFinite(predicted[i]) ? predicted[i] : 0;
        double proportional = Share(rest, squares, new int[rest.Length], 1, Predicted);
        double proportionalByChannel = Share(rest, squares, channel, channels.Count, Predicted);
        double[] sums = new double[channels.Count];
        int[] histogram = new int[Bins];
        for (int i = 0; i < rest.Length; i++)
        {
            sums[channel[i]] += rest[i] * rest[i];
            int bin = limit == 0 ? Bins / 2 : (int)((rest[i] / limit + 1) / 2 * Bins);
            histogram[Math.Clamp(bin, 0, Bins - 1)]++;
        }
        double perChannel = rest.Length / (double)channels.Count;
        string shape = limit == 0 ? "nothing"
            : constant > Most ? "one constant"
            : proportional > Most ? "proportional to the output"
            : byChannel > Most ? "a constant in each channel"
            : proportionalByChannel > Most ? "proportional to the output in each channel"
            : "noise: neither constant nor proportional to the output";
        return new(
            shape, Where(problem, rest, sums), constant, byChannel, proportional, proportionalByChannel,
            Array.ConvertAll(sums, sum => Math.Sqrt(sum / perChannel)), histogram, limit);
    }

    /// <summary>The share of the squares that the best multiple of a pattern in each cell explains.</summary>
    private static double Share(double[] rest, double squares, int[] cell, int cells, Func<int, double> pattern)
    {
        double[] products = new double[cells], patterns = new double[cells];
        for (int i = 0; i < rest.Length; i++)
        {
            double value = pattern(i);
            products[cell[i]] += rest[i] * value;
            patterns[cell[i]] += value * value;
        }
        double explained = 0;
        for (int k = 0; k < cells; k++)
            explained += patterns[k] > 0 ? products[k] * products[k] / patterns[k] : 0;
        return squares == 0 ? 0 : explained / squares;
    }

    /// <summary>Which channels, samples and positions hold nearly all of it, if they are few.</summary>
    private static string Where(Problem problem, double[] rest, double[] byChannel)
    {
        List<string> places = [];
        if (problem.Shape.Length > 1 && Few(byChannel) is int[] channels)
            places.Add($"in {Plural("channel", channels)}");
        for (int d = 0; d < problem.Shape.Length; d++)
        {
            if (d == 1 || problem.Shape[d] < 3)
                continue;
            double[] sums = new double[problem.Shape[d]];
            int inner = Groupings.Product(problem.Shape.AsSpan(d + 1));
            for (int i = 0; i < rest.Length; i++)
                sums[i / inner % sums.Length] += rest[i] * rest[i];
            if (Few(sums) is int[] few)
                places.Add($"at {Plural(d == 0 ? "sample" : $"place", few)}{(d == 0 ? "" : $" of dimension {d}")}");
        }
        return places.Count == 0 ? "everywhere" : string.Join(", ", places);
    }

    private static int[]? Few(double[] sums)
    {
        double total = sums.Sum();
        int[] order = [.. Enumerable.Range(0, sums.Length).OrderByDescending(k => sums[k])];
        double held = 0;
        for (int count = 1; count <= Math.Min(NamedPlaces, sums.Length / 2); count++)
        {
            held += sums[order[count - 1]];
            if (total > 0 && held >= 0.99 * total)
                return [.. order.Take(count).Order()];
        }
        return null;
    }

    private static string Plural(string what, int[] places) => $"{what}{(places.Length == 1 ? "" : "s")} {string.Join(", ", places)}";
}

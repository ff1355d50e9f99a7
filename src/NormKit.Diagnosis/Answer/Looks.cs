using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis;

/// <summary>Finds what a residual looks like.</summary>
internal static class Looks
{
    private const int Bins = 40;
    private const double Most = 0.9;
    private const int NamedPlaces = 6;

    /// <summary>In sets of fewer elements a constant or a factor takes up much of any noise.</summary>
    private const int LeastSetSize = 4;

    /// <param name="problem">The problem.</param>
    /// <param name="whole">All elements.</param>
    /// <param name="predicted">What was expected of them.</param>
    /// <param name="sets">Which of them share statistics; null where none do.</param>
    public static ResidualLook Of(Problem problem, View whole, double[] predicted, IndexMap? sets)
    {
        double[] output = problem.Output, rest = new double[output.Length], values = new double[output.Length];
        double squares = 0, limit = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            double difference = output[i] - predicted[i];
            rest[i] = double.IsFinite(difference) ? difference : 0;
            values[i] = double.IsFinite(predicted[i]) ? predicted[i] : 0;
            squares += rest[i] * rest[i];
            limit = Math.Max(limit, Math.Abs(rest[i]));
        }
        bool hasSets = sets is not null && sets.Count > 1 && sets.Length / sets.Count >= LeastSetSize;
        Patterns all = Patterns.Of(new IndexMap([rest.Length], [0]), whole, rest, values), channels = Patterns.Of(problem.Channels, whole, rest, values);
        Patterns? bySet = hasSets ? Patterns.Of(sets!, whole, rest, values) : null;
        int[] histogram = new int[Bins];
        foreach (double difference in rest)
        {
            int bin = limit == 0 ? Bins / 2 : (int)(((difference / limit) + 1) / 2 * Bins);
            histogram[Math.Clamp(bin, 0, Bins - 1)]++;
        }
        double perChannel = rest.Length / (double)problem.Channels.Count;
        ResidualLook look = new(
            "", Where(problem, rest, channels.Squares, sets is not null && !sets.Equals(problem.Channels) ? bySet?.Squares : null),
            all.Constant(squares), channels.Constant(squares), all.Proportional(squares), channels.Proportional(squares),
            Array.ConvertAll(channels.Squares, sum => Math.Sqrt(sum / perChannel)), histogram, limit)
        { ConstantBySet = bySet?.Constant(squares), ProportionalBySet = bySet?.Proportional(squares) };
        return look with { Shape = Shape(look) };
    }

    private static string Shape(ResidualLook look) => look.HistogramLimit == 0 ? "nothing"
        : look.Constant > Most ? "one constant"
        : look.Proportional > Most ? "proportional to the output"
        : look.ConstantByChannel > Most ? "a constant in each channel"
        : look.ProportionalByChannel > Most ? "proportional to the output in each channel"
        : look.ConstantBySet > Most ? "a constant in each set that shares statistics"
        : look.ProportionalBySet > Most ? "proportional to the output in each set that shares statistics"
        : "noise: neither constant nor proportional to the output";

    /// <summary>What a residual has in common with 1 and with the prediction, in each cell of a map.</summary>
    private sealed record Patterns(double[] Sums, int[] Counts, double[] Products, double[] Values, double[] Squares)
    {
        public static Patterns Of(IndexMap map, View whole, double[] rest, double[] values)
        {
            int[] cell = whole.NumbersOf(map);
            Patterns patterns = new(new double[map.Count], new int[map.Count], new double[map.Count], new double[map.Count], new double[map.Count]);
            for (int i = 0; i < rest.Length; i++)
            {
                int k = cell[i];
                patterns.Sums[k] += rest[i];
                patterns.Counts[k]++;
                patterns.Products[k] += rest[i] * values[i];
                patterns.Values[k] += values[i] * values[i];
                patterns.Squares[k] += rest[i] * rest[i];
            }
            return patterns;
        }

        /// <summary>The share of the squares that the best constant in each cell explains.</summary>
        public double Constant(double squares) => squares == 0 ? 0 : Sums.Select((sum, k) => Counts[k] == 0 ? 0 : sum * sum / Counts[k]).Sum() / squares;

        /// <summary>The share that the best multiple of the prediction explains.</summary>
        public double Proportional(double squares) =>
            squares == 0 ? 0 : Products.Select((product, k) => Values[k] > 0 ? product * product / Values[k] : 0).Sum() / squares;
    }

    /// <summary>Which channels, sets, samples and positions hold nearly all of it, if they are few.</summary>
    private static string Where(Problem problem, double[] rest, double[] byChannel, double[]? bySet)
    {
        List<string> places = [];
        if (problem.Shape.Length > 1 && Few(byChannel) is int[] channels)
            places.Add($"in {Plural("channel", channels)}");
        if (bySet is not null && Few(bySet) is int[] sets)
            places.Add($"in {Plural("set", sets)} of the {bySet.Length} that share statistics");
        for (int d = 0; d < problem.Shape.Length; d++)
        {
            if (d == 1 || problem.Shape[d] < 3)
                continue;
            double[] sums = new double[problem.Shape[d]];
            int inner = Groupings.Product(problem.Shape.AsSpan(d + 1));
            for (int start = 0; start < rest.Length; start += inner)
            {
                double sum = 0;
                foreach (double difference in rest.AsSpan(start, inner))
                    sum += difference * difference;
                sums[start / inner % sums.Length] += sum;
            }
            if (Few(sums) is int[] few)
                places.Add($"at {Plural(d == 0 ? "sample" : $"place", few)}{(d == 0 ? "" : $" of dimension {d}")}");
        }
        return places.Count == 0 ? "everywhere" : string.Join(", ", places);
    }

    private static int[]? Few(double[] sums)
    {
        double total = sums.Sum();
        int[] order = [.. Enumerable.Range(0, sums.Length).OrderByDescending(k => sums[k]).Take(NamedPlaces)];
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

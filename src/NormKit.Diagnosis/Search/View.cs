using System.Collections.Concurrent;
using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>
/// The elements on which hypotheses are tried: all, or a part of them. A part is chosen by coordinates; the statistics are those of the whole
/// sets that its elements belong to, never of parts of sets.
/// </summary>
internal sealed class View
{
    private readonly ConcurrentDictionary<IndexMap, int[]> numbers = [];
    private readonly ConcurrentDictionary<IndexMap, Cells> cells = [];
    private readonly ConcurrentDictionary<(IndexMap, NumberFormat), SetMoments> moments = [];
    private readonly ConcurrentDictionary<(IndexMap, NumberFormat, double), double[]> norms = [];
    private readonly ConcurrentDictionary<NumberFormat, double[]> rounded = [];
    private readonly int[]? elements;
    private const int FewElements = 4;
    private readonly RoundedInput all;
    private readonly CancellationToken stop;

    public View(RoundedInput all, double[] y, int[]? elements, IndexMap channels, CancellationToken stop)
    {
        this.all = all;
        double[] x = all.In(NumberFormat.Float64);
        this.elements = elements;
        this.stop = stop;
        X = elements is null ? x : Array.ConvertAll(elements, i => x[i]);
        Y = elements is null ? y : Array.ConvertAll(elements, i => y[i]);
        IsCompared = new bool[Y.Length];
        int[] channel = NumbersOf(channels);
        Scales = ScalesOf(channel, channels.Count);
    }

    public double[] X { get; }

    public double[] Y { get; }

    /// <summary>The root mean square of the output in each element's channel: differences count as shares of it, so that a channel with a
    /// huge weight hides no other.</summary>
    public double[] Scales { get; }

    /// <summary>Which elements have a finite output: only they can be compared by their differences.</summary>
    public bool[] IsCompared { get; }

    public int ComparedCount { get; private set; }

    public int Length => Y.Length;

    public bool IsAll => elements is null;

    public int ElementAt(int i) => elements is null ? i : elements[i];

    /// <summary>The number that a map gives to each element here.</summary>
    public int[] NumbersOf(IndexMap map) => numbers.GetOrAdd(map, m => elements is null ? AllNumbers(m) : m.At(elements));

    /// <summary>The same numbers without gaps: statistics are kept a cell, of those sets alone that have an element here.</summary>
    public Cells CellsOf(IndexMap map) => cells.GetOrAdd(map, m => Cells.Of(m, NumbersOf(m), IsAll));

    /// <summary>The input, rounded to a format first.</summary>
    public double[] InputIn(NumberFormat format) => elements is null
        ? all.In(format)
        : rounded.GetOrAdd(format, f => Array.ConvertAll(X, value => Formats.Round(value, f)));

    /// <summary>The moments of each cell: of all sets that have an element here.</summary>
    public SetMoments MomentsOf(IndexMap sets, NumberFormat inputFormat) => moments.GetOrAdd((sets, inputFormat), key =>
    {
        SetMoments found = SetMoments.Of(all.In(key.Item2), key.Item1, Wanted(key.Item1), stop);
        Cells kept = CellsOf(key.Item1);
        return new(kept.Gather(found.Mean), kept.Gather(found.Variance));
    });

    /// <summary>The norms of each cell.</summary>
    public double[] NormsOf(IndexMap sets, NumberFormat inputFormat, double p) => norms.GetOrAdd((sets, inputFormat, p),
        key => CellsOf(key.Item1).Gather(SetMoments.Norms(all.In(key.Item2), key.Item1, Wanted(key.Item1), key.Item3)));

    /// <summary>The whole input, rounded to a format first.</summary>
    public double[] WholeIn(NumberFormat format) => all.In(format);

    /// <summary>Which sets have an element here; null where all have.</summary>
    public bool[]? Wanted(IndexMap sets)
    {
        if (elements is null)
            return null;
        bool[] wanted = new bool[sets.Count];
        foreach (int set in CellsOf(sets).Numbers!)
            wanted[set] = true;
        return wanted;
    }

    private int[] AllNumbers(IndexMap map)
    {
        int[] every = new int[Length];
        int i = 0;
        foreach (int first in map.Runs())
        {
            for (int k = 0, number = first; k < map.RunLength; k++, number += map.RunStep)
                every[i++] = number;
        }
        return every;
    }

    private double[] ScalesOf(int[] channel, int count)
    {
        double[] squares = new double[count];
        int[] counts = new int[count];
        for (int i = 0; i < Y.Length; i++)
        {
            if (!(IsCompared[i] = double.IsFinite(Y[i])))
                continue;
            squares[channel[i]] += Y[i] * Y[i];
            counts[channel[i]]++;
            ComparedCount++;
        }
        double largest = 0, sum = squares.Sum();
        for (int c = 0; c < count; c++)
        {
            squares[c] = counts[c] == 0 ? 0 : Math.Sqrt(squares[c] / counts[c]);
            largest = Math.Max(largest, squares[c]);
        }

        // A channel of zeros has no scale of its own.
        double[] scales = new double[Y.Length];
        double overall = Math.Sqrt(sum / Math.Max(1, ComparedCount));
        for (int i = 0; i < scales.Length; i++)
        {
            double own = squares[channel[i]];

            // That of one or two elements may be near 0 by chance, though they were computed from larger numbers.
            scales[i] = own > 0 && counts[channel[i]] >= FewElements ? own : own > 0 ? Math.Max(own, overall) : largest > 0 ? largest : 1;
        }
        return scales;
    }
}

/// <summary>The whole input, in every format that it is asked for.</summary>
internal sealed class RoundedInput(double[] exact)
{
    private readonly ConcurrentDictionary<NumberFormat, Lazy<double[]>> rounded = [];

    public double[] In(NumberFormat format) => format == NumberFormat.Float64
        ? exact
        : rounded.GetOrAdd(format, f => new(() => Array.ConvertAll(exact, value => Formats.Round(value, f)))).Value;
}

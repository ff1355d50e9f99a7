namespace NormKit.Diagnosis.Sharing;

/// <summary>Every grouping that is tried for a shape.</summary>
internal static class Groupings
{
    private const int MostFree = 4;

    /// <summary>All groupings; those that put the same elements together are one, with several readings.</summary>
    /// <param name="shape">The lengths.</param>
    /// <param name="expectedAxes">Dimensions that a layer is expected to be over, from 0; null for none.</param>
    public static List<Grouping> Of(ReadOnlySpan<int> shape, IReadOnlyList<int>? expectedAxes = null)
    {
        Dictionary<IndexMap, List<Reading>> found = [];
        void Add(IndexMap sets, Reading reading)
        {
            if (!found.TryGetValue(sets, out List<Reading>? readings))
                found.Add(sets, readings = []);
            if (!readings.Exists(other => other.Kind == reading.Kind && other.Weights.Equals(reading.Weights) && other.Axes.SequenceEqual(reading.Axes)
                && other.Order == reading.Order && other.Interleaved == reading.Interleaved && other.Groups == reading.Groups))
                readings.Add(reading);
        }

        int[] dims = shape.ToArray();
        AddSuffixes(dims, Add);
        AddSingleAxes(dims, Add);
        if (dims.Length >= 2)
            AddLastGroups(dims, Add);
        if (expectedAxes is not null)
            AddAxes(dims, expectedAxes, 0.5, Add);
        if (dims.Length >= 2)
            AddChannelled(new Frame(ChannelOrder.First, dims[0], dims[1], Product(dims.AsSpan(2))), Add);
        if (dims.Length >= 3)
        {
            AddChannelled(new Frame(ChannelOrder.Last, dims[0], dims[^1], Product(dims.AsSpan(1..^1))), Add);
            AddMisread(dims, Add);
        }
        return [.. found.Select(pair => new Grouping(pair.Key, [.. pair.Value.OrderBy(reading => reading.Cost)]))];
    }

    /// <summary>Layer norm over any other dimensions, which few programs have; of more than four dimensions, not over the first.</summary>
    public static List<Grouping> Rare(int[] dims, IReadOnlyList<Grouping> known)
    {
        List<Grouping> rare = [];
        foreach (int[] axes in Subsets(dims.Length))
        {
            AddAxes(dims, axes, axes[0] == 0 ? 2.8 : 2, (sets, reading) =>
            {
                if (!known.Concat(rare).Any(other => other.Sets.Equals(sets)))
                    rare.Add(new(sets, [reading]));
            });
        }
        return rare;
    }

    /// <summary>Every choice of two dimensions or more, ascending.</summary>
    public static IEnumerable<int[]> Subsets(int rank) => Enumerable.Range(1, (1 << rank) - 1)
        .Where(bits => rank <= MostFree || (bits & 1) == 0)
        .Select(bits => (int[])[.. Enumerable.Range(0, rank).Where(d => (bits >> d & 1) == 1)]).Where(axes => axes.Length > 1);

    public static int Product(ReadOnlySpan<int> dims)
    {
        int product = 1;
        foreach (int length in dims)
            product *= length;
        return product;
    }

    public static IEnumerable<int> Divisors(int count) => Enumerable.Range(1, count).Where(divisor => count % divisor == 0);

    /// <summary>Which elements share a weight where it is one for each place in the last dimensions.</summary>
    public static IndexMap Elements(int[] dims, int from) => IndexMap.Keeping(dims, [.. Enumerable.Range(0, dims.Length).Select(d => d >= from)]);

    private static void AddSuffixes(int[] dims, Action<IndexMap, Reading> add)
    {
        for (int from = 0; from < dims.Length; from++)
        {
            bool[] kept = [.. Enumerable.Range(0, dims.Length).Select(d => d < from)];
            double cost = from == 0 && dims.Length > 1 ? 1.5 : from == 1 || from == dims.Length - 1 ? 0.1 : 0.8;
            add(IndexMap.Keeping(dims, kept), new Reading(NormalizationKind.LayerNorm, Elements(dims, from), dims.Length > 3 && from > 1 ? 0.8 : cost)
            {
                Axes = [.. Enumerable.Range(from, dims.Length - from)],
            });
        }
    }

    private static void AddSingleAxes(int[] dims, Action<IndexMap, Reading> add)
    {
        for (int axis = 0; axis < dims.Length - 1; axis++)
            AddAxes(dims, [axis], axis == 1 ? 0.7 : 2, add);
    }

    /// <summary>Groups of neighbours in the last dimension, as grouped RMS norm has them.</summary>
    private static void AddLastGroups(int[] dims, Action<IndexMap, Reading> add)
    {
        int last = dims[^1], outer = Product(dims.AsSpan(0, dims.Length - 1));
        foreach (int groups in Divisors(last).Where(groups => groups > 1 && groups < last))
        {
            add(IndexMap.Keeping([outer, groups, last / groups], [true, true, false]), new Reading(NormalizationKind.LayerNorm, Elements(dims, dims.Length - 1), 0.6)
            { Axes = [dims.Length - 1], Groups = groups });
        }
    }

    private static void AddAxes(int[] dims, IReadOnlyList<int> axes, double cost, Action<IndexMap, Reading> add)
    {
        bool[] weighted = [.. Enumerable.Range(0, dims.Length).Select(axes.Contains)], kept = [.. weighted.Select(isIn => !isIn)];
        add(IndexMap.Keeping(dims, kept), new Reading(NormalizationKind.LayerNorm, IndexMap.Keeping(dims, weighted), cost) { Axes = axes });
    }

    private static void AddChannelled(Frame frame, Action<IndexMap, Reading> add)
    {
        double extra = frame.Order switch { ChannelOrder.First => 0, ChannelOrder.Last => 0.6, _ => 3 };
        IndexMap channels = frame.Keep(n: false, c: true, s: false);
        add(channels, new Reading(NormalizationKind.BatchNorm, channels, extra) { Order = frame.Order });
        if (frame.S > 1)
            add(frame.Keep(n: true, c: true, s: false), new Reading(NormalizationKind.InstanceNorm, channels, 0.2 + extra) { Order = frame.Order });
        if (frame.S > 1 && frame.N > 1)
        {
            add(frame.Keep(n: false, c: true, s: true), new Reading(NormalizationKind.BatchNorm, frame.Keep(n: false, c: true, s: true), 2.5 + extra)
            { Order = frame.Order, PerPosition = true });
        }
        foreach (int groups in Divisors(frame.C))
        {
            double cost = groups switch { 1 => 0.4, 32 or 16 or 8 or 4 or 2 => 0.2, _ => 0.3 };
            add(frame.Grouped(groups, interleaved: false), new Reading(NormalizationKind.GroupNorm, channels, cost + extra + (groups == frame.C ? 1 : 0))
            { Order = frame.Order, Groups = groups });
            if (groups > 1 && groups < frame.C)
            {
                add(frame.Grouped(groups, interleaved: true), new Reading(NormalizationKind.GroupNorm, channels, cost + extra + 1.5)
                { Order = frame.Order, Groups = groups, Interleaved = true });
            }
        }
    }

    /// <summary>Memory of one order taken for the other, with the channel count that the shape names.</summary>
    private static void AddMisread(int[] dims, Action<IndexMap, Reading> add)
    {
        int positions = Product(dims.AsSpan(2));
        AddChannelled(new Frame(ChannelOrder.Misread, dims[0], dims[1], positions) { Outer = false }, add);
        positions = Product(dims.AsSpan(1..^1));
        AddChannelled(new Frame(ChannelOrder.Misread, dims[0], dims[^1], positions) { Outer = true }, add);
    }

    /// <summary>The shape as samples, channels and positions, in one order or the other.</summary>
    private sealed record Frame(ChannelOrder Order, int N, int C, int S)
    {
        /// <summary>Whether a channel's positions lie together.</summary>
        public bool Outer { get; init; } = Order == ChannelOrder.First;

        public IndexMap Keep(bool n, bool c, bool s) =>
            Outer ? IndexMap.Keeping([N, C, S], [n, c, s]) : IndexMap.Keeping([N, S, C], [n, s, c]);

        public IndexMap Grouped(int groups, bool interleaved)
        {
            (int[] parts, bool[] kept) = interleaved ? ((int[])[C / groups, groups], (bool[])[false, true]) : ([groups, C / groups], [true, false]);
            return Outer
                ? IndexMap.Keeping([N, .. parts, S], [true, .. kept, false])
                : IndexMap.Keeping([N, S, .. parts], [true, false, .. kept]);
        }
    }
}

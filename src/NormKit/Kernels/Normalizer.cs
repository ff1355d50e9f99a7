using System.Diagnostics;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Runs the kernel that a geometry calls for, with the room it needs from the array pool.</summary>
internal static class Normalizer
{
    /// <summary>The types of parameters, which are what is computed in.</summary>
    public static void RequireSupported<T>()
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
            throw new NotSupportedException($"NormKit computes on float and double; {typeof(T).Name} is neither.");
    }

    /// <summary>Normalizes x into y, which may be x.</summary>
    /// <param name="geometry">Who shares statistics and weights.</param>
    /// <param name="x">The input; with an addition, its sum.</param>
    /// <param name="y">The output.</param>
    /// <param name="affine">Weight and bias.</param>
    /// <param name="rule">How moments become a factor, what follows, and which elements take part.</param>
    /// <param name="addition">What is added before; none for most layers.</param>
    /// <param name="moments">Takes the moments of every set; null where nobody wants them. With fixed statistics, those of one batch.</param>
    /// <param name="fixedStatistics">Whether <paramref name="moments"/> are given.</param>
    /// <param name="concurrency">The threads of the call, and what ends it early.</param>
    public static void Forward<T, TNarrow>(
        in NormGeometry geometry, TensorView<T> x, TensorView<T> y, Affine<TNarrow> affine, Rule rule, Addition<T, TNarrow> addition,
        Moments[]? moments, bool fixedStatistics, Concurrency concurrency)
        where T : unmanaged
        where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
    {
        bool columnar = GoesByColumns(geometry, rule);
        ColumnUnits units = columnar ? new(geometry, Unsafe.SizeOf<T>()) : default;
        nint setsPerUnit = columnar ? units.Sets : 1, columns = columnar ? units.Columns : 1;
        int blocks = columnar ? ColumnTiles.Blocks(geometry.Segments) : RowForward<T, TNarrow>.Plan(geometry).Blocks;
        nint bytes = (addition.IsPresent ? 4 : 2) * x.Length * Unsafe.SizeOf<T>();
        y = y.ForResults(bytes, x);
        // An addition may overwrite its inputs, and the first element of a sum is needed by all who sum its row.
        Schedule schedule = new(columnar ? units.Count : geometry.Sets, blocks, bytes, concurrency, mayShareUnits: !addition.IsPresent);

        using Rented<Moments> transient = new(moments is null ? schedule.Slots * setsPerUnit : 0);
        StatisticsStore statistics = new(moments ?? transient.Array, KeepingOf(moments, fixedStatistics), setsPerUnit, geometry.SetsPerBatch);
        if (columnar)
        {
            using Rented<double> partial = new(fixedStatistics ? 0 : schedule.Slots * blocks * columns * ColumnForward<T, TNarrow>.SumsPerColumn);
            using Rented<TNarrow> constants = new(schedule.Slots * ColumnForward<T, TNarrow>.ConstantsPerSlot(units));
            using Rented<bool> inDouble = new(schedule.Slots * columns);
            schedule.Run(
                new ColumnForward<T, TNarrow>(geometry, units, x, y, affine, rule, statistics, partial.Array, constants.Array, inDouble.Array),
                reduce: !fixedStatistics);
        }
        else
        {
            using Rented<BlockSums> partial = new(fixedStatistics ? 0 : schedule.Slots * blocks);
            schedule.Run(new RowForward<T, TNarrow>(geometry, x, y, affine, rule, addition, statistics, partial.Array), reduce: !fixedStatistics);
        }
        OrderWrites();
    }

    /// <summary>The gradients of <see cref="Forward"/>; those of which there is no view, or an empty one, are not computed.</summary>
    /// <param name="geometry">Who shares statistics and weights.</param>
    /// <param name="gradients">The gradient of the output, the input, and where its gradient goes.</param>
    /// <param name="affine">Weight and bias of the forward call; the bias is needed with an activation only.</param>
    /// <param name="rule">That of the forward call.</param>
    /// <param name="moments">Those that the forward call left.</param>
    /// <param name="fixedStatistics">Whether they were given to it.</param>
    /// <param name="dWeight">Takes the gradient of the weight.</param>
    /// <param name="dBias">Takes the gradient of the bias.</param>
    /// <param name="add">Whether the gradients of weight and bias are added to what is there.</param>
    /// <param name="concurrency">The threads of the call, and what ends it early.</param>
    /// <param name="given">The two sums of each set where they are known, because sets go on elsewhere; the gradients of parameters are then made of them
    /// (<see cref="AddGradients"/>), not here.</param>
    public static void Backward<T, TNarrow>(
        in NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule,
        Moments[] moments, bool fixedStatistics, Span<TNarrow> dWeight, Span<TNarrow> dBias, bool add, Concurrency concurrency, Pair[]? given = null)
        where T : unmanaged
        where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
    {
        bool columnar = GoesByColumns(geometry, rule);
        bool wantsParameters = !dWeight.IsEmpty || !dBias.IsEmpty;
        bool byElement = !columnar && geometry.Affine == AffineAxis.Element;
        bool byRow = columnar && geometry.Affine == AffineAxis.Segment;
        Debug.Assert(!byRow || geometry.Weights.Groups == 1, "The parts of such weights are not told apart by group.");
        nint bytes = (2 + (gradients.Dx.IsEmpty ? 0 : 1) + (gradients.Addend.IsEmpty ? 0 : 1)) * gradients.X.Length * Unsafe.SizeOf<T>();
        gradients = gradients with { Dx = gradients.Dx.ForResults(bytes, gradients.X, gradients.Dy, gradients.Addend) };
        (int parts, int partsPerRun) = byElement ? ElementGradients<T, TNarrow>.PartsOf(geometry)
            : byRow ? (PositionGradients<T, TNarrow>.PartsOf(geometry), int.MaxValue)
            : (checked((int)geometry.Batches), (int)Math.Min(geometry.Weights.Run, int.MaxValue));
        using Rented<double> room = new(wantsParameters ? 2 * parts * geometry.AffineCount : 0);
        ParameterSums parameters = new(wantsParameters ? room.Array : null, geometry.AffineCount);

        Fusion fusion = byElement && wantsParameters && !gradients.Dx.IsEmpty && !fixedStatistics
            ? ElementGradients<T, TNarrow>.FusionOf(geometry, rule)
            : Fusion.None;

        // First, for dx may overwrite dy or x.
        if (byElement && wantsParameters)
        {
            int blocks = RowBackward<T, TNarrow>.Plan(geometry).Blocks;
            nint slots = fusion switch
            {
                Fusion.None => 0,
                Fusion.WholeRows => concurrency.Workers(bytes),
                _ => geometry.Sets,
            };
            using Rented<BlockSums> partial = new(slots * blocks);
            using Rented<Pair> coefficients = new(slots);
            StatisticsStore statistics = new(moments, Keeping.OfEachUnit, 1, geometry.SetsPerBatch);
            RowBackward<T, TNarrow> ofInput = new(geometry, gradients, affine, rule, statistics, partial.Array, coefficients.Array, default);
            ElementGradients<T, TNarrow> sums = new(geometry, gradients, affine, rule, moments, parameters, ofInput, fusion);
            RunItems(sums, sums.Items, bytes, concurrency);
            if (fusion == Fusion.Reduction)
                Schedule.OfReduced(geometry.Sets, blocks, bytes, concurrency).Run(ofInput, reduce: false);
        }
        else if (byRow && wantsParameters)
        {
            RunItems(new PositionGradients<T, TNarrow>(geometry, gradients, affine, rule, moments, parameters), parts, bytes, concurrency);
        }
        if (fusion == Fusion.None && (!gradients.Dx.IsEmpty || !(byElement || byRow)))
        {
            ColumnUnits units = columnar ? new(geometry, 2 * Unsafe.SizeOf<T>()) : default;
            nint setsPerUnit = columnar ? units.Sets : 1, columns = columnar ? units.Columns : 1;
            int blocks = columnar ? ColumnTiles.Blocks(geometry.Segments) : RowBackward<T, TNarrow>.Plan(geometry).Blocks;
            Schedule schedule = new(columnar ? units.Count : geometry.Sets, blocks, bytes, concurrency);
            using Rented<Pair> coefficients = new(schedule.Slots * setsPerUnit);
            StatisticsStore statistics = new(moments, KeepingOf(moments, fixedStatistics), setsPerUnit, geometry.SetsPerBatch);
            ParameterSums sums = byElement || byRow ? default : parameters;
            bool reduce = given is null && (!fixedStatistics || sums.IsPresent);
            if (columnar)
            {
                using Rented<double> partial = new(schedule.Slots * blocks * columns * ColumnBackward<T, TNarrow>.SumsPerColumn);
                using Rented<TNarrow> constants = new(schedule.Slots * ColumnBackward<T, TNarrow>.ConstantsPerSlot(units));
                using Rented<bool> inDouble = NeedDouble<TNarrow>(moments, rule.Scaling);
                schedule.Run(
                    new ColumnBackward<T, TNarrow>(
                        geometry, units, gradients, affine, rule, statistics, partial.Array, coefficients.Array, constants.Array, inDouble.Array, sums, given), reduce);
            }
            else
            {
                using Rented<BlockSums> partial = new(schedule.Slots * blocks);
                schedule.Run(
                    new RowBackward<T, TNarrow>(geometry, gradients, affine, rule, statistics, partial.Array, coefficients.Array, sums, given), reduce);
            }
        }
        OrderWrites();
        if (wantsParameters)
        {
            int groups = (int)geometry.Weights.Groups;
            AddParts(parameters, parts, groups == 1 ? int.MaxValue : partsPerRun, groups, dWeight, dBias, add);
        }
    }

    /// <summary>Adds the gradients of weight and bias of sets that are channels, of the two sums of each.</summary>
    /// <param name="pairs">The two sums of each set.</param>
    /// <param name="moments">Those that the forward call left.</param>
    /// <param name="scaling">How they become a factor.</param>
    /// <param name="dWeight">Takes the gradient of the weight; empty where it is not wanted.</param>
    /// <param name="dBias">Takes the gradient of the bias; empty where it is not wanted.</param>
    /// <param name="add">Whether they are added to what is there.</param>
    public static void AddGradients<TNarrow>(
        ReadOnlySpan<Pair> pairs, ReadOnlySpan<Moments> moments, Scaling scaling, Span<TNarrow> dWeight, Span<TNarrow> dBias, bool add)
        where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
    {
        using Rented<double> room = new(2 * pairs.Length);
        ParameterSums sums = new(room.Array, pairs.Length);
        Span<double> ofBias = sums.Bias(0, 0, pairs.Length), ofWeight = sums.Weight(0, 0, pairs.Length);
        for (int set = 0; set < pairs.Length; set++)
            (ofBias[set], ofWeight[set]) = (pairs[set].First, pairs[set].Second * scaling.Factor(moments[set]));
        AddParts(sums, 1, int.MaxValue, 1, dWeight, dBias, add);
    }

    /// <summary>Of each set whether it is computed in double.</summary>
    public static Rented<bool> NeedDouble<TNarrow>(ReadOnlySpan<Moments> moments, Scaling scaling)
    {
        Rented<bool> inDouble = new(moments.Length);
        for (int set = 0; set < moments.Length; set++)
            inDouble.Array[set] = Scaling.NeedsDouble<TNarrow>(scaling.Factor(moments[set]));
        return inDouble;
    }

    /// <summary>
    /// What was written past the caches is there for whoever sees what this thread writes next. The threads that helped say that they are done by an
    /// interlocked operation, which orders it as well.
    /// </summary>
    private static void OrderWrites() => Thread.MemoryBarrier();

    /// <summary>Elements that take no part are left out of blocks, which is what row kernels have.</summary>
    public static bool GoesByColumns(in NormGeometry geometry, Rule rule) => geometry.IsColumnar && !rule.Mask.IsPresent;

    private static void RunItems<TWork>(in TWork work, nint items, nint bytes, Concurrency concurrency) where TWork : struct, IParallelWork =>
        ParallelJob<TWork>.Run(work, items, grain: 1, concurrency.Workers(bytes), concurrency.Cancellation);

    /// <summary>Adds the parts of each parameter's gradient in their order, and rounds once.</summary>
    /// <param name="sums">The parts; overwritten.</param>
    /// <param name="parts">How many there are.</param>
    /// <param name="run">How many neighbours belong to the same weights.</param>
    /// <param name="groups">After how many such runs the weights begin again.</param>
    /// <param name="dWeight">Takes the gradient of the weight.</param>
    /// <param name="dBias">Takes the gradient of the bias.</param>
    /// <param name="add">Whether they are added to what is there.</param>
    private static void AddParts<T>(ParameterSums sums, int parts, int run, int groups, Span<T> dWeight, Span<T> dBias, bool add)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int part = 0; part < parts; part++)
        {
            // The first part of each group takes the others.
            int first = part / run % groups * run;
            if (part != first)
                RowMaps.Add<double>(sums.Of(first), sums.Of(part), sums.Of(first));
        }
        for (int group = 0; group < groups; group++)
        {
            ReadOnlySpan<double> total = sums.Of(group == 0 ? 0 : group * run);
            int parameters = total.Length / 2;
            if (!dWeight.IsEmpty)
                Round(total[parameters..], dWeight.Slice(group * parameters, parameters), add);
            if (!dBias.IsEmpty)
                Round(total[..parameters], dBias.Slice(group * parameters, parameters), add);
        }
    }

    [SkipLocalsInit]
    private static void Round<T>(ReadOnlySpan<double> sums, Span<T> gradients, bool add) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        const int Part = 256;
        Span<double> room = stackalloc double[Part];
        for (int done = 0; done < sums.Length; done += Part)
        {
            int count = Math.Min(Part, sums.Length - done);
            Span<T> gradient = gradients.Slice(done, count);
            Span<double> total = room[..count];
            total.Clear();
            if (add)
                TensorPrimitives.ConvertTruncating<T, double>(gradient, total);
            RowMaps.Add(sums.Slice(done, count), total, total);
            TensorPrimitives.ConvertTruncating<double, T>(total, gradient);
        }
    }

    private static Keeping KeepingOf(Moments[]? moments, bool fixedStatistics) =>
        fixedStatistics ? Keeping.OfOneBatch : moments is null ? Keeping.OfEachSlot : Keeping.OfEachUnit;
}

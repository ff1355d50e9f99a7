using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Runs the kernel that a geometry calls for, with the room it needs from the array pool.</summary>
internal static class Normalizer
{
    /// <summary>The element types that layers compute in.</summary>
    public static void RequireSupported<T>()
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
            throw new NotSupportedException($"NormKit computes on float and double; {typeof(T).Name} is neither.");
    }

    /// <summary>
    /// Whether deviations or scales of this size leave the range in which floats keep all their digits: then the set is computed in double and
    /// rounded once. So no scale of finite input overflows, and a set with NaN or infinity gives the NaN of double arithmetic.
    /// </summary>
    public static bool NeedsDouble<T>(in Moments moments, double eps) =>
        typeof(T) == typeof(float)
        && !(IsOrdinary(moments.M2, moments.Count) && IsOrdinary(moments.M2 + (eps * moments.Count), moments.Count) && double.IsFinite(moments.Mean));

    /// <summary>Whether a factor or its products with ordinary deviations leave that range: weight / std may where std does not.</summary>
    public static bool ScaleNeedsDouble<T>(double scale) => typeof(T) == typeof(float) && scale != 0 && !(Math.Abs(scale) is > 1e-30 and < 1e30);

    /// <summary>Whether a variance of m2 / n is. Zero is: a constant set has no digits to lose.</summary>
    private static bool IsOrdinary(double m2, long n) => m2 == 0 || (m2 > 1e-28 * n && m2 < 1e34 * n);

    /// <summary>Normalizes x into y, which may be x.</summary>
    /// <param name="geometry">Who shares statistics and weights.</param>
    /// <param name="x">The input.</param>
    /// <param name="y">The output.</param>
    /// <param name="affine">Weight and bias.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="moments">Takes the moments of every set; null where nobody wants them. With fixed statistics, those of one batch.</param>
    /// <param name="fixedStatistics">Whether <paramref name="moments"/> are given.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    public static void Forward<T>(
        in NormGeometry geometry, TensorView<T> x, TensorView<T> y, Affine<T> affine, double eps,
        Moments[]? moments, bool fixedStatistics, int maxDegreeOfParallelism) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool columnar = geometry.IsColumnar;
        nint setsPerUnit = columnar ? geometry.SetsPerBatch : 1;
        nint columns = columnar ? geometry.Columns : 1;
        int blocks = columnar ? ColumnTiles.Blocks(geometry.Segments) : RowForward<T>.Plan(geometry).Blocks;
        Schedule schedule = new(geometry.Sets / setsPerUnit, blocks, 2 * x.Length * Unsafe.SizeOf<T>(), maxDegreeOfParallelism);

        using Rented<Moments> partial = new(fixedStatistics ? 0 : schedule.Slots * blocks * columns);
        using Rented<Moments> transient = new(moments is null ? schedule.Slots * setsPerUnit : 0);
        StatisticsStore statistics = new(moments ?? transient.Array, KeepingOf(moments, fixedStatistics), setsPerUnit, geometry.SetsPerBatch);
        if (columnar)
        {
            using Rented<T> constants = new(schedule.Slots * ColumnForward<T>.ConstantsPerSlot(geometry));
            using Rented<bool> inDouble = new(schedule.Slots * setsPerUnit);
            schedule.Run(
                new ColumnForward<T>(geometry, x, y, affine, eps, statistics, partial.Array, constants.Array, inDouble.Array),
                reduce: !fixedStatistics);
        }
        else
        {
            schedule.Run(new RowForward<T>(geometry, x, y, affine, eps, statistics, partial.Array), reduce: !fixedStatistics);
        }
    }

    /// <summary>The gradients of <see cref="Forward"/>; those of which there is no view, or an empty one, are not computed.</summary>
    /// <param name="geometry">Who shares statistics and weights.</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="x">The input of the forward call.</param>
    /// <param name="dx">Takes the gradient of the input; may be dy or x.</param>
    /// <param name="affine">The weight of the forward call.</param>
    /// <param name="eps">That of the forward call.</param>
    /// <param name="moments">Those that the forward call left.</param>
    /// <param name="fixedStatistics">Whether they were given to it.</param>
    /// <param name="dWeight">Takes the gradient of the weight.</param>
    /// <param name="dBias">Takes the gradient of the bias.</param>
    /// <param name="add">Whether the gradients of weight and bias are added to what is there.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    public static void Backward<T>(
        in NormGeometry geometry, TensorView<T> dy, TensorView<T> x, TensorView<T> dx, Affine<T> affine, double eps,
        Moments[] moments, bool fixedStatistics, Span<T> dWeight, Span<T> dBias, bool add, int maxDegreeOfParallelism)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool columnar = geometry.IsColumnar;
        bool wantsParameters = !dWeight.IsEmpty || !dBias.IsEmpty;
        bool byElement = !columnar && geometry.Affine == AffineAxis.Element;
        nint bytes = (dx.IsEmpty ? 2 : 3) * x.Length * Unsafe.SizeOf<T>();
        int parts = byElement ? ColumnTiles.Blocks(geometry.Batches) : checked((int)geometry.Batches);
        using Rented<Pair> parameters = new(wantsParameters ? parts * geometry.AffineCount : 0);

        if (byElement && wantsParameters)   // first, for dx may overwrite dy or x
        {
            ElementGradients<T> sums = new(geometry, dy, x, eps, moments, parameters.Array);
            int workers = Schedule.Workers(bytes, maxDegreeOfParallelism);
            if (workers == 1)
                sums.Run(0, 0, sums.Items);
            else
                ParallelJob<ElementGradients<T>>.Run(sums, sums.Items, grain: 1, workers);
        }
        if (!dx.IsEmpty || !byElement)
        {
            nint setsPerUnit = columnar ? geometry.SetsPerBatch : 1;
            nint columns = columnar ? geometry.Columns : 1;
            int blocks = columnar ? ColumnTiles.Blocks(geometry.Segments) : RowBackward<T>.Plan(geometry).Blocks;
            Schedule schedule = new(geometry.Sets / setsPerUnit, blocks, bytes, maxDegreeOfParallelism);
            using Rented<Pair> partial = new(schedule.Slots * blocks * columns);
            using Rented<Pair> coefficients = new(schedule.Slots * setsPerUnit);
            StatisticsStore statistics = new(moments, KeepingOf(moments, fixedStatistics), setsPerUnit, geometry.SetsPerBatch);
            Pair[]? sums = wantsParameters && !byElement ? parameters.Array : null;
            bool reduce = !fixedStatistics || sums is not null;
            if (columnar)
            {
                using Rented<T> constants = new(schedule.Slots * ColumnBackward<T>.ConstantsPerSlot(geometry));
                using Rented<bool> inDouble = new(moments.Length);
                for (int set = 0; set < moments.Length; set++)
                    inDouble.Array[set] = NeedsDouble<T>(moments[set], eps);
                schedule.Run(
                    new ColumnBackward<T>(
                        geometry, dy, x, dx, affine, eps, statistics, partial.Array, coefficients.Array, constants.Array, inDouble.Array, sums), reduce);
            }
            else
            {
                schedule.Run(
                    new RowBackward<T>(geometry, dy, x, dx, affine, eps, statistics, partial.Array, coefficients.Array, sums), reduce);
            }
        }
        if (wantsParameters)
            AddParts(parameters.Array.AsSpan(0, checked((int)(parts * geometry.AffineCount))), parts, dWeight, dBias, add);
    }

    /// <summary>Adds the parts of each parameter's gradient in their order, and rounds once.</summary>
    private static void AddParts<T>(Span<Pair> sums, int parts, Span<T> dWeight, Span<T> dBias, bool add)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int parameters = sums.Length / parts;
        Span<Pair> total = sums[..parameters];
        for (int part = 1; part < parts; part++)
        {
            ReadOnlySpan<Pair> ofPart = sums.Slice(part * parameters, parameters);
            for (int i = 0; i < parameters; i++)
                total[i] += ofPart[i];
        }
        for (int i = 0; i < dWeight.Length; i++)
            dWeight[i] = T.CreateTruncating(total[i].Second + (add ? double.CreateTruncating(dWeight[i]) : 0));
        for (int i = 0; i < dBias.Length; i++)
            dBias[i] = T.CreateTruncating(total[i].First + (add ? double.CreateTruncating(dBias[i]) : 0));
    }

    private static Keeping KeepingOf(Moments[]? moments, bool fixedStatistics) =>
        fixedStatistics ? Keeping.OfOneBatch : moments is null ? Keeping.OfEachSlot : Keeping.OfEachUnit;

    /// <summary>An array from the pool that goes back there.</summary>
    private readonly ref struct Rented<TItem>(nint length) : IDisposable
    {
        public readonly TItem[] Array = length == 0 ? [] : ArrayPool<TItem>.Shared.Rent(checked((int)length));

        public void Dispose()
        {
            if (Array.Length > 0)
                ArrayPool<TItem>.Shared.Return(Array);
        }
    }
}

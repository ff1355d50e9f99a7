using System.Numerics;
using System.Runtime.CompilerServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>The part of some sets that lies on this rank, in a forward pass.</summary>
internal interface ILocalElements
{
    /// <summary>Sums deviations from a centre and their squares.</summary>
    /// <param name="centres">The centre of each set, a float.</param>
    /// <param name="totals">Takes the sums of each set.</param>
    /// <returns>How many additions followed one another, at most.</returns>
    int Sum(double[] centres, BlockSums[] totals);

    /// <summary>Returns the exact statistics of some sets.</summary>
    ExactMoments[] Exact(int[] sets);
}

/// <summary>The same in a backward pass.</summary>
internal interface ILocalGradients
{
    /// <summary>Sums gradients, these times deviations from the mean, and their squares.</summary>
    /// <param name="totals">Takes the sums of each set.</param>
    /// <returns>How many additions followed one another, at most.</returns>
    int Sum(BlockSums[] totals);

    /// <summary>Returns the exact sums of some sets.</summary>
    ExactGradients[] Exact(int[] sets);
}

/// <inheritdoc cref="ILocalElements"/>
/// <param name="geometry">Who shares statistics.</param>
/// <param name="x">The input.</param>
/// <param name="rule">Which elements take part.</param>
/// <param name="concurrency">The threads of the call.</param>
internal sealed class LocalElements<T, TNarrow>(NormGeometry geometry, TensorView<T> x, Rule rule, Concurrency concurrency) : ILocalElements
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    public int Sum(double[] centres, BlockSums[] totals)
    {
        nint bytes = x.Length * Unsafe.SizeOf<T>();
        if (Normalizer.GoesByColumns(geometry, rule))
        {
            ColumnUnits units = new(geometry, Unsafe.SizeOf<T>());
            int blocks = ColumnTiles.Blocks(geometry.Segments);
            Schedule schedule = new(units.Count, blocks, bytes, concurrency);
            using Rented<double> partial = new(schedule.Slots * blocks * units.Columns * ColumnForward<T, TNarrow>.SumsPerColumn);
            ColumnForward<T, TNarrow> kernel = new(geometry, units, x, default, default, rule, default, partial.Array, [], [], centres);
            schedule.Run(new LocalSums<ColumnForward<T, TNarrow>>(kernel, totals), reduce: true);
            return ColumnSums.Chain(blocks) + (int)geometry.Length;
        }
        else
        {
            int blocks = RowForward<T, TNarrow>.Plan(geometry).Blocks;
            Schedule schedule = new(geometry.Sets, blocks, bytes, concurrency);
            using Rented<BlockSums> partial = new(schedule.Slots * blocks);
            RowForward<T, TNarrow> kernel = new(geometry, x, default, default, rule, default, default, partial.Array, centres);
            schedule.Run(new LocalSums<RowForward<T, TNarrow>>(kernel, totals), reduce: true);
            return BlockSums.Chain(blocks);
        }
    }

    public ExactMoments[] Exact(int[] sets)
    {
        ExactMoments[] results = new ExactMoments[sets.Length];
        nint bytes = x.Length * Unsafe.SizeOf<T>();
        ParallelJob<ExactWork>.Run(new(this, sets, results), sets.Length, grain: 1, concurrency.Workers(bytes), concurrency.Cancellation);
        return results;
    }

    private ExactMoments Exact(int set)
    {
        ExactMoments moments = new();
        SetMoments.AddExact<T, TNarrow>(x, rule.Mask, geometry, set, moments);
        return moments;
    }

    private readonly struct ExactWork(LocalElements<T, TNarrow> part, int[] sets, ExactMoments[] results) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            for (nint i = start; i < end; i++)
                results[i] = part.Exact(sets[i]);
        }
    }
}

/// <inheritdoc cref="ILocalGradients"/>
/// <param name="geometry">Who shares statistics and weights.</param>
/// <param name="gradients">The gradient of the output and the input.</param>
/// <param name="affine">Weight and bias of the forward call.</param>
/// <param name="rule">That of the forward call.</param>
/// <param name="moments">Those of the forward call.</param>
/// <param name="concurrency">The threads of the call.</param>
internal sealed class LocalGradients<T, TNarrow>(
    NormGeometry geometry, Gradients<T> gradients, Affine<TNarrow> affine, Rule rule, Moments[] moments, Concurrency concurrency) : ILocalGradients
    where T : unmanaged
    where TNarrow : unmanaged, IBinaryFloatingPointIeee754<TNarrow>
{
    private readonly StatisticsStore statistics = new(moments, Keeping.OfEachUnit, 1, geometry.SetsPerBatch);

    public int Sum(BlockSums[] totals)
    {
        nint bytes = 2 * gradients.X.Length * Unsafe.SizeOf<T>();
        if (Normalizer.GoesByColumns(geometry, rule))
        {
            ColumnUnits units = new(geometry, 2 * Unsafe.SizeOf<T>());
            int blocks = ColumnTiles.Blocks(geometry.Segments);
            Schedule schedule = new(units.Count, blocks, bytes, concurrency);
            using Rented<double> partial = new(schedule.Slots * blocks * units.Columns * ColumnBackward<T, TNarrow>.SumsPerColumn);
            using Rented<bool> inDouble = Normalizer.NeedDouble<TNarrow>(moments, rule.Scaling);
            ColumnBackward<T, TNarrow> kernel = new(geometry, units, gradients, affine, rule, statistics, partial.Array, [], [], inDouble.Array, default);
            schedule.Run(new LocalSums<ColumnBackward<T, TNarrow>>(kernel, totals), reduce: true);
            return ColumnSums.Chain(blocks) + (int)geometry.Length;
        }
        else
        {
            int blocks = RowBackward<T, TNarrow>.Plan(geometry).Blocks;
            Schedule schedule = new(geometry.Sets, blocks, bytes, concurrency);
            using Rented<BlockSums> partial = new(schedule.Slots * blocks);
            schedule.Run(new LocalSums<RowBackward<T, TNarrow>>(Rows(partial.Array), totals), reduce: true);
            return BlockSums.Chain(blocks);
        }
    }

    public ExactGradients[] Exact(int[] sets)
    {
        ExactGradients[] results = new ExactGradients[sets.Length];
        nint bytes = 2 * gradients.X.Length * Unsafe.SizeOf<T>();
        ParallelJob<ExactWork>.Run(new(this, sets, results), sets.Length, grain: 1, concurrency.Workers(bytes), concurrency.Cancellation);
        return results;
    }

    private ExactGradients Exact(int set)
    {
        ExactGradients sums = new();
        Rows([]).AddExact(set, sums);
        return sums;
    }

    private RowBackward<T, TNarrow> Rows(BlockSums[] partial) => new(geometry, gradients, affine, rule, statistics, partial, [], default);

    private readonly struct ExactWork(LocalGradients<T, TNarrow> part, int[] sets, ExactGradients[] results) : IParallelWork
    {
        public void Run(int slot, nint start, nint end)
        {
            for (nint i = start; i < end; i++)
                results[i] = part.Exact(sets[i]);
        }
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>What is found out about a block of a plane, and how that of its blocks becomes that of the plane.</summary>
internal interface IPlaneReduction<TResult>
{
    static abstract TResult Combine(TResult a, TResult b);

    /// <param name="plane">The index of the plane.</param>
    /// <param name="dy">Empty where the reduction is of one tensor.</param>
    /// <param name="x">The elements.</param>
    TResult Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x);
}

/// <summary>What is written of a block of a plane.</summary>
internal interface IPlaneMap
{
    /// <param name="plane">The index of the plane.</param>
    /// <param name="dy">Empty where the map is of one tensor.</param>
    /// <param name="x">The elements.</param>
    /// <param name="to">Takes as many; may be either of them.</param>
    void Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x, Span<double> to);
}

/// <summary>
/// An input (N, C, *) as N * C planes of S elements each, for layers that mix the statistics of planes. A layer reduces the planes, makes a few numbers
/// a plane from that, and maps the elements with these; its formula is in the operators. All of it in double, a block at a time, rounded once.
/// </summary>
internal readonly struct Planes
{
    private readonly nint size;
    private readonly int blocks;
    private readonly Concurrency concurrency;

    /// <param name="samples">N.</param>
    /// <param name="channels">C.</param>
    /// <param name="size">S.</param>
    /// <param name="concurrency">The threads of the call, and what ends it early.</param>
    public Planes(nint samples, nint channels, nint size, Concurrency concurrency)
    {
        (Samples, Channels, Count) = ((int)samples, (int)channels, (int)(samples * channels));
        this.size = size;
        blocks = BlocksOf(size);
        this.concurrency = concurrency;
    }

    public int Samples { get; }

    public int Channels { get; }

    /// <summary>How many planes there are; (n, c) is number n * Channels + c.</summary>
    public int Count { get; }

    /// <summary>The elements of a plane.</summary>
    public double Positions => size;

    /// <summary>Whether an array can hold a number for each block of such an input.</summary>
    public static bool Fit(nint samples, nint channels, nint size) =>
        Math.BigMul((ulong)samples * (ulong)Math.Max(1, BlocksOf(size)), (ulong)channels, out ulong blocks) == 0 && blocks <= (ulong)Array.MaxLength;

    /// <summary>The moments of each plane, about its mean or about 0.</summary>
    public void Reduce<T>(TensorView<T> x, bool centred, Moments[] moments) where T : unmanaged
    {
        if (centred)
            Reduce<T, Moments, MomentsAboutMean>(default, x, default, moments);
        else
            Reduce<T, Moments, MomentsAboutZero>(default, x, default, moments);
    }

    /// <summary>Reduces each plane; its blocks are combined in order.</summary>
    public void Reduce<T, TResult, TReduction>(TensorView<T> dy, TensorView<T> x, TReduction reduction, TResult[] results)
        where T : unmanaged
        where TReduction : struct, IPlaneReduction<TResult>
    {
        Debug.Assert(results.Length >= Count);
        if (blocks == 1)
        {
            Run<T, Reduction<T, TResult, TReduction>>(new(this, dy, x, reduction, results), streams: dy.IsEmpty ? 1 : 2);
            return;
        }
        using Rented<TResult> partial = new((nint)Count * blocks);
        Run<T, Reduction<T, TResult, TReduction>>(new(this, dy, x, reduction, partial.Array), streams: dy.IsEmpty ? 1 : 2);
        for (int plane = 0; plane < Count; plane++)
        {
            TResult total = partial.Array[plane * blocks];
            for (int block = 1; block < blocks; block++)
                total = TReduction.Combine(total, partial.Array[(plane * blocks) + block]);
            results[plane] = total;
        }
    }

    /// <summary>Writes each element of <paramref name="to"/>, which may be either input; nothing where there is no such tensor.</summary>
    public void Map<T, TMap>(TensorView<T> dy, TensorView<T> x, TensorView<T> to, TMap map)
        where T : unmanaged
        where TMap : struct, IPlaneMap
    {
        if (!to.IsEmpty)
            Run<T, Mapping<T, TMap>>(new(this, dy, x, to, map), streams: dy.IsEmpty ? 2 : 3);
    }

    /// <summary>The moments of all planes of a channel together.</summary>
    public Moments OfChannel(ReadOnlySpan<Moments> moments, int channel)
    {
        Moments total = default;
        for (int n = 0; n < Samples; n++)
            total = Moments.Combine(total, moments[(n * Channels) + channel]);
        return total;
    }

    /// <summary>The moments of planes that follow each other.</summary>
    public static Moments Together(ReadOnlySpan<Moments> moments)
    {
        Moments total = default;
        foreach (Moments plane in moments)
            total = Moments.Combine(total, plane);
        return total;
    }

    private static int BlocksOf(nint size) => (int)((size + BlockPlan.BlockLength - 1) / BlockPlan.BlockLength);

    private void Run<T, TWork>(in TWork work, int streams) where T : unmanaged where TWork : struct, IParallelWork
    {
        nint items = (nint)Count * blocks;
        nint bytes = streams * Count * size * Unsafe.SizeOf<T>();
        int workers = concurrency.Workers(bytes);
        ParallelJob<TWork>.Run(work, items, Schedule.Grain(items, bytes, workers), workers, concurrency.Cancellation);
    }

    private (int Plane, nint Offset, int Length) this[nint item]
    {
        get
        {
            (nint plane, nint block) = Math.DivRem(item, blocks);
            nint start = block * BlockPlan.BlockLength;
            return ((int)plane, (plane * size) + start, (int)Math.Min(BlockPlan.BlockLength, size - start));
        }
    }

    private readonly struct Reduction<T, TResult, TReduction>(Planes planes, TensorView<T> dy, TensorView<T> x, TReduction reduction, TResult[] results)
        : IParallelWork
        where T : unmanaged
        where TReduction : struct, IPlaneReduction<TResult>
    {
        [SkipLocalsInit]
        public void Run(int slot, nint start, nint end)
        {
            Span<double> forDy = stackalloc double[BlockPlan.BlockLength], forX = stackalloc double[BlockPlan.BlockLength];
            for (nint item = start; item < end; item++)
            {
                (int plane, nint offset, int length) = planes[item];
                results[item] = reduction.Of(plane, dy.IsEmpty ? default : dy.Read(offset, length, forDy), x.Read(offset, length, forX));
            }
        }
    }

    private readonly struct Mapping<T, TMap>(Planes planes, TensorView<T> dy, TensorView<T> x, TensorView<T> to, TMap map) : IParallelWork
        where T : unmanaged
        where TMap : struct, IPlaneMap
    {
        [SkipLocalsInit]
        public void Run(int slot, nint start, nint end)
        {
            Span<double> forDy = stackalloc double[BlockPlan.BlockLength], forX = stackalloc double[BlockPlan.BlockLength];
            for (nint item = start; item < end; item++)
            {
                (int plane, nint offset, int length) = planes[item];
                Span<double> target = to.Target(offset, length, forX);
                map.Of(plane, dy.IsEmpty ? default : dy.Read(offset, length, forDy), x.Read(offset, length, forX), target);
                to.Write<double>(offset, target);
            }
        }
    }

    private readonly struct MomentsAboutMean : IPlaneReduction<Moments>
    {
        public static Moments Combine(Moments a, Moments b) => Moments.Combine(a, b);

        public Moments Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x) => SetMoments.OfBlock(x, isCentred: true);
    }

    private readonly struct MomentsAboutZero : IPlaneReduction<Moments>
    {
        public static Moments Combine(Moments a, Moments b) => Moments.Combine(a, b);

        public Moments Of(int plane, ReadOnlySpan<double> dy, ReadOnlySpan<double> x) => SetMoments.OfBlock(x, isCentred: false);
    }
}

using System.Numerics;
using System.Runtime.CompilerServices;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>
/// One call of a normalization by a p-norm: p = 2 is a grouping like any other, with a length as its spread; other norms go row by row in double.
/// All is checked before anything is written.
/// </summary>
internal static class LpCall
{
    public static void CheckNorm(string layer, double p)
    {
        if (!(p >= 0))
            throw new ArgumentOutOfRangeException(nameof(p), p, $"{layer}: p is not negative.");
    }

    /// <summary>There must be a dimension, and none twice.</summary>
    public static void CheckDims(string layer, ReadOnlySpan<int> dims)
    {
        if (dims.IsEmpty)
            throw new ArgumentException($"{layer}: the norm goes along at least one dimension; dims is empty.", nameof(dims));
        for (int i = 1; i < dims.Length; i++)
        {
            if (dims[..i].Contains(dims[i]))
                throw new ArgumentException($"{layer}: dims names dimension {dims[i]} twice.", nameof(dims));
        }
    }

    /// <param name="layer">The layer or function, for errors.</param>
    /// <param name="shape">The input's.</param>
    /// <param name="dims">The dimensions along which vectors lie.</param>
    /// <param name="argument">Which argument is wrong where the input has no such dimension: of a function that takes both the dimension, of a layer's pass the input.</param>
    /// <returns>The dimensions, counted from the first, in ascending order.</returns>
    public static int[] DimensionsOf(string layer, ReadOnlySpan<nint> shape, ReadOnlySpan<int> dims, string argument)
    {
        int rank = shape.Length;
        int[] found = new int[dims.Length];
        for (int i = 0; i < dims.Length; i++)
        {
            int d = dims[i] < 0 ? dims[i] + rank : dims[i];
            if (d < 0 || d >= rank)
                throw new ArgumentException($"{layer}: dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dims[i]}) for input {Shapes.Text(shape)}.", argument);
            if (found.AsSpan(0, i).Contains(d))
                throw new ArgumentException($"{layer}: dimensions [{string.Join(", ", dims.ToArray())}] name dimension {d} of input {Shapes.Text(shape)} twice.", argument);
            found[i] = d;
        }
        found.AsSpan().Sort();
        return found;
    }

    public static void Forward<T, TParameter>(
        string layer, double p, ReadOnlySpan<int> dims, double eps, in Operand<T> x, in Operand<T> y, SavedStatistics? saved, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        NormSpec<TParameter> spec = SpecOf<TParameter>(layer, x.Lengths, dims, eps);
        spec.Concurrency = concurrency;
        if (p == 2)
        {
            NormCall.Forward(spec, x, y, saved);
            return;
        }
        NormCall.CheckOutput(layer, "destination", y, "input", x);
        saved?.KeepShape(layer, x.Lengths);
        Run(spec, new(p, eps), Operand<T>.None, x, Operand<T>.None, y);
        saved?.Complete();
    }

    public static void Backward<T, TParameter>(
        string layer, double p, ReadOnlySpan<int> dims, double eps, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        NormCall.CheckBackwardOfShape(layer, dy, x, saved, dx);
        NormSpec<TParameter> spec = SpecOf<TParameter>(layer, x.Lengths, dims, eps);
        spec.Concurrency = concurrency;
        if (saved.Grouping != (p == 2 ? spec.Grouping : default)
            || (p == 2 && (saved.Scaling != spec.Scaling || !saved.Spec<TParameter>(layer).Order.SequenceEqual(spec.Order))))
            throw new ArgumentException($"{layer}: the saved statistics come from a layer with another p, dim or eps; give those of this layer's forward pass.", nameof(saved));
        if (p == 2)
            NormCall.Backward(spec, dy, x, saved, dx, Operand<TParameter>.None, Operand<TParameter>.None, add: true);
        else if (dx.IsPresent)
            Run(spec, new(p, eps), dy, x, dx, Operand<T>.None);
    }

    private static unsafe void Run<T, TParameter>(
        in NormSpec<TParameter> spec, LpNorm norm, in Operand<T> dy, in Operand<T> x, in Operand<T> dx, in Operand<T> y)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        if (x.IsEmpty)
            return;
        int width = checked((int)spec.Grouping.C);
        fixed (T* xStart = &x.Start, dyStart = &dy.Start, dxStart = &dx.Start, yStart = &y.Start)
        {
            Gradients<T> gradients = new(
                dy.IsPresent ? dy.View(dyStart, spec.Order) : default, x.View(xStart, spec.Order), dx.IsPresent ? dx.View(dxStart, spec.Order) : default, default);
            LpRows<T> work = new(norm, width, gradients, y.IsPresent ? y.View(yStart, spec.Order) : default);
            nint rows = x.Length / width;
            // A power costs several times what memory does.
            int workers = spec.Concurrency.Workers(8 * x.Length * Unsafe.SizeOf<T>());
            nint grain = Math.Max(1, Math.Min(BlockPlan.BlockLength / width, rows / (4 * workers)));
            ParallelJob<LpRows<T>>.Run(work, rows, grain, workers, spec.Concurrency.Cancellation);
        }
    }

    private static NormSpec<T> SpecOf<T>(string layer, scoped ReadOnlySpan<nint> shape, scoped ReadOnlySpan<int> dims, double eps) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int[] axes = DimensionsOf(layer, shape, dims, "input");
        nint[] lengths = new nint[axes.Length];
        for (int i = 0; i < axes.Length; i++)
            lengths[i] = shape[axes[i]];
        return Groupings.Rows<T>(layer, shape, lengths, axes, new(Spread.Length, eps));
    }
}

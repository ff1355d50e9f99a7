using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>The pairs of vectors of two row-major tensors that broadcast to a common shape.</summary>
internal sealed class CosinePairs
{
    /// <exception cref="ArgumentException">The shapes do not broadcast, or do not have the dimension.</exception>
    public CosinePairs(ReadOnlySpan<nint> shape1, ReadOnlySpan<nint> shape2, int dim)
    {
        if (shape1.IsEmpty || shape2.IsEmpty)
            throw new ArgumentException($"CosineSimilarity: x1 {Shapes.Text(shape1)} and x2 {Shapes.Text(shape2)} need at least one dimension; a scalar is no vector.", shape1.IsEmpty ? "x1" : "x2");
        int rank = Math.Max(shape1.Length, shape2.Length), d = dim < 0 ? dim + rank : dim;
        nint[] common = new nint[rank];
        for (int i = 1; i <= rank; i++)
        {
            nint first = i <= shape1.Length ? shape1[^i] : 1, second = i <= shape2.Length ? shape2[^i] : 1;
            if (first != second && first != 1 && second != 1)
                throw new ArgumentException($"CosineSimilarity: x1 {Shapes.Text(shape1)} and x2 {Shapes.Text(shape2)} do not broadcast: aligned at the last dimension, lengths must be equal or 1.", "x2");
            common[^i] = first == 1 ? second : first;
        }
        if (d < 0 || d >= rank)
            throw new ArgumentException($"CosineSimilarity: dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim}) for x1 {Shapes.Text(shape1)} and x2 {Shapes.Text(shape2)}.", nameof(dim));
        nint[] others = [.. common[..d], .. common[(d + 1)..]];
        Width = checked((int)common[d]);
        Count = checked((int)Shapes.Product(others));
        OutputShape = others.Length == 0 ? [1] : others;
        First = new(shape1, rank, d, others);
        Second = new(shape2, rank, d, others);
    }

    /// <summary>The length of each vector.</summary>
    public int Width { get; }

    public int Count { get; }

    /// <summary>The common shape without the dimension of the vectors.</summary>
    public nint[] OutputShape { get; }

    public Vectors First { get; }

    public Vectors Second { get; }

    /// <summary>Where the vectors of one of the two lie. Along dimensions that are repeated a step leads nowhere.</summary>
    public sealed class Vectors
    {
        private readonly nint[] lengths;
        private readonly nint[] strides;
        private readonly nint step;

        public Vectors(ReadOnlySpan<nint> shape, int rank, int dim, nint[] others)
        {
            nint[] all = new nint[rank];
            nint next = 1;
            for (int i = 1; i <= shape.Length; i++)
            {
                all[^i] = shape[^i] == 1 ? 0 : next;
                next *= shape[^i];
            }
            step = all[dim];
            strides = [.. all[..dim], .. all[(dim + 1)..]];
            lengths = others;
        }

        public void Read<T>(ReadOnlySpan<T> values, int pair, Span<double> vector) where T : unmanaged
        {
            nint at = Start(pair);
            for (int i = 0; i < vector.Length; i++, at += step)
                vector[i] = Elements.ToDouble(values[(int)at]);
        }

        public void Add(ReadOnlySpan<double> vector, int pair, Span<double> sums)
        {
            nint at = Start(pair);
            for (int i = 0; i < vector.Length; i++, at += step)
                sums[(int)at] += vector[i];
        }

        private nint Start(nint pair)
        {
            nint start = 0;
            for (int d = lengths.Length - 1; d >= 0; d--)
            {
                (pair, nint index) = Math.DivRem(pair, lengths[d]);
                start += index * strides[d];
            }
            return start;
        }
    }
}

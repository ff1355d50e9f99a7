using System.Numerics;

namespace NormKit.IO;

/// <summary>
/// An array as its elements lie in the file, seen from one dimension: element (o * Length + i) * Inner + k has index i in that dimension. An array in
/// Fortran order lies as one of the reversed shape in C order. Over everything, Length is 1 and Inner is Count.
/// </summary>
internal readonly record struct ArrayLayout(int Length, long Inner, long Count)
{
    /// <summary>The elements after which the indices begin again.</summary>
    public long Row => Length * Inner;

    /// <exception cref="TensorFileException">The array has no such dimension, or too many elements.</exception>
    internal static ArrayLayout Of(string name, ReadOnlySpan<nint> shape, bool fortranOrder, int? dimension)
    {
        BigInteger count = TensorShape.Count(shape);
        if (count > long.MaxValue / sizeof(double))
            throw new TensorFileException($"{name}: shape {TensorShape.Text(shape)} has more elements than a file can hold; the header is damaged.");
        if (dimension is not int given)
            return new(1, Math.Max(1, (long)count), (long)count);
        int rank = shape.Length, at = given < 0 ? given + rank : given;
        if (at < 0 || at >= rank)
        {
            throw new TensorFileException(rank == 0
                ? $"{name}: is a scalar and has no dimension {given}."
                : $"{name}: shape {TensorShape.Text(shape)} has no dimension {given}; it has {-rank} to {rank - 1}.");
        }
        if (shape[at] is 0 or > int.MaxValue)
            throw new TensorFileException($"{name}: shape {TensorShape.Text(shape)}: dimension {given} has length {shape[at]}; statistics by index need a length from 1 to {int.MaxValue}.");
        ReadOnlySpan<nint> faster = fortranOrder ? shape[..at] : shape[(at + 1)..];
        return new((int)shape[at], (long)TensorShape.Count(faster), (long)count);
    }
}

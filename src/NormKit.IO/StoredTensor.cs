using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>A tensor as a file holds it: an element type, a shape and the elements in C order (last dimension fastest).</summary>
/// <remarks>Immutable. Holds one copy of the data, in the element type of the file; at most <see cref="Array.MaxLength"/> bytes.</remarks>
public sealed class StoredTensor
{
    private readonly nint[] shape;
    private readonly byte[] bytes;

    /// <summary>Takes ownership of both arrays.</summary>
    internal StoredTensor(ElementType elementType, nint[] shape, byte[] bytes)
    {
        // Files hold little-endian elements and so does this class: conversions then are reinterpretations.
        if (!BitConverter.IsLittleEndian)
            throw new PlatformNotSupportedException("NormKit.IO runs on little-endian machines only.");

        ElementType = elementType;
        this.shape = shape;
        this.bytes = bytes;
    }

    /// <summary>The type of the elements in the file.</summary>
    public ElementType ElementType { get; }

    /// <summary>The length of each dimension, in elements; empty for a scalar. Any length may be zero.</summary>
    public ReadOnlySpan<nint> Shape => shape;

    /// <summary>The number of elements: 1 for a scalar.</summary>
    public long Count => bytes.Length / ElementType.SizeInBytes();

    /// <summary>The elements, little-endian, in C order.</summary>
    internal ReadOnlySpan<byte> Bytes => bytes;

    /// <summary>Converts the elements to a new dense tensor in C order, each rounded once to the nearest value, ties to even.</summary>
    /// <remarks><see cref="Tensor{T}"/> has no scalars (rank 0 means empty there), so a scalar becomes shape [1].
    /// Booleans become 0 and 1; values beyond the range of T become infinities; NaN stays NaN.</remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public Tensor<T> To<T>()
        where T : unmanaged => Tensor.Create(ToArray<T>(), shape.Length == 0 ? [1] : shape);

    /// <summary>Converts the elements to a new array in C order, each rounded once to the nearest value, ties to even.</summary>
    /// <remarks>Booleans become 0 and 1; values beyond the range of T become infinities; NaN stays NaN.</remarks>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    public T[] ToArray<T>()
        where T : unmanaged
    {
        RequireFloatingPoint<T>();
        T[] elements = GC.AllocateUninitializedArray<T>((int)Count);
        if (typeof(T) == typeof(float))
            ElementDecoder.Decode(ElementType, bytes, MemoryMarshal.Cast<T, float>(elements.AsSpan()));
        else if (typeof(T) == typeof(double))
            ElementDecoder.Decode(ElementType, bytes, MemoryMarshal.Cast<T, double>(elements.AsSpan()));
        else if (typeof(T) == typeof(Half))
            ElementDecoder.Decode(ElementType, bytes, MemoryMarshal.Cast<T, Half>(elements.AsSpan()));
        else
            ElementDecoder.DecodeToBFloat16(ElementType, bytes, MemoryMarshal.Cast<T, ushort>(elements.AsSpan()));
        return elements;
    }

    /// <summary>Copies a tensor span, contiguous or not, into a tensor that can be written to a file.</summary>
    /// <param name="values">The elements, of any strides.</param>
    /// <param name="storedAs">A floating-point type; T itself if null. Each element is rounded once, to nearest, ties to even.</param>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    /// <exception cref="ArgumentException"><paramref name="storedAs"/> is no floating-point type, or the tensor is too large.</exception>
    public static StoredTensor From<T>(in ReadOnlyTensorSpan<T> values, ElementType? storedAs = null)
        where T : unmanaged
    {
        RequireFloatingPoint<T>();

        // An empty tensor has no first element to ask for, and the default span has no shape either: it is an empty row.
        if (values.FlattenedLength == 0)
            return From(ReadOnlySpan<T>.Empty, values.Rank == 0 ? [0] : values.Lengths, storedAs);

        nint[] start = new nint[values.Rank];
        if (values.FlattenedLength <= Array.MaxLength
            && values.TryGetSpan(start, (int)values.FlattenedLength, out ReadOnlySpan<T> contiguous))
            return From(contiguous, values.Lengths, storedAs);

        T[] flat = new T[RequireFits(values.Lengths, sizeof(byte))];
        values.FlattenTo(flat);
        return From<T>(flat, values.Lengths, storedAs);
    }

    /// <summary>Copies elements in C order into a tensor that can be written to a file.</summary>
    /// <param name="values">The elements, last dimension fastest.</param>
    /// <param name="shape">The length of each dimension; empty for a scalar. At most 64 dimensions.</param>
    /// <param name="storedAs">A floating-point type; T itself if null. Each element is rounded once, to nearest, ties to even.</param>
    /// <typeparam name="T"><see cref="float"/>, <see cref="double"/>, <see cref="Half"/> or <see cref="BFloat16"/>.</typeparam>
    /// <exception cref="NotSupportedException">T is another type.</exception>
    /// <exception cref="ArgumentException">The shape does not hold as many elements as there are values,
    /// <paramref name="storedAs"/> is no floating-point type, or the tensor is too large.</exception>
    public static StoredTensor From<T>(ReadOnlySpan<T> values, ReadOnlySpan<nint> shape, ElementType? storedAs = null)
        where T : unmanaged
    {
        RequireFloatingPoint<T>();
        ElementType type = storedAs ?? OwnType<T>();
        if (type is not (ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64))
            throw new ArgumentException($"StoredTensor: values are stored as a floating-point type, not as {type}.", nameof(storedAs));
        if (shape.Length > TensorShape.MaxRank)
            throw new ArgumentException($"StoredTensor: {shape.Length} dimensions, at most {TensorShape.MaxRank} can be.", nameof(shape));
        if (shape.ContainsAnyInRange(nint.MinValue, -1) || TensorShape.Count(shape) != values.Length)
        {
            throw new ArgumentException(
                $"StoredTensor: {values.Length} values do not fill shape {TensorShape.Text(shape)}.", nameof(shape));
        }

        byte[] bytes = GC.AllocateUninitializedArray<byte>(RequireFits(shape, type.SizeInBytes()));
        if (typeof(T) == typeof(float))
            ElementEncoder.Encode(MemoryMarshal.Cast<T, float>(values), type, bytes);
        else if (typeof(T) == typeof(double))
            ElementEncoder.Encode(MemoryMarshal.Cast<T, double>(values), type, bytes);
        else if (typeof(T) == typeof(Half))
            ElementEncoder.Encode(MemoryMarshal.Cast<T, Half>(values), type, bytes);
        else
            ElementEncoder.EncodeBFloat16(MemoryMarshal.Cast<T, ushort>(values), type, bytes);
        return new StoredTensor(type, shape.ToArray(), bytes);
    }

    private static int RequireFits(ReadOnlySpan<nint> shape, int elementSize)
    {
        BigInteger length = TensorShape.Count(shape) * elementSize;
        return length <= Array.MaxLength
            ? (int)length
            : throw new ArgumentException(
                $"StoredTensor: shape {TensorShape.Text(shape)}: {length} bytes, larger than an array can be here ({Array.MaxLength}).",
                nameof(shape));
    }

    private static ElementType OwnType<T>() =>
        typeof(T) == typeof(float) ? ElementType.Float32
        : typeof(T) == typeof(double) ? ElementType.Float64
        : typeof(T) == typeof(Half) ? ElementType.Float16 : ElementType.BFloat16;

    private static void RequireFloatingPoint<T>()
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double) && typeof(T) != typeof(Half) && typeof(T) != typeof(BFloat16))
            throw new NotSupportedException($"StoredTensor converts to and from float, double, Half and BFloat16, not {typeof(T).Name}.");
    }
}

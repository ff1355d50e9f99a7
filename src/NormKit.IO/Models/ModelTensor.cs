using System.Numerics;

namespace NormKit.IO;

/// <summary>A tensor of a model file. Its elements stay in the file until they are asked for.</summary>
public sealed class ModelTensor
{
    private readonly nint[] shape;
    private readonly TensorBytes bytes;

    internal ModelTensor(string name, string typeName, ElementType? type, nint[] shape, TensorBytes bytes)
    {
        (Name, TypeName, ElementType, this.shape, this.bytes) = (name, typeName, type, shape, bytes);
        Count = (long)BigInteger.Min(TensorShape.Count(shape), long.MaxValue);
    }

    /// <summary>Gets the tensor's name.</summary>
    public string Name { get; }

    /// <summary>Gets the element type by the format's own name: F32, BF16, Q4_K.</summary>
    public string TypeName { get; }

    /// <summary>Gets the element type; null for one that is listed but cannot be read, such as a quantized one.</summary>
    public ElementType? ElementType { get; }

    /// <summary>Gets the length of each dimension, the last one contiguous; empty for a scalar.</summary>
    public ReadOnlySpan<nint> Shape => shape;

    /// <summary>Gets the number of elements.</summary>
    public long Count { get; }

    /// <summary>Gets the path of the file that holds the elements.</summary>
    public string Path => bytes.Path;

    internal nint[] ShapeArray => shape;

    /// <summary>Where the elements lie, if they lie in one piece.</summary>
    internal (MappedBytes File, long Offset, long Length)? Place => bytes.Place;

    /// <summary>Reads all elements.</summary>
    /// <typeparam name="T"><see cref="float"/> or <see cref="double"/>.</typeparam>
    /// <exception cref="TensorFileException">The type cannot be read, or there are more elements than an array holds.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        if (typeof(T) != typeof(float) && typeof(T) != typeof(double))
            throw new NotSupportedException($"ModelTensor converts to float and double, not to {typeof(T).Name}.");
        RequireReadable();
        if (Count > Array.MaxLength / 8)
            throw new TensorFileException($"{Path}: tensor {TensorFileException.Quote(Name)} has {Count} elements, more than an array of them can hold here.");
        if (typeof(T) == typeof(double))
        {
            double[] values = new double[Count];
            Read(0, values.AsSpan());
            return (T[])(object)values;
        }
        float[] narrow = new float[Count];
        Read(0, narrow.AsSpan());
        return (T[])(object)narrow;
    }

    /// <summary>Reads some elements, from one on.</summary>
    internal void Read<T>(long first, Span<T> to) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ElementType type = RequireReadable();
        int size = type.SizeInBytes();
        const int block = 16384;
        byte[] buffer = new byte[Math.Min(block, Math.Max(1, to.Length)) * size];
        for (int done = 0; done < to.Length; done += block)
        {
            int count = Math.Min(block, to.Length - done);
            Span<byte> part = buffer.AsSpan(0, count * size);
            bytes.Read((first + done) * size, part);
            ElementDecoder.Decode(type, part, to.Slice(done, count));
        }
    }

    /// <summary>Reads the elements as they are stored.</summary>
    internal void ReadBytes(Span<byte> to) => bytes.Read(0, to);

    private ElementType RequireReadable() => ElementType
        ?? throw new TensorFileException($"{Path}: tensor {TensorFileException.Quote(Name)} is stored as {TypeName}, which is listed but not read; convert it to F32, F16 or BF16.");
}

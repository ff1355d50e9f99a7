using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.IO;

/// <summary>One entry of a layer's state as a file holds it, and back. A stored value that does not fit is described, not thrown: errors list all.</summary>
internal static class StateValue
{
    /// <summary>What the keys of a layer begin with.</summary>
    public static string Path(string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return prefix.Length == 0 || prefix.EndsWith('.') ? prefix : prefix + ".";
    }

    public static StoredTensor Store<T>(StateEntry<T> entry) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (entry.Kind == StateKind.Counter)
        {
            byte[] count = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(count, entry.Count);
            return new(ElementType.Int64, entry.Shape.ToArray(), count);
        }

        if (entry.Value is not { } value)
            throw new InvalidOperationException($"{entry.Key}: the layer is lazy and has not got its channels yet; give it an input first.");
        T[] elements = new T[value.FlattenedLength];
        value.FlattenTo(elements);
        return StoredTensor.From<T>(elements, entry.Shape);
    }

    /// <summary>What is wrong with a stored shape, or null. An open length takes the stored one, which must be the same for all.</summary>
    public static string? CheckShape(ReadOnlySpan<nint> wanted, ReadOnlySpan<nint> stored, ref nint openLength)
    {
        // PyTorch takes a single number for a scalar too; the other way round is what Tensor<T>, which has no scalars, makes of one.
        if (wanted is [] or [1] && stored is [] or [1])
            return null;
        nint length = openLength;
        bool fits = wanted.Length == stored.Length;
        for (int d = 0; d < wanted.Length && fits; d++)
        {
            if (wanted[d] < 0 && length < 0)
                length = stored[d];
            fits = stored[d] == (wanted[d] < 0 ? length : wanted[d]) && (wanted[d] >= 0 || length > 0);
        }

        if (fits)
            openLength = length;
        return fits ? null : $"has shape {TensorShape.Text(stored)}, the layer's has {Text(wanted, length)}";
    }

    /// <summary>The elements of a parameter or buffer in the layer's type; what is wrong with them, or null.</summary>
    public static string? Read<T>(StoredTensor stored, out T[] elements) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        elements = [];
        if (!IsFloatingPoint(stored.ElementType))
            return $"is of type {TypeName(stored)}; a parameter or buffer is F32, F64, F16 or BF16";
        elements = stored.ToArray<T>();
        if (stored.ElementType != ElementType.Float64 || typeof(T) == typeof(double))
            return null;
        double[] exact = stored.ToArray<double>();
        for (int i = 0; i < exact.Length; i++)
        {
            if (double.IsFinite(exact[i]) && !T.IsFinite(elements[i]))
                return $"has {Text(exact[i])} in position {i}, beyond the range of {typeof(T).Name}";
        }

        return null;
    }

    /// <summary>The number of a counter; what is wrong with it, or null.</summary>
    public static string? ReadCount(StoredTensor stored, out long count)
    {
        count = 0;
        if (stored.Shape is not ([] or [1]))
            return $"has shape {TensorShape.Text(stored.Shape)}; a counter is a single number";
        if (IsFloatingPoint(stored.ElementType))
        {
            double number = stored.ToArray<double>()[0];
            if (!(number >= 0 && number < 9223372036854775808.0 && Math.Floor(number) == number))
                return $"is {Text(number)}; a counter is a whole number from 0";
            count = (long)number;
            return null;
        }

        if (stored.ElementType is not (ElementType.Int64 or ElementType.Int32))
            return $"is of type {TypeName(stored)}; a counter is I64, I32 or of a floating-point type";
        count = stored.ElementType == ElementType.Int64
            ? BinaryPrimitives.ReadInt64LittleEndian(stored.Bytes) : BinaryPrimitives.ReadInt32LittleEndian(stored.Bytes);
        return count < 0 ? $"is {Text(count)}; a counter is a whole number from 0" : null;
    }

    public static void Write<T>(StateEntry<T> entry, T[] elements) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        new ReadOnlyTensorSpan<T>(elements, entry.Value!.Lengths).CopyTo(entry.Value);

    private static bool IsFloatingPoint(ElementType type) =>
        type is ElementType.Float32 or ElementType.Float64 or ElementType.Float16 or ElementType.BFloat16;

    private static string TypeName(StoredTensor stored) => SafetensorsType.All[SafetensorsType.IndexOf(stored.ElementType)].Name;

    private static string Text(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    /// <summary>A shape with its open lengths as what they have been found to be, or as the channels that they are.</summary>
    private static string Text(ReadOnlySpan<nint> shape, nint openLength) =>
        $"[{string.Join(", ", shape.ToArray().Select(length => length >= 0 ? $"{length}" : openLength > 0 ? $"{openLength}" : "C"))}]";
}

using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.Cli;

/// <summary>Between the types that files are read in, float and double, and the 16-bit ones that a layer of float takes.</summary>
internal static class SixteenBits
{
    /// <summary>Values that <typeparamref name="TInput"/> holds exactly, in that type; the array itself where it has it.</summary>
    public static TInput[] To<T, TInput>(T[] values) where T : unmanaged where TInput : unmanaged
    {
        if (values is TInput[] same)
            return same;
        TInput[] narrow = new TInput[values.Length];
        ReadOnlySpan<float> floats = MemoryMarshal.Cast<T, float>(values);
        if (typeof(TInput) == typeof(Half))
        {
            TensorPrimitives.ConvertToHalf(floats, MemoryMarshal.Cast<TInput, Half>(narrow.AsSpan()));
        }
        else
        {
            Span<BFloat16> target = MemoryMarshal.Cast<TInput, BFloat16>(narrow.AsSpan());
            for (int i = 0; i < target.Length; i++)
                target[i] = (BFloat16)floats[i];
        }
        return narrow;
    }

    /// <summary>The same numbers as floats or doubles, for a file.</summary>
    public static T[] From<TInput, T>(TInput[] values) where T : unmanaged where TInput : unmanaged
    {
        if (values is T[] same)
            return same;
        T[] wide = new T[values.Length];
        Span<float> floats = MemoryMarshal.Cast<T, float>(wide.AsSpan());
        if (typeof(TInput) == typeof(Half))
        {
            TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<TInput, Half>(values), floats);
        }
        else
        {
            ReadOnlySpan<BFloat16> source = MemoryMarshal.Cast<TInput, BFloat16>(values);
            for (int i = 0; i < source.Length; i++)
                floats[i] = (float)source[i];
        }
        return wide;
    }
}

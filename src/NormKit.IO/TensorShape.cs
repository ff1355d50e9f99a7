using System.Numerics;

namespace NormKit.IO;

/// <summary>The arithmetic of shapes that come from a file: nothing here overflows silently.</summary>
internal static class TensorShape
{
    /// <summary>The most dimensions that NumPy 2 and PyTorch allow; a longer shape is a damaged header.</summary>
    internal const int MaxRank = 64;

    internal static int SizeInBytes(this ElementType type) => type switch
    {
        ElementType.Int8 or ElementType.UInt8 or ElementType.Boolean => 1,
        ElementType.Float16 or ElementType.BFloat16 or ElementType.Int16 or ElementType.UInt16 => 2,
        ElementType.Float32 or ElementType.Int32 or ElementType.UInt32 => 4,
        ElementType.Float64 or ElementType.Int64 or ElementType.UInt64 => 8,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not an element type"),
    };

    /// <summary>The number of elements, exactly: 64 dimensions of up to 2^63-1 each do not fit any machine integer, and a zero
    /// behind them still makes the tensor empty.</summary>
    internal static BigInteger Count(ReadOnlySpan<nint> shape)
    {
        BigInteger count = BigInteger.One;
        foreach (nint length in shape)
            count *= length;
        return count;
    }

    internal static string Text(ReadOnlySpan<nint> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}

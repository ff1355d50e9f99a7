using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace NormKit.Tests.Reference;

/// <summary>Results in 16 bits against true ones.</summary>
internal static class SixteenBits
{
    /// <summary>
    /// At most one step from the rounded truth. A result that cancels to nearly nothing keeps float's absolute error, which may be more than a step there.
    /// </summary>
    public static void AreAStepAway<T>(Tensor<T> actual, double[] expected, SixteenBitFormat format, double tolerance, string what) where T : unmanaged
    {
        T[] values = Placing.Logical(actual);
        Assert.Equal(expected.Length, values.Length);
        double absolute = tolerance * expected.Max(Math.Abs);
        for (int i = 0; i < values.Length; i++)
        {
            ushort bits = Unsafe.BitCast<T, ushort>(values[i]), nearest = format.Nearest(expected[i]);
            bool near = Math.Abs(Order(bits) - Order(nearest)) <= 1 || Math.Abs(format.Value(bits) - expected[i]) <= absolute;
            Assert.True(near, $"{what}[{i}] is {format.Value(bits)}, not {format.Value(nearest)}");
        }

        // Neighbours differ by 1, across zero too.
        static int Order(ushort bits) => (bits & 0x8000) == 0 ? bits : -(bits & 0x7FFF);
    }
}

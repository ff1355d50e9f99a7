using System.Numerics;
using CsCheck;

namespace NormKit.Tests.Reference;

/// <summary>The reference's arithmetic against fractions of whole numbers.</summary>
public class DoubleDoubleTests
{
    // Whole numbers of up to 50 bits: their products and sums are exact as BigInteger and, in two doubles, here.
    private static readonly Gen<(long A, long B, long C)> Numbers = Gen.Select(Gen.Long[1, 1L << 50], Gen.Long[-(1L << 50), 1L << 50], Gen.Long[1, 1L << 50]);

    [Fact]
    public void SumAndProduct_WholeNumbers_AreExact() => Numbers.Sample(n =>
    {
        DoubleDouble sum = ((DoubleDouble)n.A * n.B) + n.C;
        return new BigInteger(sum.High) + new BigInteger(sum.Low) == ((BigInteger)n.A * n.B) + n.C;
    });

    [Fact]
    public void Quotient_TimesDivisor_IsDividendToA100Bits() => Numbers.Sample(n =>
    {
        DoubleDouble back = (DoubleDouble)n.B / n.A * n.A;
        return Math.Abs((double)(back - n.B)) <= Math.Abs(n.B) * Math.Pow(2, -98);
    });

    [Fact]
    public void Sqrt_Squared_IsItsArgumentToA100Bits() => Numbers.Sample(n =>
    {
        DoubleDouble root = DoubleDouble.Sqrt(n.A);
        return Math.Abs((double)((root * root) - n.A)) <= n.A * Math.Pow(2, -98);
    });
}

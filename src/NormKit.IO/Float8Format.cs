using System.Runtime.InteropServices;

namespace NormKit.IO;

/// <summary>A floating-point format of 8 bits: a sign, an exponent and a mantissa.</summary>
/// <param name="MantissaBits">The bits of the mantissa; the exponent has the other 7 less these.</param>
/// <param name="Bias">What is taken off the exponent's bits.</param>
/// <param name="HasInfinity">Whether the largest exponent is kept for infinities and NaN, as in IEEE 754; else only the largest pattern is NaN.</param>
/// <param name="NoNegativeZero">Whether the pattern of -0 is the only NaN (FNUZ).</param>
/// <remarks>Source: Micikevicius et al. 2022, "FP8 formats for deep learning", arXiv:2209.05433; FNUZ: Noune et al. 2022, arXiv:2206.02915.</remarks>
internal sealed record Float8Format(int MantissaBits, int Bias, bool HasInfinity = false, bool NoNegativeZero = false)
{
    private readonly float[] values = new float[256];
    private bool isFilled;

    /// <summary>The same numbers as little-endian floats.</summary>
    public byte[] Widen(ReadOnlySpan<byte> elements)
    {
        if (!isFilled)
        {
            for (int bits = 0; bits < values.Length; bits++)
                values[bits] = Value(bits);
            isFilled = true;
        }
        byte[] bytes = GC.AllocateUninitializedArray<byte>(elements.Length * sizeof(float));
        Span<float> floats = MemoryMarshal.Cast<byte, float>(bytes.AsSpan());
        for (int i = 0; i < elements.Length; i++)
            floats[i] = values[elements[i]];
        return bytes;
    }

    private float Value(int bits)
    {
        bool isNegative = bits >= 0x80;
        int magnitude = bits & 0x7F, exponent = magnitude >> MantissaBits, mantissa = magnitude & ((1 << MantissaBits) - 1);
        if (NoNegativeZero ? bits == 0x80 : HasInfinity ? magnitude > InfinityBits : magnitude == 0x7F)
            return float.NaN;
        if (HasInfinity && magnitude == InfinityBits)
            return isNegative ? float.NegativeInfinity : float.PositiveInfinity;

        // An exponent of 0 means a subnormal number, whose leading bit is 0 and whose scale is that of exponent 1.
        int significand = exponent == 0 ? mantissa : mantissa | (1 << MantissaBits);
        float value = MathF.ScaleB(significand, Math.Max(1, exponent) - Bias - MantissaBits);
        return isNegative ? -value : value;
    }

    private int InfinityBits => 0x7F & ~((1 << MantissaBits) - 1);
}

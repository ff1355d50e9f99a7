namespace NormKit.Diagnosis.Numbers;

/// <summary>Rounding to a format, its spacing, and whether values look as if they had been rounded to one.</summary>
internal static class Formats
{
    /// <summary>So many values that are no whole numbers must fit a narrow format before it counts as theirs.</summary>
    private const int Enough = 12;

    public static double Round(double value, NumberFormat format) => format switch
    {
        NumberFormat.Float32 => (float)value,
        NumberFormat.Float16 => (double)(Half)value,
        NumberFormat.BFloat16 => (double)(BFloat16)value,
        _ => value,
    };

    /// <summary>The neighbour towards 0, as a program stores that drops the last bits.</summary>
    public static double Truncate(double value, NumberFormat format)
    {
        double rounded = Round(value, format);
        if (!(Math.Abs(rounded) > Math.Abs(value)))
            return rounded;
        return format switch
        {
            NumberFormat.Float32 => value < 0 ? MathF.BitIncrement((float)rounded) : MathF.BitDecrement((float)rounded),
            NumberFormat.Float16 => (double)(value < 0 ? Half.BitIncrement((Half)rounded) : Half.BitDecrement((Half)rounded)),
            NumberFormat.BFloat16 => BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits((float)value) & ~0xFFFF),
            _ => rounded,
        };
    }

    public static void Round(Span<double> values, NumberFormat format)
    {
        if (format == NumberFormat.Float64)
            return;
        for (int i = 0; i < values.Length; i++)
            values[i] = Round(values[i], format);
    }

    public static bool Is16Bit(this NumberFormat format) => format is NumberFormat.Float16 or NumberFormat.BFloat16;

    public static string Name(this NumberFormat format) => format switch
    {
        NumberFormat.Float64 => "float64",
        NumberFormat.Float32 => "float32",
        NumberFormat.Float16 => "float16",
        _ => "bfloat16",
    };

    /// <summary>Half the spacing at 1: what one rounding costs at most, as a share of the value.</summary>
    public static double Unit(this NumberFormat format) => Math.ScaleB(1, -1 - FractionBits(format));

    /// <summary>The distance between neighbouring numbers around a value; that of the smallest normal ones where it is smaller.</summary>
    public static double Spacing(this NumberFormat format, double value)
    {
        if (!double.IsFinite(value))
            return double.NaN;
        int least = format switch { NumberFormat.Float64 => -1022, NumberFormat.Float16 => -14, _ => -126 };

        // The bits of the exponent: a million logarithms take a while.
        int exponent = Math.Max((int)(BitConverter.DoubleToInt64Bits(value) >> 52 & 0x7FF) - 1023, least) - FractionBits(format);
        return exponent >= -1022 ? BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52) : Math.ScaleB(1, exponent);
    }

    /// <summary>The narrowest format that holds every value exactly, but not one narrower by accident: some values must need it.</summary>
    public static NumberFormat Narrowest(ReadOnlySpan<double> values, NumberFormat stored)
    {
        NumberFormat[] candidates = [NumberFormat.BFloat16, NumberFormat.Float16, NumberFormat.Float32];
        foreach (NumberFormat format in candidates)
        {
            if (FractionBits(format) < FractionBits(stored) && Holds(values, format))
                return format;
        }
        return stored;
    }

    private static bool Holds(ReadOnlySpan<double> values, NumberFormat format)
    {
        int telling = 0;
        foreach (double value in values)
        {
            if (!double.IsFinite(value))
                continue;
            if (Round(value, format) != value)
                return false;

            // Whole and half numbers fit everywhere.
            if (value * 2 != Math.Round(value * 2))
                telling++;
        }
        return telling >= Enough;
    }

    private static int FractionBits(NumberFormat format) => format switch
    {
        NumberFormat.Float64 => 52,
        NumberFormat.Float32 => 23,
        NumberFormat.Float16 => 10,
        _ => 7,
    };
}

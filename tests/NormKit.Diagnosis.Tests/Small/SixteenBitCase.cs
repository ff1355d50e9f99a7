namespace NormKit.Diagnosis.Tests.Small;

/// <summary>What a 16-bit program does otherwise than computing in float and rounding once.</summary>
internal enum SixteenBitFault
{
    None,

    /// <summary>The output is cut off.</summary>
    Truncated,

    /// <summary>The statistics are those of the input rounded to 16 bits, the elements are not rounded.</summary>
    RoundedStatistics,

    /// <summary>Sums are kept in 16 bits, one element after the other.</summary>
    Sums,

    /// <summary>1 + weight is computed in 16 bits.</summary>
    WeightSum,

    /// <summary>1 / rms, or 1 / deviation, is rounded to 16 bits.</summary>
    Reciprocal,

    /// <summary>Eps is the spacing of the type at 1.</summary>
    Eps,
}

/// <summary>RMS or layer norm of rows in 16 bits, computed here in double and in the type, apart from the library.</summary>
internal sealed record SixteenBitCase(int Seed, SixteenBitFault Fault, bool IsHalf, DiagnosisRequest Request)
{
    public override string ToString() => $"#{Seed} {Fault} {(IsHalf ? "float16" : "bfloat16")} [{string.Join(',', Request.Shape)}] {Request.Expected?.Kind} w={Request.Weight is not null}";

    public static SixteenBitCase Draw(int seed, SixteenBitFault fault, bool isHalf)
    {
        Random random = new(seed);
        int rows = random.Next(6, 20), n = random.Next(48, 200);
        bool isRms = random.Next(3) > 0 || fault == SixteenBitFault.WeightSum, hasWeight = fault == SixteenBitFault.WeightSum || random.Next(2) == 0;
        bool hasWideInput = fault == SixteenBitFault.RoundedStatistics;
        double Type(double value) => isHalf ? (double)(Half)value : (double)(BFloat16)value;
        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
        double scale = 0.5 + random.NextDouble(), eps = fault == SixteenBitFault.Eps ? (isHalf ? 0.0009765625 : 0.0078125) : isRms ? 1e-6 : 1e-5;
        double[] x = [.. Enumerable.Range(0, rows * n).Select(_ => scale * Normal()).Select(value => hasWideInput ? (float)value : Type(value))];
        double[]? weight = hasWeight ? [.. Enumerable.Range(0, n).Select(_ => Type(fault == SixteenBitFault.WeightSum ? 0.3 * Normal() : 1 + (0.3 * Normal())))] : null;

        // Eps of a unit shows where the mean square is not far above it.
        if (fault == SixteenBitFault.Eps)
            x = [.. x.Select((value, i) => Type(value * (0.05 + (0.3 * (i / n) / rows))))];
        double[] y = new double[x.Length];
        for (int row = 0; row < rows; row++)
        {
            double[] values = x[(row * n)..((row + 1) * n)], seen = fault == SixteenBitFault.RoundedStatistics ? [.. values.Select(Type)] : values;
            double mean = 0, square = 0;
            if (fault == SixteenBitFault.Sums)
            {
                foreach (double value in isRms ? [] : seen)
                    mean = Type(mean + value);
                mean /= n;
                foreach (double value in seen)
                    square = Type(square + ((value - mean) * (value - mean)));
            }
            else
            {
                mean = isRms ? 0 : seen.Average();
                square = seen.Sum(value => (value - mean) * (value - mean));
            }
            double factor = 1 / Math.Sqrt((square / n) + eps);
            if (fault == SixteenBitFault.Reciprocal)
                (factor, mean) = (Type(factor), Type(mean));
            for (int i = 0; i < n; i++)
            {
                double value = (float)((float)(values[i] - mean) * (float)factor);
                if (weight is not null)
                    value *= fault == SixteenBitFault.WeightSum ? Type(1 + weight[i]) : weight[i];
                y[(row * n) + i] = fault == SixteenBitFault.Truncated && Math.Abs(Type(value)) > Math.Abs(value) ? Below(Type(value), isHalf) : Type(value);
            }
        }
        NumberFormat format = isHalf ? NumberFormat.Float16 : NumberFormat.BFloat16;
        return new(seed, fault, isHalf, new()
        {
            Input = x,
            Shape = [rows, n],
            Output = y,
            Weight = weight,
            InputFormat = hasWideInput ? NumberFormat.Float32 : format,
            OutputFormat = format,
            Expected = new(isRms ? NormalizationKind.RmsNorm : NormalizationKind.LayerNorm) { UnitOffset = fault == SixteenBitFault.WeightSum, Eps = isRms ? 1e-6 : 1e-5 },
        });
    }

    public static CauseKind[] Causes(SixteenBitFault fault) => fault switch
    {
        SixteenBitFault.Truncated => [CauseKind.OutputTruncated],
        SixteenBitFault.RoundedStatistics => [CauseKind.StatisticsOfOtherInput],
        SixteenBitFault.Sums => [CauseKind.SumsRounded],
        SixteenBitFault.WeightSum => [CauseKind.WeightSumRounded],
        SixteenBitFault.Reciprocal => [CauseKind.StatisticsRounded],
        SixteenBitFault.Eps => [CauseKind.Eps],
        _ => [],
    };

    /// <summary>The neighbour towards 0.</summary>
    private static double Below(double value, bool isHalf)
    {
        int bits = BitConverter.SingleToInt32Bits((float)value);
        return isHalf ? (double)BitConverter.UInt16BitsToHalf((ushort)(BitConverter.HalfToUInt16Bits((Half)value) - 1)) : BitConverter.Int32BitsToSingle(bits - 0x10000);
    }
}

using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Peers;

/// <summary>
/// The tensors of a row, a block of bytes each, which NormKit, the limits and every peer that can share. Random throughout, for stores past
/// the caches of zeros are faster than any others.
/// </summary>
internal sealed class RowData
{
    private readonly TorchRandom random = new(2026);

    public RowData(Row row, Pass pass)
    {
        Row = row;
        Pass = pass;
        X = Random();
        Output = new(row.Bytes);
        if (row.HasResidual)
            (Residual, Sum) = (Random(), new(row.Bytes));
        if (pass == Pass.Backward)
            Dy = Random();
        if (pass == Pass.Backward && row.HasResidual)
            DySum = Random();
        Weight = EightBits(row.Weights, 0.5);
        Bias = EightBits(row.Weights, -0.5);
        RunningMean = EightBits(row.C, -0.5);
        RunningVar = EightBits(row.C, 0.5);
    }

    public Row Row { get; }

    public Pass Pass { get; }

    public AlignedArray<byte> X { get; }

    public AlignedArray<byte>? Residual { get; }

    /// <summary>The gradient of the output.</summary>
    public AlignedArray<byte>? Dy { get; }

    /// <summary>The gradient of the sum with the residual, which goes on beside the output.</summary>
    public AlignedArray<byte>? DySum { get; }

    /// <summary>Where the output goes, or in a backward pass the gradient of the input.</summary>
    public AlignedArray<byte> Output { get; }

    public AlignedArray<byte>? Sum { get; }

    public double[] Weight { get; }

    public double[] Bias { get; }

    public double[] RunningMean { get; }

    public double[] RunningVar { get; }

    private AlignedArray<byte> Random()
    {
        AlignedArray<byte> bytes = new(Row.Bytes);
        const int Block = 1 << 16;
        for (int start = 0; start < Row.Count; start += Block)
        {
            int count = Math.Min(Block, Row.Count - start);
            Elements.Write([.. Drawn(count).Select(value => (2.0 * value) - 1)], bytes.Span.Slice(start * Row.ElementBytes, count * Row.ElementBytes), Row.Element);
        }
        return bytes;
    }

    /// <summary>Numbers of a range of 1 that each element type holds exactly, so that parameters are the same for every peer.</summary>
    private double[] EightBits(int count, double least) => [.. Drawn(count).Select(value => least + (Math.Floor(value * 128) / 128))];

    private float[] Drawn(int count)
    {
        float[] drawn = new float[count];
        random.Fill(drawn);
        return drawn;
    }
}

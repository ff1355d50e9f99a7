namespace NormKit.IO;

/// <summary>The weight of a linear layer or convolution as rows, columns and taps, and which channel a row and a column stand for.</summary>
/// <param name="Values">The elements.</param>
/// <param name="Rows">The length of the first dimension.</param>
/// <param name="Columns">The length of the second.</param>
/// <param name="Taps">The product of the others: the kernel.</param>
/// <param name="RowsAreInputs">Whether rows are input channels: in a transposed convolution, and in a matrix that is multiplied from the left.</param>
/// <param name="Groups">How many groups the channels split into.</param>
/// <param name="Alpha">What the layer multiplies its products by, beside the weight.</param>
internal sealed record LinearWeight(double[] Values, int Rows, int Columns, int Taps, bool RowsAreInputs, int Groups, double Alpha = 1)
{
    internal int Inputs => RowsAreInputs ? Rows : Columns * Groups;

    internal int Outputs => RowsAreInputs ? Columns * Groups : Rows;

    internal int InputOf(int row, int column) => RowsAreInputs ? row : (row / (Rows / Groups) * Columns) + column;

    internal int OutputOf(int row, int column) => RowsAreInputs ? (row / (Rows / Groups) * Columns) + column : row;

    /// <summary>Each element times what its output or input channel is scaled by.</summary>
    internal LinearWeight Scaled(double[] scale, bool byOutput)
    {
        double[] scaled = new double[Values.Length];
        Each((row, column, start) =>
        {
            double factor = scale[byOutput ? OutputOf(row, column) : InputOf(row, column)];
            for (int tap = 0; tap < Taps; tap++)
                scaled[start + tap] = Values[start + tap] * factor;
        });
        return this with { Values = scaled };
    }

    /// <summary>For each output, what it makes of an input that has one value in each channel.</summary>
    internal double[] Of(Func<int, double> input)
    {
        double[] sums = new double[Outputs];
        Each((row, column, start) =>
        {
            double sum = 0;
            for (int tap = 0; tap < Taps; tap++)
                sum += Values[start + tap];
            sums[OutputOf(row, column)] += Alpha * sum * input(InputOf(row, column));
        });
        return sums;
    }

    /// <summary>For each output, its value at one place, where every tap of the kernel has an input of its own.</summary>
    internal double[] At(Func<int, int, double> input)
    {
        double[] sums = new double[Outputs];
        Each((row, column, start) =>
        {
            int from = InputOf(row, column), to = OutputOf(row, column);
            for (int tap = 0; tap < Taps; tap++)
                sums[to] += Alpha * Values[start + tap] * input(from, tap);
        });
        return sums;
    }

    private void Each(Action<int, int, int> visit)
    {
        for (int row = 0, start = 0; row < Rows; row++)
        {
            for (int column = 0; column < Columns; column++, start += Taps)
                visit(row, column, start);
        }
    }
}

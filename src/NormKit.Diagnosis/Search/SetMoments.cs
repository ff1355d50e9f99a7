using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Mean and spread of each set that is asked for, two-pass in double; NaN for the others.</summary>
/// <param name="Mean">The mean of a set.</param>
/// <param name="Variance">The mean squared deviation, divided by n.</param>
internal sealed record SetMoments(double[] Mean, double[] Variance)
{
    /// <param name="x">All elements.</param>
    /// <param name="sets">Which set each belongs to.</param>
    /// <param name="wanted">Which sets; null for all.</param>
    /// <param name="stop">Ends the computation.</param>
    public static SetMoments Of(double[] x, IndexMap sets, bool[]? wanted, CancellationToken stop)
    {
        double n = x.Length / sets.Count;
        double[] mean = new double[sets.Count], low = new double[sets.Count], squares = new double[sets.Count];
        Accumulate(x, sets, wanted, (set, value) => mean[set] += value, (set, values) => mean[set] += Sum(values));
        stop.ThrowIfCancellationRequested();
        for (int set = 0; set < mean.Length; set++)
            mean[set] = wanted is null || wanted[set] ? mean[set] / n : double.NaN;
        Accumulate(x, sets, wanted,
            (set, value) =>
            {
                double deviation = value - mean[set];
                low[set] += deviation;
                squares[set] += deviation * deviation;
            },
            (set, values) =>
            {
                (double sum, double sumOfSquares) = Deviations(values, mean[set]);
                low[set] += sum;
                squares[set] += sumOfSquares;
            });
        stop.ThrowIfCancellationRequested();
        for (int set = 0; set < mean.Length; set++)
        {
            // What rounding left of the sum of deviations, as in the corrected two-pass algorithm.
            squares[set] = wanted is null || wanted[set] ? Math.Max(0, (squares[set] - (low[set] * low[set] / n)) / n) : double.NaN;
            mean[set] += low[set] / n;
        }
        return new(mean, squares);
    }

    /// <summary>The p-norm of each set; the largest absolute value for infinite p.</summary>
    public static double[] Norms(double[] x, IndexMap sets, bool[]? wanted, double p)
    {
        double[] norm = new double[sets.Count];
        bool isLargest = double.IsPositiveInfinity(p);
        void Add(int set, double value) =>
            norm[set] = isLargest ? Math.Max(norm[set], Math.Abs(value)) : norm[set] + (p == 1 ? Math.Abs(value) : Math.Pow(Math.Abs(value), p));
        Accumulate(x, sets, wanted, Add, (set, values) =>
        {
            foreach (double value in values)
                Add(set, value);
        });
        for (int set = 0; set < norm.Length; set++)
            norm[set] = wanted is not null && !wanted[set] ? double.NaN : isLargest || p == 1 ? norm[set] : Math.Pow(norm[set], 1 / p);
        return norm;
    }

    private delegate void RunAction(int set, ReadOnlySpan<double> values);

    private static void Accumulate(double[] x, IndexMap sets, bool[]? wanted, Action<int, double> one, RunAction run)
    {
        int start = 0, length = sets.RunLength;
        foreach (int first in sets.Runs())
        {
            if (sets.RunStep == 0)
            {
                if (wanted is null || wanted[first])
                    run(first, x.AsSpan(start, length));
            }
            else
            {
                for (int i = 0, set = first; i < length; i++, set += sets.RunStep)
                {
                    if (wanted is null || wanted[set])
                        one(set, x[start + i]);
                }
            }
            start += length;
        }
    }

    private static double Sum(ReadOnlySpan<double> values)
    {
        double a = 0, b = 0, c = 0, d = 0;
        int i = 0;
        for (; i + 4 <= values.Length; i += 4)
        {
            a += values[i];
            b += values[i + 1];
            c += values[i + 2];
            d += values[i + 3];
        }
        for (; i < values.Length; i++)
            a += values[i];
        return a + b + (c + d);
    }

    private static (double Sum, double Squares) Deviations(ReadOnlySpan<double> values, double mean)
    {
        double sumA = 0, sumB = 0, squaresA = 0, squaresB = 0;
        int i = 0;
        for (; i + 2 <= values.Length; i += 2)
        {
            double a = values[i] - mean, b = values[i + 1] - mean;
            sumA += a;
            sumB += b;
            squaresA += a * a;
            squaresB += b * b;
        }
        for (; i < values.Length; i++)
        {
            double a = values[i] - mean;
            sumA += a;
            squaresA += a * a;
        }
        return (sumA + sumB, squaresA + squaresB);
    }
}

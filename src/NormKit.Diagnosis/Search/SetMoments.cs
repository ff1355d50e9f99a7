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
        Accumulate(x, sets, wanted, new Sums(mean));
        stop.ThrowIfCancellationRequested();
        for (int set = 0; set < mean.Length; set++)
            mean[set] = wanted is null || wanted[set] ? mean[set] / n : double.NaN;
        Accumulate(x, sets, wanted, new Deviations(mean, low, squares));
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
        if (isLargest)
            Accumulate(x, sets, wanted, new Largest(norm));
        else
            Accumulate(x, sets, wanted, new Powers(norm, p));
        for (int set = 0; set < norm.Length; set++)
            norm[set] = wanted is not null && !wanted[set] ? double.NaN : isLargest || p == 1 ? norm[set] : Math.Pow(norm[set], 1 / p);
        return norm;
    }

    /// <summary>What is added up in each set.</summary>
    private interface ITerm
    {
        /// <summary>A run whose elements are all in one set.</summary>
        void Add(int set, ReadOnlySpan<double> run);

        /// <summary>A run whose first element is in one set and each next one a step further.</summary>
        void Add(int set, int step, ReadOnlySpan<double> run);
    }

    private static void Accumulate<TTerm>(double[] x, IndexMap sets, bool[]? wanted, TTerm term)
        where TTerm : struct, ITerm
    {
        int start = 0, length = sets.RunLength;
        foreach (int first in sets.Runs())
        {
            ReadOnlySpan<double> run = x.AsSpan(start, length);
            start += length;

            // Side by side, sets that nobody wants cost less than to ask for each.
            if (sets.RunStep != 0)
                term.Add(first, sets.RunStep, run);
            else if (wanted is null || wanted[first])
                term.Add(first, run);
        }
    }

    private readonly struct Sums(double[] sums) : ITerm
    {
        public void Add(int set, ReadOnlySpan<double> run)
        {
            double a = 0, b = 0, c = 0, d = 0;
            int i = 0;
            for (; i + 4 <= run.Length; i += 4)
            {
                a += run[i];
                b += run[i + 1];
                c += run[i + 2];
                d += run[i + 3];
            }
            for (; i < run.Length; i++)
                a += run[i];
            sums[set] += a + b + (c + d);
        }

        public void Add(int set, int step, ReadOnlySpan<double> run)
        {
            for (int i = 0; i < run.Length; i++, set += step)
                sums[set] += run[i];
        }
    }

    private readonly struct Deviations(double[] means, double[] low, double[] squares) : ITerm
    {
        public void Add(int set, ReadOnlySpan<double> run)
        {
            double mean = means[set], sumA = 0, sumB = 0, squaresA = 0, squaresB = 0;
            int i = 0;
            for (; i + 2 <= run.Length; i += 2)
            {
                double a = run[i] - mean, b = run[i + 1] - mean;
                sumA += a;
                sumB += b;
                squaresA += a * a;
                squaresB += b * b;
            }
            for (; i < run.Length; i++)
            {
                double a = run[i] - mean;
                sumA += a;
                squaresA += a * a;
            }
            low[set] += sumA + sumB;
            squares[set] += squaresA + squaresB;
        }

        public void Add(int set, int step, ReadOnlySpan<double> run)
        {
            for (int i = 0; i < run.Length; i++, set += step)
            {
                double deviation = run[i] - means[set];
                low[set] += deviation;
                squares[set] += deviation * deviation;
            }
        }
    }

    private readonly struct Powers(double[] sums, double p) : ITerm
    {
        public void Add(int set, ReadOnlySpan<double> run)
        {
            double sum = 0;
            foreach (double value in run)
                sum += Power(value);
            sums[set] += sum;
        }

        public void Add(int set, int step, ReadOnlySpan<double> run)
        {
            for (int i = 0; i < run.Length; i++, set += step)
                sums[set] += Power(run[i]);
        }

        /// <summary>Small whole powers by multiplication: Math.Pow takes ten times as long.</summary>
        private double Power(double value)
        {
            double size = Math.Abs(value);
            return p == 1 ? size : p == 2 ? size * size : p == 3 ? size * size * size : Math.Pow(size, p);
        }
    }

    private readonly struct Largest(double[] sizes) : ITerm
    {
        public void Add(int set, ReadOnlySpan<double> run)
        {
            double largest = sizes[set];
            foreach (double value in run)
                largest = Math.Max(largest, Math.Abs(value));
            sizes[set] = largest;
        }

        public void Add(int set, int step, ReadOnlySpan<double> run)
        {
            for (int i = 0; i < run.Length; i++, set += step)
                sizes[set] = Math.Max(sizes[set], Math.Abs(run[i]));
        }
    }
}

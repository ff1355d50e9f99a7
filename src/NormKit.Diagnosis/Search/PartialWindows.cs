using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Local response norm whose loop left channels out: those are one multiple of the input, the others are right.</summary>
internal static class PartialWindows
{
    private const int MostFound = 4;
    private static readonly double[] Powers = [0.5, 0.75, 1];

    /// <summary>The hypotheses that leave least; none where no channel is a multiple of the input.</summary>
    public static List<Prediction> Run(Problem problem, View view)
    {
        List<Prediction> found = [];
        foreach (bool channelsLast in problem.Shape.Length > 2 ? (bool[])[false, true] : [false])
        {
            int channels = channelsLast ? problem.Shape[^1] : problem.Shape[1];
            int stride = channelsLast ? 1 : Groupings.Product(problem.Shape.AsSpan(2));
            if (LeftOut(problem, view, channels, stride) is not (bool[] leftOut, double divisor))
                continue;
            foreach (WindowKind window in (WindowKind[])[WindowKind.PyTorch, WindowKind.Onnx])
            {
                foreach (int size in Enumerable.Range(1, Math.Min(WindowSearch.MostSize, 2 * channels)).Where(size => window == WindowKind.PyTorch || size % 2 == 0))
                {
                    double[] windows = LocalResponse.Windows(problem, view, window, channelsLast, size);
                    foreach (double power in Powers)
                    {
                        foreach (double k in (double[])[Math.Pow(divisor, 1 / power), 1, 2])
                        {
                            LocalResponse start = new(window, channelsLast, size, 0, power, Nice(problem, k)) { LeftOut = leftOut, LeftOutDivisor = divisor };
                            LocalResponse solved = start with { Alpha = Nice(problem, AlphaOf(view, windows, start, stride)) };
                            if (solved.Alpha > 0)
                                found.Add((solved with { Cost = 2 + WindowSearch.CostOf(solved) }).Predict(problem, view) with { Values = [] });
                        }
                    }
                }
            }
        }
        return [.. found.OrderBy(prediction => prediction.Error).ThenBy(prediction => prediction.Hypothesis.Cost).Take(MostFound)];
    }

    /// <summary>The channels that are one multiple of the input, and what divides it.</summary>
    private static (bool[] LeftOut, double Divisor)? LeftOut(Problem problem, View view, int channels, int stride)
    {
        double bound = problem.ComputingUnit * Finder.RoundingFactor;
        double[] ratio = new double[channels];
        bool[] isConstant = new bool[channels];
        Array.Fill(ratio, double.NaN);
        Array.Fill(isConstant, true);
        for (int i = 0; i < view.Length; i++)
        {
            int channel = view.ElementAt(i) / stride % channels;
            double own = view.X[i] / view.Y[i];
            if (!view.IsCompared[i] || view.X[i] == 0)
                continue;
            if (double.IsNaN(ratio[channel]))
                ratio[channel] = own;
            isConstant[channel] &= Math.Abs(own - ratio[channel]) <= bound * Math.Abs(own);
        }
        double[] candidates = [.. ratio.Where((value, channel) => isConstant[channel] && double.IsFinite(value) && value > 0)];
        if (candidates.Length == 0)
            return null;
        double divisor = candidates.MaxBy(value => candidates.Count(other => Math.Abs(other - value) <= bound * value));
        bool[] leftOut = [.. Enumerable.Range(0, channels).Select(channel => isConstant[channel] && Math.Abs(ratio[channel] - divisor) <= bound * divisor)];
        return leftOut.All(isOut => isOut) ? null : (leftOut, divisor);
    }

    /// <summary>(x / y)^(1 / beta) - k is alpha times the window's mean.</summary>
    private static double AlphaOf(View view, double[] windows, LocalResponse start, int stride)
    {
        double products = 0, squares = 0;
        for (int i = 0; i < windows.Length; i++)
        {
            double z = Math.Pow(view.X[i] / view.Y[i], 1 / start.Beta) - start.K;
            if (start.LeftOut![view.ElementAt(i) / stride % start.LeftOut.Length] || !view.IsCompared[i] || !double.IsFinite(z))
                continue;
            products += z * windows[i];
            squares += windows[i] * windows[i];
        }
        return squares == 0 ? 0 : products / squares;
    }

    private static double Nice(Problem problem, double value)
    {
        double error = 8 * Finder.RoundingFactor * problem.ComputingUnit * Math.Abs(value);
        return value <= 0 ? value : EpsSolver.Round(value, value - error, value + error, null);
    }
}

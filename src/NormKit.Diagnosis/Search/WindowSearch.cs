namespace NormKit.Diagnosis.Search;

/// <summary>Local response norm: for each window, the constants that fit.</summary>
internal static class WindowSearch
{
    public const int MostSize = 15;
    private const int MostFitted = 8;
    private const int Bisections = 20;
    private static readonly double[] Powers = [0.75, 0.5, 1];

    /// <param name="problem">The problem.</param>
    /// <param name="small">Where all windows are tried.</param>
    /// <param name="view">Where the best are.</param>
    /// <param name="stop">Ends the search.</param>
    public static List<Prediction> Run(Problem problem, View small, View view, CancellationToken stop)
    {
        LocalResponse[] starts = [.. Starts(problem)];
        List<Prediction> found = InParallel.Map(starts, start =>
        {
            double[] windows = LocalResponse.Windows(problem, small, start.Window, start.ChannelsLast, start.Size);
            return (Prediction[])[Line(small, windows, start).Found.Predict(problem, small) with { Values = [] }];
        }, stop);
        List<Prediction> best = [];
        foreach (Prediction prediction in found.OrderBy(prediction => prediction.Error).Take(MostFitted))
        {
            LocalResponse start = (LocalResponse)prediction.Hypothesis;
            best.Add(Fit(problem, view, LocalResponse.Windows(problem, view, start.Window, start.ChannelsLast, start.Size), start).Predict(problem, view) with { Values = [] });
        }

        // A loop that leaves channels out fits no line of all windows.
        List<Prediction> partial = PartialWindows.Run(problem, view);
        if (partial.Exists(prediction => prediction.Error <= problem.ComputingUnit * Finder.RoundingFactor))
            return [.. best, .. partial];

        // The power itself is solved for where the usual ones leave something.
        if (best.Exists(prediction => prediction.Error <= problem.ComputingUnit * Finder.RoundingFactor))
            return best;
        foreach (Prediction prediction in best.OrderBy(prediction => prediction.Error).Take(2).ToArray())
            best.Add(AnyPower(problem, view, (LocalResponse)prediction.Hypothesis).Predict(problem, view) with { Values = [] });
        return best;
    }

    private static IEnumerable<LocalResponse> Starts(Problem problem)
    {
        foreach (bool channelsLast in problem.Shape.Length > 2 ? (bool[])[false, true] : [false])
        {
            int channels = channelsLast ? problem.Shape[^1] : problem.Shape[1];
            foreach (int size in Enumerable.Range(1, Math.Min(MostSize, 2 * channels)))
            {
                foreach (double power in Powers)
                {
                    yield return new(WindowKind.PyTorch, channelsLast, size, 0, power, 1);

                    // An odd window has one place only.
                    if (size % 2 == 0)
                        yield return new(WindowKind.Onnx, channelsLast, size, 0, power, 1);
                    yield return new(WindowKind.Running, channelsLast, size, 0, power, 1);
                }
            }
        }
    }

    private static LocalResponse AnyPower(Problem problem, View view, LocalResponse start)
    {
        double[] windows = LocalResponse.Windows(problem, view, start.Window, start.ChannelsLast, start.Size);
        double from = Math.Log(0.05), to = Math.Log(4);
        double Error(double logPower) => Fit(problem, view, windows, start with { Beta = Math.Exp(logPower) }).Predict(problem, view).Error;
        for (int step = 0; step < Bisections; step++)
        {
            double a = from + ((to - from) * 0.382), b = from + ((to - from) * 0.618);
            if (Error(a) < Error(b))
                to = b;
            else
                from = a;
        }
        double power = Math.Exp((from + to) / 2), error = Error(Math.Log(power));
        double rounded = Math.Round(power, 2);
        if (rounded > 0 && Error(Math.Log(rounded)) <= Math.Max(error * 1.05, problem.ComputingUnit * 2))
            power = rounded;
        return Fit(problem, view, windows, start with { Beta = power });
    }

    /// <summary>With the power known, (x / y)^(1 / power) is a straight line of the window's mean: its slope is alpha, its start k.</summary>
    private static (LocalResponse Found, double AlphaScale, double KScale) Line(View view, double[] windows, LocalResponse start)
    {
        double weights = 0, sumQ = 0, sumZ = 0, sumQQ = 0, sumQZ = 0;
        for (int i = 0; i < windows.Length; i++)
        {
            double ratio = view.X[i] / view.Y[i], z = Math.Pow(ratio, 1 / start.Beta);
            if (!view.IsCompared[i] || !(ratio > 0) || !double.IsFinite(z) || z == 0)
                continue;

            // An error of the output weighs by how much z moves it.
            double weight = start.Beta * view.Y[i] / z / view.Scales[i];
            weight *= weight;
            weights += weight;
            sumQ += weight * windows[i];
            sumZ += weight * z;
            sumQQ += weight * windows[i] * windows[i];
            sumQZ += weight * windows[i] * z;
        }
        double determinant = (weights * sumQQ) - (sumQ * sumQ);
        if (!(determinant > 0))
            return (start with { Cost = 9 }, 0, 0);
        double alpha = ((weights * sumQZ) - (sumQ * sumZ)) / determinant;

        // A negative alpha is nobody's: the window is a wrong one.
        if (alpha < 0)
            alpha = 0;
        double k = (sumZ - (alpha * sumQ)) / weights;
        return (start with { Alpha = alpha, K = k }, Math.Sqrt(weights / determinant), Math.Sqrt(sumQQ / determinant));
    }

    /// <summary>The line's constants, as people would write them where that fits as well.</summary>
    private static LocalResponse Fit(Problem problem, View view, double[] windows, LocalResponse start)
    {
        (LocalResponse found, double alphaScale, double kScale) = Line(view, windows, start);
        double error = found.Predict(problem, view).Error, noise = 5 * Math.Max(error, problem.ComputingUnit);
        LocalResponse nice = found with { Alpha = Nice(found.Alpha, noise * alphaScale), K = Nice(found.K, noise * kScale) };
        if (nice.Predict(problem, view).Error <= Math.Max(error * 1.05, problem.ComputingUnit * 2))
            found = nice;
        return found with { Cost = CostOf(found) };
    }

    private static double Nice(double value, double error) =>
        value <= 0 ? value : EpsSolver.Round(value, value - error, value + error, 1 >= value - error && 1 <= value + error ? 1 : null);

    public static double CostOf(LocalResponse found) =>
        1 + (found.Window == WindowKind.PyTorch ? 0 : found.Window == WindowKind.Onnx ? 0.3 : 0.6) + (found.Beta == 0.75 ? 0 : 0.5)
        + (found.K is 1 or 2 ? 0 : 0.5) + (found.ChannelsLast ? 0.3 : 0)

        // A running window of 6 channels is one of 5 with another alpha.
        + (found.Window == WindowKind.Running && found.Size % 2 == 0 ? 0.7 : 0);
}

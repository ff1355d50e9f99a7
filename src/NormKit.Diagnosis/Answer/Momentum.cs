using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>How running statistics moved: after = (1 - m) * before + m * batch, solved for m, with both divisors.</summary>
internal static class Momentum
{
    private const double Same = 1e-4;

    public static MomentumFinding? Of(Problem problem, View whole)
    {
        DiagnosisRequest request = problem.Request;
        if (request.RunningMean is not double[] before || request.RunningMeanAfter is not double[] after
            || request.RunningVar is not double[] varBefore || request.RunningVarAfter is not double[] varAfter)
            return null;
        Grouping? batch = problem.Groupings.FirstOrDefault(grouping => grouping.Sets.Count == before.Length
            && grouping.Readings.Any(reading => reading is { Kind: NormalizationKind.BatchNorm, PerPosition: false, Order: not ChannelOrder.Misread }));
        if (batch is null)
            return null;
        SetMoments moments = whole.MomentsOf(batch.Sets, NumberFormat.Float64);
        double n = batch.SetSize;
        double[] sample = Array.ConvertAll(moments.Variance, variance => variance * n / (n - 1));
        int[] poisoned = [.. Enumerable.Range(0, after.Length).Where(c => !double.IsFinite(after[c]) || !double.IsFinite(varAfter[c]))];
        if (poisoned.Length == after.Length)
            return new("All running statistics after the call are NaN or infinite: a batch with such a value, or with one value a channel, moved in.", double.NaN, null, double.NaN);
        if (Same2(before, after) && Same2(varBefore, varAfter))
            return new("The running statistics did not move: evaluation, or a momentum of 0.", 0, null, 0);
        (double m, double error) = Solve(before, moments.Mean, after);
        (double mSample, double errorSample) = Solve(varBefore, sample, varAfter);
        (double mPopulation, double errorPopulation) = Solve(varBefore, moments.Variance, varAfter);
        bool isSample = errorSample + Math.Abs(mSample - m) <= errorPopulation + Math.Abs(mPopulation - m);
        double varError = isSample ? errorSample : errorPopulation;
        if (Math.Max(error, varError) > Same * 10)
        {
            return new($"The running statistics did not move towards this batch's by any one momentum (nearest {Names.Number(Rounded(m))}, off by {Names.Percent(Math.Max(error, varError))}).",
                m, null, Math.Max(error, varError));
        }
        double rounded = Rounded(m);
        bool tells = Math.Abs(errorSample - errorPopulation) + Math.Abs(mSample - mPopulation) > 1e-6;
        string convention = rounded < 0.5
            ? $"that is momentum {Names.Number(rounded)} in PyTorch, TorchSharp and NormKit, {Names.Number(Rounded(1 - m))} in Keras, Flax and ONNX"
            : $"that is momentum {Names.Number(rounded)} in PyTorch; where {Names.Number(rounded)} was meant as Keras, Flax and ONNX have it, it weighed the wrong side, and {Names.Number(Rounded(1 - m))} belongs here";
        string variance = !tells ? "" : isSample ? "; the variance moved in was divided by n - 1, as PyTorch's"
            : "; the variance moved in was divided by n, as that of ONNX and Keras, where PyTorch's is by n - 1";
        string nan = poisoned.Length == 0 ? "" : $" {(poisoned.Length == 1 ? "Channel" : "Channels")} {string.Join(", ", poisoned.Take(8))} became NaN or infinite.";
        return new($"The running statistics moved by {Names.Number(rounded)} towards the batch's: {convention}{variance}.{nan}", rounded, tells ? isSample : null, Math.Max(error, varError));
    }

    /// <summary>The factor m of after - before = m * (batch - before), and the largest error it leaves.</summary>
    private static (double Momentum, double Error) Solve(double[] before, double[] batch, double[] after)
    {
        double products = 0, squares = 0, scale = 0;
        for (int c = 0; c < before.Length; c++)
        {
            double step = batch[c] - before[c], moved = after[c] - before[c];
            if (!double.IsFinite(step) || !double.IsFinite(moved))
                continue;
            products += step * moved;
            squares += step * step;
            scale = Math.Max(scale, Math.Max(Math.Abs(after[c]), Math.Abs(step)));
        }
        double m = squares == 0 ? 0 : products / squares, error = 0;
        for (int c = 0; c < before.Length; c++)
        {
            double off = Math.Abs(before[c] + (m * (batch[c] - before[c])) - after[c]);
            if (double.IsFinite(off))
                error = Math.Max(error, off / Math.Max(scale, double.Epsilon));
        }
        return (m, error);
    }

    private static double Rounded(double m)
    {
        for (int digits = 1; digits <= 4; digits++)
        {
            double rounded = Math.Round(m, digits);
            if (Math.Abs(rounded - m) <= Same * Math.Max(Math.Abs(m), 0.1))
                return rounded;
        }
        return m;
    }

    private static bool Same2(double[] a, double[] b) => a.Zip(b).All(pair => pair.First == pair.Second);
}

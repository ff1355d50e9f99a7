using System.Globalization;

namespace NormKit.IO;

/// <summary>Looks for what is wrong with one norm, by itself.</summary>
internal static class FindingRules
{
    /// <summary>PyTorch's default for batch norm, which judges variances where no file says the eps.</summary>
    private const double UsualBatchEps = 1e-5;

    /// <summary>Keras' default, the largest in use.</summary>
    private const double LargeEps = 1e-3;

    private const double LargestSaneEps = 0.01;

    /// <summary>What rounds to infinity in half precision: half a unit above the largest number, 65504.</summary>
    private const double HalfLimit = 65520;

    internal static void Apply(ModelNorm norm, NormValues values)
    {
        Incomplete(norm, values);
        NotFinite(norm, values);
        Variance(norm, values);
        Statistics(norm, values);
        Dead(norm, values);
        Eps(norm);
        Half(norm, values);
        Momentum(norm);
        if (norm.IsTraining)
        {
            norm.Add(NormFindingKind.TrainingMode, "the node normalizes by the statistics of each batch, so a result depends on the other samples of its batch. "
                + "Export the model after model.eval(), with training=TrainingMode.EVAL.");
        }
    }

    private static void Incomplete(ModelNorm norm, NormValues values)
    {
        if (norm.Missing is string missing)
            norm.Add(NormFindingKind.Incomplete, $"{missing} is missing beside its other tensors. Save the whole state_dict, or rename the tensor.");
        foreach ((string part, ModelTensor tensor) in norm.Parts)
        {
            if (norm.Weight is ModelTensor weight && tensor.Count != weight.Count)
                norm.Add(NormFindingKind.Incomplete, $"the {part} has {tensor.Count} values, but the weight has {weight.Count}. One of the two belongs to another layer: save the model anew.");
        }
        if (norm.RunningMean is ModelTensor mean && norm.RunningVar is ModelTensor variance && norm.Weight is null && mean.Count != variance.Count)
            norm.Add(NormFindingKind.Incomplete, $"the running mean has {mean.Count} values, but the running variance has {variance.Count}. Save the model anew.");
    }

    private static void NotFinite(ModelNorm norm, NormValues values)
    {
        foreach ((string part, double[] all) in values.All)
        {
            int nans = all.Count(double.IsNaN), infinities = all.Count(double.IsInfinity);
            if (nans + infinities == 0)
                continue;
            string what = string.Join(" and ", ((string[])[nans > 0 ? $"{nans} NaN" : "", infinities > 0 ? $"{infinities} {(infinities == 1 ? "infinity" : "infinities")}" : ""]).Where(text => text.Length > 0));
            bool isStatistic = part.StartsWith("running", StringComparison.Ordinal);
            norm.Add(NormFindingKind.NotFinite, $"the {part} holds {what}, first in channel {Array.FindIndex(all, value => !double.IsFinite(value))}: every output that {(nans + infinities == 1 ? "it reaches" : "they reach")} is lost. "
                + (isStatistic ? "One batch with such a value does this for good: go back to a checkpoint before it, or set the statistics anew from clean batches." : "Go back to a checkpoint before the training diverged."));
        }
    }

    private static void Variance(ModelNorm norm, NormValues values)
    {
        if (values.Variance is not double[] variance)
            return;
        int negative = variance.Count(value => value < 0);
        if (negative > 0)
        {
            double least = variance.Where(value => value < 0).Min();
            string after = norm.Eps is double eps && least + eps < 0 ? $", and with eps {Text(eps)} it stays below 0, which gives NaN" : "";
            norm.Add(NormFindingKind.NegativeVariance, $"the running variance is negative in {Channels(negative, variance.Length)}, least {Text(least)} in channel {Array.IndexOf(variance, least)}{after}. "
                + "A variance cannot be: the statistics were averaged, quantized or converted wrongly. Compute them anew.");
        }

        double limit = norm.Eps ?? UsualBatchEps;
        int below = variance.Count(value => value >= 0 && value < limit);
        if (below == 0 || IsNew(values) || limit <= 0 || norm.IsTraining)
            return;
        double other = limit > 3 * UsualBatchEps ? UsualBatchEps : LargeEps;
        double change = variance.Where(value => value >= 0 && value < limit).Max(value => Math.Sqrt((value + limit) / (value + other)));
        string effect = change >= 1
            ? $"up to {Text(Rounded(change))} times as large"
            : $"down to {Text(Rounded(variance.Where(value => value >= 0 && value < limit).Min(value => Math.Sqrt((value + limit) / (value + other)))))} of what they are";
        norm.Add(NormFindingKind.VarianceBelowEps, $"{Channels(below, variance.Length)} ({Text(Math.Round(100.0 * below / variance.Length, 1))} %) have a variance below {(norm.Eps is null ? "1e-5, PyTorch's default eps" : $"eps {Text(limit)}")}, "
            + $"least {Text(variance.Where(value => value >= 0).Min())}: eps decides their scale. With eps {Text(other)} their outputs would be {effect}. Keep the eps of the training when you convert, and do not fold with another.");
    }

    private static void Statistics(ModelNorm norm, NormValues values)
    {
        if (norm.IsTraining)
            return;
        if (IsNew(values))
        {
            string counted = norm.BatchesTracked switch { null => "", 0 => ", and no batch was counted", 1 => ", although 1 batch was counted", long count => $", although {count} batches were counted" };
            norm.Add(NormFindingKind.UntouchedStatistics, $"the running mean is 0 and the running variance 1 in all {values.Variance!.Length} channels, as in a new layer{counted}: in evaluation the layer does not normalize. "
                + "Load the statistics of the trained model, or run batches through it in training mode.");
            return;
        }
        foreach ((string part, double[]? all) in ((string, double[]?)[])[("running mean", values.Mean), ("running variance", values.Variance)])
        {
            if (all is { Length: > 1 } && double.IsFinite(all[0]) && Array.TrueForAll(all, value => value == all[0]) && (part == "running variance" || all[0] != 0))
            {
                norm.Add(NormFindingKind.AlikeStatistics, $"the {part} is {Text(all[0])} in all {all.Length} channels, which no data gives: it was filled in, not measured. "
                    + "Load the statistics of the trained model, or compute them from batches.");
            }
        }
    }

    private static void Dead(ModelNorm norm, NormValues values)
    {
        if (values.Weight is not { Length: > 0 } weight || norm.LooksMinusOne == true && norm.AddsOne != true && Array.TrueForAll(weight, value => value == 0))
            return;
        double offset = norm.AddsOne == true ? 1 : 0;
        double most = weight.Where(double.IsFinite).Select(value => Math.Abs(value + offset)).DefaultIfEmpty(0).Max();
        int dead = weight.Count(value => Math.Abs(value + offset) <= 1e-6 * Math.Min(1, most));
        if (dead == 0)
            return;
        int first = Array.FindIndex(weight, value => Math.Abs(value + offset) <= 1e-6 * Math.Min(1, most));
        bool all = dead == weight.Length;
        norm.Add(NormFindingKind.DeadChannels, $"the weight {(offset == 1 ? "plus one " : "")}is 0 in {(all ? $"all {weight.Length} channels" : Channels(dead, weight.Length))}{(all ? "" : $", first in channel {first}")}: "
            + $"{(dead == 1 ? "its output is" : "their output is")} {(values.Bias is null ? "0" : "the bias")} whatever comes in. "
            + (all ? "If the training did not end so, the weight was not loaded." : "Such channels can be pruned, with what feeds and reads them; training with weight decay makes them."));
    }

    private static void Eps(ModelNorm norm)
    {
        if (norm.Eps is not double eps || eps > 0 && eps <= LargestSaneEps)
            return;
        string effect = eps == 0 ? "equal values in a row give NaN" : eps > LargestSaneEps ? "it is larger than any in use (1e-12 to 1e-3), and shrinks what it should only guard" : "no variance plus it is safe to take the root of";
        string rounded = eps == 0 && norm.TypeName == "F16" ? " Half precision has no number between 0 and 6e-8: give the graph an eps of 1e-7 or more, or compute the norm in float." : " Take the eps of the training.";
        norm.Add(NormFindingKind.UnusualEps, $"eps is {Text(eps)} ({norm.EpsSource}): {effect}.{rounded}");
    }

    private static void Half(ModelNorm norm, NormValues values)
    {
        foreach ((string part, double[] all) in values.All)
        {
            int count = all.Count(value => double.IsFinite(value) && Math.Abs(value) >= HalfLimit);
            if (count == 0)
                continue;
            double most = all.Where(double.IsFinite).MaxBy(Math.Abs);
            norm.Add(NormFindingKind.HalfOverflow, $"the {part} holds {(count == 1 ? "a value" : $"{count} values")} that half precision cannot hold, {(count == 1 ? "" : "largest ")}{Text(most)} in channel {Array.IndexOf(all, most)} (its limit is 65504): "
                + "converted to float16 it becomes infinite. Keep this tensor in float32 or bfloat16.");
        }
    }

    private static void Momentum(ModelNorm norm)
    {
        if (norm.Kind != NormKind.BatchNorm || norm.Momentum is not double momentum)
            return;
        if (norm.Where.StartsWith("node ", StringComparison.Ordinal) || norm.Where.Contains(": node ", StringComparison.Ordinal))
        {
            if (momentum < 0.5)
            {
                norm.Add(NormFindingKind.Momentum, $"momentum is {Text(momentum)}. In ONNX it weighs the old statistics, so this looks like PyTorch's, which weighs the new ones: write {Text(Rounded(1 - momentum))}. "
                    + "Inference does not use it; training from this file does.");
            }
        }
        else if (momentum > 0.5)
        {
            norm.Add(NormFindingKind.Momentum, $"config.json says momentum {Text(momentum)}. In PyTorch it weighs the new statistics, so this looks like Keras', which weighs the old ones: there it is {Text(Rounded(1 - momentum))}. "
                + "Inference does not use it; training from this file does.");
        }
    }

    private static bool IsNew(NormValues values) => values is { Mean: double[] mean, Variance: double[] variance }
        && variance.Length > 0 && Array.TrueForAll(mean, value => value == 0) && Array.TrueForAll(variance, value => value == 1);

    private static string Channels(int count, int of) => $"{count} of {of} channels";

    internal static double Rounded(double value) => double.Parse(value.ToString("G3", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A number as people write it: 1e-5, 0.25, 123456.</summary>
    internal static string Text(double value)
    {
        string text = value.ToString("G6", CultureInfo.InvariantCulture);
        int e = text.IndexOf('E', StringComparison.Ordinal);
        if (e >= 0)
            return $"{text[..e]}e{int.Parse(text[(e + 1)..], CultureInfo.InvariantCulture)}";

        // 0.0001 is short in full, 0.000123456 is not.
        return value != 0 && Math.Abs(value) < 1e-3 && text.Length > 6 ? value.ToString("0.#####e0", CultureInfo.InvariantCulture) : text;
    }
}

using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Words;

/// <summary>What in a recipe departs from the layer expected, or from a textbook's.</summary>
internal static class Causes
{
    public static List<Cause> Of(Problem problem, Recipe recipe, Reading reading, Recipe? reference)
    {
        List<Cause> causes = [];
        void Add(CauseKind kind, string text) => causes.Add(new(kind, text));
        AddGrouping(problem, recipe, reading, Add);
        AddStatistic(problem, recipe, reference, Add);
        AddEps(problem, recipe, Add);
        AddAffine(problem, recipe, reading, Add);
        AddFold(recipe, Add);
        AddRounding(problem, recipe, Add);
        return causes;
    }

    private static void AddGrouping(Problem problem, Recipe recipe, Reading reading, Action<CauseKind, string> add)
    {
        ExpectedLayer? expected = problem.Expected;
        NormalizationKind kind = Names.KindOf(reading, recipe.Core);
        if (reading.Interleaved)
            add(CauseKind.InterleavedGroups, "with channel c in group c mod G where groups are of neighbouring channels");
        if (reading.Order == ChannelOrder.Misread)
            add(CauseKind.MisreadLayout, "with the memory of one layout read as the other's");
        if (expected is null)
            return;
        if (expected.Kind != kind || (kind is NormalizationKind.LayerNorm or NormalizationKind.RmsNorm or NormalizationKind.LpNormalize
            && !Expectation.Fits(expected, reading, recipe.Core, problem.Shape)))
        {
            add(CauseKind.OtherLayer, $"not the {expected.Kind} expected");
            return;
        }
        if (kind == NormalizationKind.GroupNorm && expected.Groups != reading.Groups)
            add(CauseKind.OtherGroups, $"with {reading.Groups} groups where {expected.Groups} are expected");
        if (reading.Order != ChannelOrder.Misread && kind is NormalizationKind.GroupNorm or NormalizationKind.BatchNorm or NormalizationKind.InstanceNorm
            && (reading.Order == ChannelOrder.Last) != expected.ChannelsLast)
        {
            add(CauseKind.ChannelOrder, expected.ChannelsLast ? "with the channels in dimension 1 where they are the last" : "with the last dimension taken as the channels");
        }
        if (reading.PerPosition)
            add(CauseKind.OtherLayer, "with statistics for each position");
    }

    private static void AddStatistic(Problem problem, Recipe recipe, Recipe? reference, Action<CauseKind, string> add)
    {
        bool expectsEval = problem.Expected?.Eval ?? recipe.Core.UsesRunning;
        if (recipe.IsSample && recipe.Core.Spread != Spread.Updated)
        {
            add(CauseKind.SampleVariance, recipe.Core.IsRms
                ? "with the sum of squares divided by n - 1 where PyTorch divides by n" : "with the sample variance (n - 1) where PyTorch uses n");
        }
        switch (recipe.Core.Center, recipe.Core.Spread)
        {
            case (Center.None, Spread.Variance):
                add(CauseKind.NotCentered, "with the mean not subtracted");
                break;
            case (Center.Mean, Spread.MeanSquare):
                add(CauseKind.SpreadNotCentered, "with the mean of squares in place of the variance");
                break;
            case (Center.Mean or Center.Running, Spread.One):
                add(recipe.Core.Center == Center.Mean ? CauseKind.NotScaled : CauseKind.FoldNotDivided, "not divided by the deviation");
                break;
            case (Center.RunningAfter, _):
                add(CauseKind.StaleStatistics, "with the running statistics of after the update");
                break;
            case (Center.None, Spread.Initial):
                add(CauseKind.InitialStatistics, "with the running statistics of a new layer, mean 0 and variance 1");
                break;
            case (Center.None, Spread.Running):
                add(CauseKind.FoldMeanMissing, "with the running mean not subtracted");
                break;
            case (Center.Running, Spread.RunningUnrooted):
                add(CauseKind.VarianceNotRooted, "divided by the running variance, not by its root");
                break;
            case (Center.Mean, Spread.VarianceUnrooted):
                add(CauseKind.VarianceNotRooted, "divided by the variance, not by its root");
                break;
            case (Center.None, Spread.MeanSquareUnrooted):
                add(CauseKind.VarianceNotRooted, "divided by the mean of squares, not by its root");
                break;
            case (Center.None, Spread.NormUnrooted):
                add(CauseKind.VarianceNotRooted, "divided by the sum of squares, not by its root");
                break;
            case (Center.Updated, _):
                add(CauseKind.StaleStatistics, $"with the running statistics{(problem.RunningMean is null ? " of a new layer, mean 0 and variance 1," : "")} after this batch moved them by momentum "
                    + $"{Names.Number(recipe.Momentum)}{(recipe.IsSample ? "" : ", its variance divided by n")}");
                break;
            case (Center.Mean, Spread.Running) or (Center.Running, Spread.Variance):
                add(CauseKind.MixedStatistics, recipe.Core.Center == Center.Mean
                    ? "with the batch's mean and the running variance" : "with the running mean and the batch's variance");
                break;
        }
        if (recipe.Core.UsesRunning && !expectsEval)
            add(CauseKind.RunningStatistics, "with running statistics where those of the batch are expected");
        if (!recipe.Core.UsesRunning && expectsEval && reference?.Core.UsesRunning == true)
            add(CauseKind.BatchStatistics, "with the statistics of the batch where running ones are expected");
        if (recipe.Core.UsesRunning && problem.RunningVar is double[] variances && Array.Exists(variances, value => !(value >= 0)))
            add(CauseKind.Poisoned, $"with a running variance that is NaN or negative in {Channels(variances)}");
    }

    private static void AddEps(Problem problem, Recipe recipe, Action<CauseKind, string> add)
    {
        bool isFree = problem.Expected?.Eps is null && recipe.Core.IsRms || recipe.Core.IsNorm;
        double usual = Costs.DefaultEps(problem, recipe.Core);
        if (recipe.Core.Spread == Spread.One)
            return;

        // In 16 bits it is the roundings that tell one eps from another, not the range in which the factors allow it.
        bool tells = problem.OutputFormat.Is16Bit() && SetSearch.Told16.Contains(recipe.Eps) && SetSearch.Told16.Contains(usual);
        bool same = Math.Abs(recipe.Eps - usual) <= 1e-6 * usual || (!tells && usual >= recipe.EpsRange.Least && usual <= recipe.EpsRange.Most);
        if (recipe.Place == EpsPlace.After)
        {
            add(CauseKind.EpsAfterDivision, $"with {Names.Number(recipe.Eps)} added after the division, not to what is divided by");
            return;
        }
        if (!same && !isFree && recipe.Place != EpsPlace.Clamp)
            add(CauseKind.Eps, $"with eps {Names.Number(recipe.Eps)} where {(problem.Expected?.Eps is null ? "the default is" : "it should be")} {Names.Number(usual)}");
        if (recipe.Eps == 0)
            return;
        if (recipe.Place == EpsPlace.Outside && recipe.Core.Spread != Spread.Norm && !recipe.Core.IsUnrooted)
            add(CauseKind.EpsOutside, "with eps added outside the root");
        if (recipe.Place == EpsPlace.Clamp && recipe.Core.Spread != Spread.Norm)
            add(CauseKind.EpsClamp, $"with the deviation bounded from below by {Names.Number(recipe.Eps)} in place of eps");
        if (recipe.Core.Spread == Spread.Norm && recipe.Place != EpsPlace.Clamp)
            add(recipe.Place == EpsPlace.Outside ? CauseKind.EpsOutside : CauseKind.Eps, "with eps added to the norm where PyTorch bounds it");
    }

    private static void AddAffine(Problem problem, Recipe recipe, Reading reading, Action<CauseKind, string> add)
    {
        (Parameter weight, Parameter bias) = (recipe.Affine.Weight, recipe.Affine.Bias);
        bool hasWeight = problem.Request.Weight is not null, hasBias = problem.Request.Bias is not null;
        if (weight.Origin == Origin.Bias)
            add(CauseKind.Swapped, "with weight and bias exchanged");
        if (weight.Origin == Origin.None && hasWeight && bias.Origin != Origin.Weight)
            add(CauseKind.WeightIgnored, "without the weight");
        if (bias.Origin == Origin.None && hasBias && weight.Origin != Origin.Bias)
            add(CauseKind.BiasIgnored, "without the bias");
        bool stored = problem.Expected?.UnitOffset == true;
        if (weight.Origin is Origin.Weight or Origin.Bias && (weight.Use == Use.PlusOne) != stored && weight.Use is Use.AsIs or Use.PlusOne)
            add(CauseKind.WeightOffset, stored ? "with the weight as it is stored, without 1 added" : "with 1 added to the weight, as if stored minus one");
        if (weight.Use == Use.MinusOne)
            add(CauseKind.WeightOffset, "with 1 taken off the weight");
        if (weight.Use == Use.Twice)
            add(CauseKind.WeightTwice, "with the weight applied twice");
        if (bias.Use == Use.Twice)
            add(CauseKind.BiasTwice, "with the bias added twice");
        if (recipe.Affine.BiasFirst)
            add(CauseKind.BiasBeforeWeight, "with the bias added before the weight multiplies");
        if (bias.Origin == Origin.Ones)
            add(CauseKind.BiasOfOnes, "with ones in place of the missing bias");
        if (weight.IsFitted)
            add(CauseKind.UnknownWeight, hasWeight ? "with a weight that is not the one given (fitted)" : "with a weight that was not given (fitted)");
        if (bias.IsFitted)
            add(CauseKind.UnknownBias, hasBias ? "with a bias that is not the one given (fitted)" : "with a bias that was not given (fitted)");
        Parameter laid = weight.Map is null ? bias : weight;
        if (laid.Map is null || laid.Spreading == Spreading.Scalar || laid.Map.Equals(reading.Weights))
            return;
        if (laid.Spreading == Spreading.Group)
            add(CauseKind.WeightPerGroup, "with one weight a group, as in ONNX GroupNormalization 18");
        else
            add(CauseKind.WeightOrder, "with the weight along " + Along(laid.Spreading));
    }

    private static void AddFold(Recipe recipe, Action<CauseKind, string> add)
    {
        switch (recipe.Fold)
        {
            case FoldFault.MeanAdded:
                add(CauseKind.FoldMeanAdded, "with the running mean added where it is subtracted");
                break;
            case FoldFault.MeanNotScaled:
                add(CauseKind.FoldMeanNotScaled, "with the running mean subtracted without the scale");
                break;
            case FoldFault.ConvolutionBiasNotScaled:
                add(CauseKind.FoldBiasNotScaled, "with the convolution's bias not scaled");
                break;
            case FoldFault.ConvolutionBiasDropped:
                add(CauseKind.FoldBiasDropped, "with the convolution's bias left out");
                break;
        }
    }

    private static void AddRounding(Problem problem, Recipe recipe, Action<CauseKind, string> add)
    {
        Roundings roundings = recipe.Roundings;
        if (roundings.Input != NumberFormat.Float64)
        {
            add(roundings.InputUse == RoundedUse.Both ? CauseKind.InputRounded : CauseKind.StatisticsOfOtherInput, roundings.InputUse switch
            {
                RoundedUse.Both => $"with the input rounded to {roundings.Input.Name()}",
                RoundedUse.Statistics => $"with the statistics of the input rounded to {roundings.Input.Name()}, the elements not rounded",
                _ => $"with the elements rounded to {roundings.Input.Name()}, the statistics those of the input before that",
            });
        }
        if (roundings.Sums != NumberFormat.Float64)
            add(CauseKind.SumsRounded, $"with sums accumulated in {roundings.Sums.Name()}{(roundings.RoundsTerms ? ", each term rounded" : "")}");
        if (roundings.WeightSum != NumberFormat.Float64)
            add(CauseKind.WeightSumRounded, $"with 1 + weight computed in {roundings.WeightSum.Name()}");
        if (roundings.IsTruncated)
            add(CauseKind.OutputTruncated, $"cut off to {roundings.Output.Name()}, towards 0, not rounded");
        if (roundings.Statistics != NumberFormat.Float64)
            add(CauseKind.StatisticsRounded, $"with {(recipe.Core.IsRms ? roundings.OfVariance ? "the mean of squares" : "1 / rms" : roundings.OfVariance ? "mean and variance" : "mean and 1 / deviation")} rounded to {roundings.Statistics.Name()}");
        if (roundings.Parameters != NumberFormat.Float64)
            add(CauseKind.ParametersRounded, $"with weight and bias rounded to {roundings.Parameters.Name()}");
        if (roundings.Normalized != NumberFormat.Float64)
            add(CauseKind.CastBeforeWeight, $"rounded to {roundings.Normalized.Name()} before the weight multiplies");
        if (roundings.Fast != FastVariance.None)
            add(CauseKind.FastVariance, "with the variance computed as E[x^2] - E[x]^2 in float");
        if (problem.OutputFormat != problem.Request.OutputFormat && problem.OutputFormat.Unit() > problem.Request.InputFormat.Unit())
            add(CauseKind.OutputRounded, $"rounded to {problem.OutputFormat.Name()} at the end");
    }

    private static string Along(Spreading spreading) => spreading switch
    {
        Spreading.Channel => "the channels, dimension 1",
        Spreading.LastAxis => "the last dimension",
        Spreading.Element => "the elements of a sample",
        Spreading.Tiled => "the channels, repeated as a whole",
        _ => "the elements in the other order of memory",
    };

    public static string Channels(double[] values)
    {
        int[] broken = [.. Enumerable.Range(0, values.Length).Where(c => !(values[c] >= 0))];
        return $"{(broken.Length == 1 ? "channel" : "channels")} {string.Join(", ", broken.Take(8))}{(broken.Length > 8 ? ", ..." : "")}";
    }
}

using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>The layer nearest to what was found, as textbooks and PyTorch have it: what the original difference is measured from where no
/// layer was named.</summary>
internal static class Textbook
{
    public static Hypothesis Of(Problem problem, Hypothesis found)
    {
        if (found is not Recipe recipe)
        {
            LocalResponse window = (LocalResponse)found;
            return new LocalResponse(WindowKind.PyTorch, window.ChannelsLast, window.Size, 1e-4, 0.75, 1);
        }
        Reading reading = Costs.ReadingOf(problem, recipe).Reading;
        Core core = recipe.Core.IsNorm ? new(Center.None, Spread.Norm, recipe.Core.P)
            : recipe.Core.IsRms ? new(Center.None, Spread.MeanSquare)
            : recipe.Core.UsesRunning && problem.RunningMean is not null ? new(Center.Running, Spread.Running) : new(Center.Mean, Spread.Variance);
        Grouping grouping = recipe.Grouping;
        if (reading.Interleaved || reading.Order == ChannelOrder.Misread)
        {
            grouping = problem.Groupings.FirstOrDefault(other => other.Readings.Any(plain => plain.Kind == reading.Kind && plain.Groups == reading.Groups
                && !plain.Interleaved && !plain.PerPosition && plain.Order == (reading.Order == ChannelOrder.Last ? ChannelOrder.Last : ChannelOrder.First))) ?? grouping;
            reading = grouping.Readings[0];
        }
        bool isFree = core.Center == Center.None;
        return new Recipe(grouping, core, new(
            Given(problem, problem.Request.Weight, Origin.Weight, reading), Given(problem, problem.Request.Bias, Origin.Bias, reading)))
        {
            Eps = isFree ? recipe.Eps : Costs.DefaultEps(problem, core),
            Place = core.Spread == Spread.Norm ? EpsPlace.Clamp : EpsPlace.Inside,
        };
    }

    private static Parameter Given(Problem problem, double[]? values, Origin origin, Reading reading)
    {
        if (values is null)
            return Parameter.None;
        List<(IndexMap Map, Spreading Spreading)> maps = WeightMaps.Of(problem.Shape, values.Length);
        int at = Math.Max(0, maps.FindIndex(map => map.Map.Equals(reading.Weights)));
        return new(origin, maps[at].Map, Use.AsIs, maps[at].Spreading);
    }
}

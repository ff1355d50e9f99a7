using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Every way in which weight and bias may have been used.</summary>
internal static class AffineVariants
{
    /// <summary>With the values given, right and wrong; without any if none are given.</summary>
    public static List<Affine> Given(Problem problem)
    {
        int[] shape = problem.Shape;
        double[]? weight = problem.Request.Weight, bias = problem.Request.Bias;
        List<Parameter> weights = [.. Uses(shape, weight, Origin.Weight, IsNeutral(weight, 1) ? [Use.AsIs, Use.PlusOne] : [Use.AsIs, Use.PlusOne, Use.MinusOne, Use.Twice])];
        List<Parameter> biases = [.. Uses(shape, bias, Origin.Bias, IsNeutral(bias, 0) ? [Use.AsIs] : [Use.AsIs, Use.Twice])];
        List<Affine> variants = [];
        foreach (Parameter w in IsNeutral(weight, 1) ? weights : weights.Append(Parameter.None))
        {
            foreach (Parameter b in IsNeutral(bias, 0) ? biases : biases.Append(Parameter.None))
            {
                // Values of the same number are laid out alike.
                if (w.Map is not null && b.Map is not null && weight!.Length == bias!.Length && !w.Map.Equals(b.Map))
                    continue;
                variants.Add(new(w, b, Cost: CostOf(w, weight, Origin.Weight) + CostOf(b, bias, Origin.Bias)));
                if (w.Map is not null && b is { Use: Use.AsIs, Map: not null })
                    variants.Add(new(w, b, BiasFirst: true, Cost: 2 + CostOf(w, weight, Origin.Weight)));
            }
        }
        if (weight is not null && bias is not null && weight.Length == bias.Length)
        {
            foreach ((IndexMap map, Spreading spreading) in WeightMaps.Of(shape, weight.Length))
            {
                foreach (Use use in (Use[])[Use.AsIs, Use.PlusOne])
                {
                    double cost = 2 + SpreadingCost(spreading) + (use == Use.AsIs ? 0 : 1.5);
                    variants.Add(new(new(Origin.Bias, map, use, spreading), new(Origin.Weight, map, Use.AsIs, spreading), Cost: cost));
                }
            }
        }
        if (bias is null && problem.RunningMean is not null)
        {
            foreach (Parameter w in weights.Where(w => w.Use == Use.AsIs).Append(Parameter.None))
                variants.Add(new(w, new(Origin.Ones, Spreading: Spreading.Scalar), Cost: 2.5 + CostOf(w, weight, Origin.Weight)));
        }
        return variants;
    }

    /// <summary>With values that are found by least squares, for a grouping.</summary>
    public static IEnumerable<Affine> Fitted(Problem problem, Grouping grouping)
    {
        double[]? weight = problem.Request.Weight, bias = problem.Request.Bias;
        List<(IndexMap Map, Spreading Spreading)> maps = [.. WeightMaps.Natural(problem.Shape)];

        // A weight of each sample's own is none that a layer has, and fits too much.
        foreach (Reading reading in grouping.Readings.Where(reading => problem.Shape.Length == 1 || reading.Axes.Count == 0 || reading.Axes[0] > 0))
            maps.Add((reading.Weights, Spreading.Element));
        if (grouping.Readings.FirstOrDefault(reading => reading is { Kind: NormalizationKind.GroupNorm, Groups: > 1, Order: not ChannelOrder.Misread }) is Reading groups)
            maps.AddRange(WeightMaps.Of(problem.Shape, groups.Groups).Where(map => map.Spreading == Spreading.Group));
        HashSet<IndexMap> seen = [];
        foreach ((IndexMap map, Spreading spreading) in maps)
        {
            if (!seen.Add(map))
                continue;
            Parameter fitted = new(Origin.Fitted, map, Use.AsIs, spreading);
            double cost = (weight is null && bias is null ? 2 : 5) + (spreading == Spreading.Scalar ? -0.5 : spreading == Spreading.Group ? 1.5 : 0)
                + (grouping.Readings.Any(reading => reading.Weights.Equals(map)) || spreading == Spreading.Scalar ? 0 : 2);
            yield return new(fitted, fitted, Cost: cost + 0.5);
            yield return new(fitted, Parameter.None, Cost: cost);
            yield return new(Parameter.None, fitted, Cost: cost + 0.5);
            if (weight is not null && WeightMaps.Of(problem.Shape, weight.Length).FirstOrDefault() is { Map: not null } w)
                yield return new(new(Origin.Weight, w.Map, Use.AsIs, w.Spreading), fitted, Cost: cost);
            if (bias is not null && WeightMaps.Of(problem.Shape, bias.Length).FirstOrDefault() is { Map: not null } b)
                yield return new(fitted, new(Origin.Bias, b.Map, Use.AsIs, b.Spreading), Cost: cost);
        }
    }

    /// <summary>Whether values do nothing: then they cannot be missing.</summary>
    private static bool IsNeutral(double[]? values, double neutral) => values is not null && Array.TrueForAll(values, value => value == neutral);

    private static IEnumerable<Parameter> Uses(int[] shape, double[]? values, Origin origin, Use[] uses)
    {
        if (values is null)
            yield break;
        foreach ((IndexMap map, Spreading spreading) in WeightMaps.Of(shape, values.Length))
        {
            foreach (Use use in uses)
                yield return new(origin, map, use, spreading);
        }
    }

    private static double CostOf(Parameter parameter, double[]? values, Origin origin) => parameter.Origin == Origin.None
        ? (values is null ? 0 : 1.5)
        : SpreadingCost(parameter.Spreading) + parameter.Use switch
        {
            Use.AsIs => 0,
            Use.PlusOne => 1.2,
            Use.MinusOne => 2.2,
            _ => origin == Origin.Bias ? 1.5 : 2.5,
        };

    private static double SpreadingCost(Spreading spreading) => spreading switch
    {
        Spreading.Group => 1.2,
        Spreading.Tiled => 2.5,
        Spreading.OtherOrder => 2,
        _ => 0,
    };
}

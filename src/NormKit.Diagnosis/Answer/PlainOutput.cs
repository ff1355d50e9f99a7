using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis;

/// <summary>An output with no statistics in it: one value, the input, or a straight line of the input with the same two numbers for all elements.</summary>
/// <param name="Sentence">What it is.</param>
/// <param name="Change">Where to look.</param>
/// <param name="IsLine">Whether it is a line of the input, but not the input.</param>
internal sealed record PlainOutput(string Sentence, string Change, bool IsLine = false)
{
    /// <summary>So many half units of the output's type, at its size, are rounding.</summary>
    private const double Rounding = 4;

    /// <summary>Eps so many times larger than a statistic leaves nothing of it.</summary>
    private const double Drowned = 1e4;
    private const string Skipped = "Look whether the layer runs at all: a module replaced by an identity once it was folded, a branch not taken, or the wrong file.";

    /// <returns>Null where the output is nothing so plain.</returns>
    public static PlainOutput? Of(Problem problem)
    {
        double[] x = problem.Input.In(NumberFormat.Float64), y = problem.Output;
        if (!Array.TrueForAll(y, double.IsFinite) || !Array.TrueForAll(x, double.IsFinite))
            return null;
        if (Array.TrueForAll(y, value => value == y[0]))
        {
            return new(
                $"The output is {(y[0] == 0 ? "all zeros" : $"{Names.Number(y[0])} in every element")}: it does not depend on the input.",
                "Look for a weight of zeros (the last norm of a residual branch often starts with them), a mask, or a buffer that was never written.");
        }
        if (y.AsSpan().SequenceEqual(x))
            return new("The output is the input, to the bit: nothing was normalized.", Skipped);
        double meanX = x.Average(), meanY = y.Average(), products = 0, squares = 0, multiples = 0, all = 0, largest = 0;
        for (int i = 0; i < x.Length; i++)
        {
            products += (x[i] - meanX) * (y[i] - meanY);
            squares += (x[i] - meanX) * (x[i] - meanX);
            multiples += x[i] * y[i];
            all += x[i] * x[i];
            largest = Math.Max(largest, Math.Abs(y[i]));
        }
        if (squares == 0 || products == 0)
            return null;
        double bound = Rounding * problem.OutputFormat.Unit() * largest;
        double factor = multiples / all, slope = products / squares, start = meanY - (slope * meanX);
        string line = Fits(x, y, factor, 0, bound) ? $"{Names.Number(factor)} times the input"
            : Fits(x, y, slope, start, bound) ? $"{Names.Number(slope)} times the input {(start < 0 ? "less" : "plus")} {Names.Number(Math.Abs(start))}" : "";
        return line.Length == 0 ? null
            : new($"The output is {line}, to rounding: the same for all elements. Either nothing was normalized, or all elements share one mean and one deviation; "
                + "with a weight and a bias that are not given, nothing in these arrays tells which.", Skipped, IsLine: true);
    }

    /// <summary>Whether a hypothesis that fits may take its numbers from the input's statistics: then a line of the input may be what they come to, as
    /// where all elements are in one set.</summary>
    public bool MayBeOf(Problem problem, View whole, Hypothesis hypothesis)
    {
        if (hypothesis is not Recipe recipe)
            return false;
        if (recipe.Affine.IsFitted)
            return IsLine && IsOneSet(problem, recipe);
        if (IsLine && Costs.IsOddEps(problem, recipe) && !IsOneSet(problem, recipe))
            return false;
        double largest = Statistics.Of(problem, whole, recipe).Squared.Where(double.IsFinite).DefaultIfEmpty(0).Max();
        if (largest == 0 && recipe.Core.Center == Center.Mean)
            return true;
        return recipe.Place switch
        {
            _ when recipe.Core.Spread == Spread.One => recipe.Core.Center != Center.None,
            EpsPlace.Inside => recipe.Eps < Drowned * largest,
            EpsPlace.Outside => recipe.Eps < Drowned * Math.Sqrt(largest),
            _ => recipe.Eps < Math.Sqrt(largest),
        };
    }

    /// <summary>Whether the layer has one set because of the shape, not because it is over everything, the samples too.</summary>
    private static bool IsOneSet(Problem problem, Recipe recipe) =>
        recipe.Grouping.Sets.Count == 1 && Costs.ReadingOf(problem, recipe).Reading is Reading reading && (reading.Axes.Count < problem.Shape.Length || problem.Shape.Length == 1 || problem.Shape[0] == 1);

    /// <summary>What has to be said beside an answer that a line allows but does not prove; null where it does.</summary>
    public string? NoteOf(Problem problem, Hypothesis hypothesis) =>
        IsLine && hypothesis is Recipe recipe && (recipe.Affine.IsFitted || Costs.IsOddEps(problem, recipe)) ? Sentence : null;

    private static bool Fits(double[] x, double[] y, double slope, double start, double bound)
    {
        for (int i = 0; i < x.Length; i++)
        {
            if (!(Math.Abs((slope * x[i]) + start - y[i]) <= bound))
                return false;
        }
        return true;
    }
}

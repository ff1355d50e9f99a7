using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Words;

namespace NormKit.Diagnosis.Search;

/// <summary>Sees where input and output have changed places.</summary>
internal static class Exchange
{
    private const int SampleSize = 4096;

    /// <summary>A note where the input is a normalization of the output, weights aside.</summary>
    public static IEnumerable<string> NoteOf(DiagnosisRequest request, CancellationToken stop)
    {
        if (!Array.Exists(request.Input, double.IsFinite) || (request.OutputShape is int[] moved && !moved.AsSpan().SequenceEqual(request.Shape)))
            yield break;
        Problem other = new(new() { Input = request.Output, Shape = request.Shape, Output = request.Input, InputFormat = request.OutputFormat, OutputFormat = request.InputFormat }, request.Input);
        View view = other.ViewOf(SampleSize, seed: 1, stop);
        double rounding = other.OutputFormat.Is16Bit() ? other.OutputFormat.Unit() * 1.5 : other.ComputingUnit * Finder.RoundingFactor;
        Prediction? found = view.ComparedCount == 0 ? null
            : new SetSearch(other, view, stop).WithGivenWeights(other.Groupings).Where(prediction => prediction.Error <= rounding).MinBy(prediction => prediction.Hypothesis.Cost);
        if (found?.Hypothesis is Recipe recipe && PlainOutput.Of(other) is null)
            yield return $"The input is {Names.Layer(Costs.ReadingOf(other, recipe).Reading, recipe.Core, other.Shape)} of the output: look whether the two have changed places.";
    }
}

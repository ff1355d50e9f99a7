using NormKit.Diagnosis;

namespace NormKit.Cli.Compare;

/// <summary>Why a formula's result is not the layer's, found from the arrays alone.</summary>
/// <param name="Text">In words that continue a sentence.</param>
internal sealed record FormulaDiagnosis(string Text)
{
    /// <summary>Some whole groups say as much as all.</summary>
    private const int MostElements = 65536;
    private const int LeastSamples = 2;

    /// <returns>Null where nothing can be said: groups of one element, numbers that are not finite, no difference.</returns>
    public static FormulaDiagnosis? Of(LayerCall call, double[] x, double[] formula, CancellationToken stop)
    {
        (int[] shape, int[] elements) = Part(call);
        double[] input = Array.ConvertAll(elements, i => x[i]), output = Array.ConvertAll(elements, i => formula[i]);
        if (input.Length < 2 || !Array.TrueForAll(input, double.IsFinite) || !Array.TrueForAll(output, double.IsFinite) || Array.TrueForAll(output, y => y == 0))
            return null;
        ExpectedLayer expected = new(call.Kind switch
        {
            LayerKind.Batch => NormalizationKind.BatchNorm,
            LayerKind.Layer => NormalizationKind.LayerNorm,
            LayerKind.Instance => NormalizationKind.InstanceNorm,
            _ => NormalizationKind.GroupNorm,
        })
        { Eps = call.Eps, Groups = call.Kind == LayerKind.Group ? call.Groups : null };
        DiagnosisResult result = Diagnoser.Diagnose(new()
        {
            Input = input,
            Output = output,
            Shape = shape,
            InputFormat = NumberFormat.Float64,
            OutputFormat = NumberFormat.Float64,
            Expected = expected,
            OnlyExpectedGrouping = true,
        }, progress: null, stop);
        return result.Verdict != Verdict.Explained ? null
            : new(result.Best.Causes.Count == 0 ? "as the layer" : "the layer " + string.Join(", ", result.Best.Causes.Select(cause => cause.Text)));
    }

    /// <summary>The elements of some whole groups: a few samples, or of batch norm a few channels.</summary>
    private static (int[] Shape, int[] Elements) Part(LayerCall call)
    {
        int[] shape = [.. call.Shape.Select(length => (int)length)];
        int inner = shape.Skip(2).Aggregate(1, (product, length) => product * length), all = shape.Aggregate(1, (product, length) => product * length);
        if (call.Kind != LayerKind.Batch)
        {
            int samples = Math.Clamp(MostElements / (all / shape[0]), Math.Min(LeastSamples, shape[0]), shape[0]);
            return ([samples, .. shape[1..]], [.. Enumerable.Range(0, all / shape[0] * samples)]);
        }
        int channels = Math.Clamp(MostElements / (all / shape[1]), 1, shape[1]);
        return ([shape[0], channels, .. shape[2..]],
            [.. Enumerable.Range(0, all).Where(i => i / inner % shape[1] < channels)]);
    }
}

using System.Numerics;

namespace NormKit.Cli.Compare;

/// <summary>Layers held against their formulas on one input each.</summary>
/// <param name="Source">Where the input comes from.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Type">The type in which the layers compute.</param>
/// <param name="Eps">Added to the variances.</param>
/// <param name="Layers">Each layer that applies.</param>
/// <param name="Remarks">A line for each choice that was made for the caller, such as a layer left out.</param>
internal sealed record Comparison(
    string Source, nint[] Shape, FloatingType Type, double Eps, IReadOnlyList<LayerComparison> Layers, IReadOnlyList<string> Remarks)
{
    /// <summary>The eps of PairwiseDistance.</summary>
    public const double DistanceEps = 1e-6;

    /// <summary>How many rows the distance adds up.</summary>
    public long Rows => Shape.Aggregate(1L, (product, length) => product * length) / Shape[^1];

    /// <summary>The distance that PairwiseDistance gives for equal arrays: its eps, added to each difference.</summary>
    public double PairwiseFloor => Rows * Math.Sqrt(Shape[^1]) * DistanceEps;

    /// <summary>
    /// Compares one layer, computed twice where its type is float: in double with the sample variance, so that the divisor alone is seen,
    /// and in its own type with the population variance, so that rounding alone is seen.
    /// </summary>
    /// <param name="call">The layer, on an input of any type.</param>
    /// <param name="x">The input.</param>
    /// <param name="type">Its type.</param>
    /// <param name="stop">Ends the computation.</param>
    public static LayerComparison Of<T>(LayerCall call, T[] x, FloatingType type, CancellationToken stop)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double[] exactInput = x as double[] ?? Array.ConvertAll(x, double.CreateChecked);
        double[] exactLayer = call.Output(exactInput);
        double[] layer = x is double[]? exactLayer : Array.ConvertAll(call.Output(x), double.CreateChecked);
        stop.ThrowIfCancellationRequested();

        double[] population = new double[x.Length], sample = new double[x.Length];
        Sharing sharing = Sharing.Of(call.Kind, call.Shape, call.Groups);
        Formula.Apply(exactInput, sharing, call.Eps, population, sample, stop);
        stop.ThrowIfCancellationRequested();
        (double predicted, double explained) = Prediction.Of(exactLayer, sample, sharing);
        return new(
            sharing, Difference.Between(exactLayer, sample, call.Shape, type), Difference.Between(layer, population, call.Shape, type),
            exactLayer.Sum(Math.Abs), predicted, explained, FormulaDiagnosis.Of(call, exactInput, sample, stop));
    }
}

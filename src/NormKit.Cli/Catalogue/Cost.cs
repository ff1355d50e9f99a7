using System.Numerics;

namespace NormKit.Cli.Catalogue;

/// <summary>What a layer holds and what its passes move and compute, for an input of a shape and a type.</summary>
internal sealed class Cost
{
    /// <param name="entry">The layer, whose statistics accept the shape.</param>
    /// <param name="shape">Of its input.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="elementSize">Bytes of an element of input and output: parameters have 8 where that has, else 4.</param>
    public Cost(LayerEntry entry, nint[] shape, LayerSettings settings, int elementSize)
    {
        Work = entry.Work(shape, settings);
        ParameterSize = Math.Max(4, elementSize);
        Parameters = [.. entry.Parameters.Where(parameter => !parameter.IsOptional).Select(parameter => (parameter, parameter.Shape(shape, settings)))];
        BigInteger input = Product(shape), output = Product(entry.OutputShape(shape, settings));
        BigInteger others = Sum([
            .. entry.OtherInputs(shape, settings).Select(other => other.Shape), .. entry.Conditions.Select(condition => condition.Shape(shape, settings))]);
        BigInteger trained = Count(parameter => parameter.IsTrained), kept = Count(parameter => !parameter.IsTrained);

        // What holds the input itself is counted as that.
        BigInteger beside = Count(parameter => parameter.IsTrained && !parameter.IsInput);
        bool moves = kept > 0 && entry.Train != entry.Eval && trained > 0;
        TrainedCount = trained;
        KeptCount = kept;
        ForwardBytes = ((input + others + output) * elementSize) + ((beside + (kept * (moves ? 2 : 1))) * ParameterSize);
        ForwardOperations = Work.ForwardCount * (double)input;
        if (Work.BackwardCount > 0)
        {
            BackwardBytes = ((output + input + input + (2 * others)) * elementSize) + (3 * beside * ParameterSize);
            BackwardOperations = Work.BackwardCount * (double)input;
        }
    }

    public Work Work { get; }

    public int ParameterSize { get; }

    /// <summary>What a new layer holds, with shapes.</summary>
    public IReadOnlyList<(ParameterEntry Entry, nint[] Shape)> Parameters { get; }

    /// <summary>How many numbers are trained.</summary>
    public BigInteger TrainedCount { get; }

    /// <summary>How many numbers are kept besides.</summary>
    public BigInteger KeptCount { get; }

    /// <summary>Each array once: x and y, parameters, running statistics read and written.</summary>
    public BigInteger ForwardBytes { get; }

    /// <summary>Each array once: dy, x and dx, parameters, their gradients read and written; 0 where there is no such pass.</summary>
    public BigInteger BackwardBytes { get; }

    public double ForwardOperations { get; }

    public double BackwardOperations { get; }

    public static BigInteger Product(IEnumerable<nint> shape) => shape.Aggregate(BigInteger.One, (product, length) => product * length);

    private BigInteger Count(Func<ParameterEntry, bool> which) => Sum(Parameters.Where(pair => which(pair.Entry)).Select(pair => pair.Shape));

    private static BigInteger Sum(IEnumerable<nint[]> shapes) => shapes.Aggregate(BigInteger.Zero, (sum, shape) => sum + Product(shape));
}

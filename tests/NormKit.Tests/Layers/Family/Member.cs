using System.Numerics;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>One layer of the family at one size, with the formula that it has to follow.</summary>
/// <param name="Name">How tests name it.</param>
/// <param name="Shape">Of its input.</param>
/// <param name="Single">Makes it in float.</param>
/// <param name="Double">Makes it in double.</param>
/// <param name="Formula">Its output, from its input and what else it holds.</param>
internal sealed record Member(string Name, nint[] Shape, Func<NormLayer<float>> Single, Func<NormLayer<double>> Double, Func<Var[], Parts, Var[]> Formula)
{
    /// <summary>Whether it is used in evaluation mode.</summary>
    public bool InEvaluation { get; init; }

    /// <summary>The means of inputs, in standard deviations, at which it keeps its digits.</summary>
    public double[] Offsets { get; init; } = [0, 100];

    /// <summary>Whether it takes a mask.</summary>
    public bool TakesMask { get; init; }

    /// <summary>The dimensions that a mask of positions does without: those normalized over, or the channels.</summary>
    public int[] NotInPositions { get; init; } = [1];

    /// <summary>Whether positions may be added to its input: dimension 1 holds channels, and the rest any lengths.</summary>
    public bool HasPositions => Shape.Length >= 3 && !FixedPositions;

    /// <summary>Whether a weight spans the last dimension.</summary>
    public bool FixedPositions { get; init; }

    /// <summary>Whether dimension 0 has the layer's length.</summary>
    public bool FixedSamples { get; init; }

    /// <summary>What a number of samples must be a multiple of.</summary>
    public int Splits { get; init; } = 1;

    /// <summary>The same layer on another number of samples, or what comes nearest.</summary>
    public Member OfSamples(int samples) => FixedSamples ? this : this with { Shape = [samples / Splits * Splits, .. Shape[1..]] };

    /// <summary>Whether sets lie side by side even in row-major memory, as where channels are normalized over.</summary>
    public bool HasColumns => !NotInPositions.Contains(Shape.Length - 1) && Name.Contains("over", StringComparison.Ordinal);

    /// <summary>A shape that it has to refuse.</summary>
    public required nint[] WrongShape { get; init; }

    /// <summary>Where running statistics go in a training pass, by key; empty for layers without.</summary>
    public Func<double[], Parts, Dictionary<string, double[]>>? Moved { get; init; }

    public int Elements => Shape.Aggregate(1, (a, b) => a * (int)b);

    public NormLayer<T> Make<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        NormLayer<T> layer = typeof(T) == typeof(float) ? (NormLayer<T>)(object)Single() : (NormLayer<T>)(object)Double();
        if (InEvaluation)
            layer.Eval();
        return layer;
    }

    public override string ToString() => Name;
}

using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What a formula may read beside the input: shape, parameters and buffers by their names in the layer's state, and the mask.</summary>
internal sealed class Parts(nint[] shape, double machineEpsilon, Dictionary<string, Var[]> parameters, Dictionary<string, double[]> buffers, bool[]? mask)
{
    public nint[] Shape { get; } = shape;

    public bool[]? Mask { get; } = mask;

    /// <summary>The distance from 1 to the next number of the type that the layer computes in.</summary>
    public double MachineEpsilon { get; } = machineEpsilon;

    /// <summary>Of the layer's parameters.</summary>
    public Var[]? Weight => parameters.GetValueOrDefault("weight");

    public Var[]? Bias => parameters.GetValueOrDefault("bias");

    /// <summary>The channel of each element, where dimension 1 holds channels.</summary>
    public int[] Channel => Over.Sets(Shape, 1);

    public Var[] Parameter(string key) => parameters[key];

    public double[] Buffer(string key) => buffers[key];

    /// <summary>Weight and bias along the given dimensions.</summary>
    public Var[] Affine(Var[] xHat, params int[] dimensions) => CentredFormulas.Masked(Over.Affine(xHat, Over.Sets(Shape, dimensions), Weight, Bias), Mask);
}

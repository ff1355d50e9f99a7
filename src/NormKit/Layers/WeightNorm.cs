using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>A weight as a magnitude and a direction, which are trained in its place.</summary>
/// <remarks><code>weight = magnitude * direction / |direction|        // Euclidean lengths of the slices along dim</code>
/// weight and direction: any shape; magnitude: that shape with lengths of 1 but in dim, or (1) for the whole. A direction of zeros gives a weight of
/// zeros. Source: Salimans, Kingma 2016, arXiv:1602.07868.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class WeightNorm<T> : IStateful<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly nint[] shape;
    private readonly Grouping grouping;

    /// <summary>Splits a weight into its magnitude and its direction, so that <see cref="Forward"/> gives it back.</summary>
    /// <param name="weight">The weight; it is copied.</param>
    /// <param name="dim">The dimension whose slices have a magnitude each, negative ones counted from the end; null for one magnitude of the whole.</param>
    /// <exception cref="ArgumentOutOfRangeException">The weight has no such dimension.</exception>
    public WeightNorm(in ReadOnlyTensorSpan<T> weight, int? dim = 0)
    {
        Normalizer.RequireSupported<T>();
        shape = weight.Lengths.ToArray();
        Dim = dim;
        grouping = dim is int d ? Groupings.Slices(nameof(WeightNorm<>), shape, d) : Grouping.Layer(1, Shapes.Product(shape)) with { OneWeight = true };
        int index = dim is int given ? (given < 0 ? given + shape.Length : given) : 0;
        nint[] ofMagnitude = dim is null ? [1] : [.. shape.Select((length, i) => i == index ? length : 1)];
        Direction = new(shape, T.Zero);
        Magnitude = new(ofMagnitude, T.One);
        weight.FlattenTo(Direction.Values);

        SavedStatistics saved = new();
        Run(new T[Direction.Values.Length], default, saved, CancellationToken.None);
        for (int i = 0; i < saved.Moments.Length; i++)
            Magnitude.Values[i] = T.CreateTruncating(Math.Sqrt(saved.Moments[i].M2));
    }

    /// <summary>The dimension whose slices have a magnitude each; null for one magnitude of the whole.</summary>
    public int? Dim { get; }

    /// <summary>The length of each slice; PyTorch's original0, formerly weight_g.</summary>
    public Parameter<T> Magnitude { get; }

    /// <summary>A tensor of the weight's shape of which only the direction matters; PyTorch's original1, formerly weight_v.</summary>
    public Parameter<T> Direction { get; }

    /// <inheritdoc/>
    public IReadOnlyList<StateEntry<T>> State
    {
        get
        {
            StateList<T> state = new();
            if (Dim is null)
                state.AddScalar("parametrizations.weight.original0", Magnitude, "weight_g");
            else
                state.AddParameter("parametrizations.weight.original0", Magnitude, "weight_g");
            state.AddParameter("parametrizations.weight.original1", Direction, "weight_v");
            return state.Entries;
        }
    }

    /// <summary>The weight.</summary>
    /// <param name="saved">Filled with what <see cref="Backward"/> needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public Tensor<T> Forward(SavedStatistics? saved = null, CancellationToken cancellationToken = default)
    {
        T[] weight = new T[Direction.Values.Length];
        Run(weight, Operand<T>.OfOptional(Magnitude.Values), saved, cancellationToken);
        return Tensor.Create(weight, shape);
    }

    /// <summary>Adds the gradients of magnitude and direction to <see cref="Parameter{T}.Grad"/>.</summary>
    /// <param name="gradWeight">The gradient of the weight, of its shape.</param>
    /// <param name="saved">What the forward call saved.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shape is not the weight's, or something else filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward call.</exception>
    public void Backward(in ReadOnlyTensorSpan<T> gradWeight, SavedStatistics saved, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(saved);
        if (saved.Layer.Length > 0 && (saved.Layer != nameof(WeightNorm<>) || saved.Grouping != grouping))
            throw new ArgumentException("WeightNorm: the saved statistics come from another layer or weight; give those of this one's forward call.", nameof(saved));
        NormCall.CheckSameShape(nameof(WeightNorm<>), nameof(gradWeight), Operand<T>.Of(gradWeight), "weight", shape);
        // In double, so that a gradient is rounded once: where it joins the one that is there.
        NormSpec<double> spec = Describe<double>(cancellationToken);
        spec.Weight = Operand<double>.OfOptional(Widened(Magnitude.Values));
        T[] ofWeight = new T[gradWeight.FlattenedLength];
        gradWeight.FlattenTo(ofWeight);
        double[] ofMagnitude = new double[Magnitude.Values.Length], ofDirection = new double[Direction.Values.Length];
        NormCall.Backward(
            spec, Operand<double>.Of(Widened(ofWeight), gradWeight.Lengths, MemoryFormat.Contiguous, nameof(WeightNorm<>), nameof(gradWeight)),
            OfShape(Widened(Direction.Values)), saved, OfShape(ofDirection), Operand<double>.OfOptional(ofMagnitude), default, add: true);
        for (int i = 0; i < ofMagnitude.Length; i++)
            Magnitude.AddGradient(i, ofMagnitude[i]);
        for (int i = 0; i < ofDirection.Length; i++)
            Direction.AddGradient(i, ofDirection[i]);
    }

    /// <summary>Sets both gradients to zero.</summary>
    public void ZeroGrad()
    {
        Magnitude.ZeroGrad();
        Direction.ZeroGrad();
    }

    void IStateful<T>.Materialize(nint length) => throw new InvalidOperationException("WeightNorm: no length is open; it has its weight from the start.");

    private void Run(T[] weight, in Operand<T> magnitude, SavedStatistics? saved, CancellationToken cancellationToken)
    {
        NormSpec<T> spec = Describe<T>(cancellationToken);
        spec.Weight = magnitude;
        NormCall.Forward(spec, OfShape(Direction.Values), OfShape(weight), saved);
    }

    private NormSpec<TCompute> Describe<TCompute>(CancellationToken cancellationToken) where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        new(nameof(WeightNorm<>), grouping, new(Spread.Length, 0)) { Concurrency = Concurrency.Start(-1, cancellationToken) };

    private Operand<TCompute> OfShape<TCompute>(TCompute[] values) where TCompute : unmanaged =>
        Operand<TCompute>.Of(values, shape, MemoryFormat.Contiguous, nameof(WeightNorm<>), "weight");

    private static double[] Widened(T[] values) => Array.ConvertAll(values, double.CreateTruncating);
}

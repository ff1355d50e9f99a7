using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>Root mean square norm with a gate: behind the norm, or before it.</summary>
/// <remarks><code>y = x / sqrt(mean(x^2) + eps) * weight * silu(gate)                              // the norm first: Qwen3-Next
/// y = h / sqrt(mean(h^2) + eps) * weight     with h = x * silu(gate)                   // GateFirst: Mamba2, Zamba2
/// silu(g) = g * sigmoid(g)</code>
/// Input, gate and output: (*, normalizedShape), all of one type; weight: normalizedShape. The mean goes over the last dimension, or over each of
/// <see cref="NumGroups"/> equal groups of it. silu and the products are computed in double; h is rounded to <typeparamref name="T"/>, and the output once.
/// A pass takes memory of <typeparamref name="T"/> for each element. Training and evaluation are alike.
/// Sources: Dao, Gu 2024, arXiv:2405.21060 (Mamba2); Zhang, Sennrich 2019, arXiv:1910.07467 (RMS norm).</remarks>
/// <typeparam name="T">The type of the weight, and what is computed in: float or double. Input, gate and output have it too, or, with float, are Half or
/// BFloat16.</typeparam>
public sealed class GatedRmsNorm<T> : IStateful<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Name = nameof(GatedRmsNorm<>);

    /// <summary>What an element costs beyond a copy: an exponential.</summary>
    private const int Cost = 4;

    private readonly nint[] normalizedShape;
    private readonly int numGroups = 1;
    private int maxDegreeOfParallelism = -1;

    /// <summary>A layer with weight 1 over the last dimension.</summary>
    /// <param name="normalizedShape">The elements of the last dimension.</param>
    /// <param name="eps">Added to the mean of squares, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there is a weight.</param>
    /// <exception cref="ArgumentException"><paramref name="normalizedShape"/> is negative.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public GatedRmsNorm(int normalizedShape, double eps = 1e-5, bool elementwiseAffine = true)
        : this([normalizedShape], eps, elementwiseAffine)
    {
    }

    /// <summary>A layer with weight 1 over trailing dimensions.</summary>
    /// <inheritdoc cref="GatedRmsNorm{T}(int, double, bool)"/>
    /// <param name="normalizedShape">The trailing dimensions that share statistics.</param>
    /// <param name="eps">Added to the mean of squares, inside the root.</param>
    /// <param name="elementwiseAffine">Whether there is a weight.</param>
    public GatedRmsNorm(ReadOnlySpan<nint> normalizedShape, double eps = 1e-5, bool elementwiseAffine = true)
    {
        Normalizer.RequireSupported<T>();
        NormCall.CheckEps(Name, eps);
        Groupings.RequireNormalizedShape(Name, normalizedShape);
        this.normalizedShape = normalizedShape.ToArray();
        Eps = eps;
        Weight = elementwiseAffine ? new(normalizedShape, T.One) : null;
    }

    /// <summary>The trailing dimensions that share statistics.</summary>
    public ReadOnlySpan<nint> NormalizedShape => normalizedShape;

    /// <summary>Added to the mean of squares, inside the root.</summary>
    public double Eps { get; }

    /// <summary>The factor of each element of a row; null without one.</summary>
    public Parameter<T>? Weight { get; }

    /// <summary>Whether the gate multiplies the input before the norm, and not the normalized values.</summary>
    public bool GateFirst { get; init; }

    /// <summary>Into how many groups the last dimension is split, each with statistics of its own; 1 unless set.</summary>
    /// <exception cref="ArgumentException">They do not divide the last dimension, or more than it is normalized over.</exception>
    public int NumGroups
    {
        get => numGroups;
        init
        {
            Groupings.RequireGroups(Name, normalizedShape, default, value);
            numGroups = value;
        }
    }

    /// <summary>Whether a normalized value is rounded to the type of the output before its weight, and the product before a gate that follows, as the
    /// reference codes of these models do. It matters to 16-bit outputs alone; gradients are those without these roundings.</summary>
    public bool RoundBeforeWeight { get; init; }

    /// <summary>The most threads that a pass uses; -1, the default, for one a processor. The result does not depend on it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is 0 or less than -1.</exception>
    public int MaxDegreeOfParallelism
    {
        get => maxDegreeOfParallelism;
        set
        {
            NormCall.CheckDegree(Name, value);
            maxDegreeOfParallelism = value;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StateEntry<T>> State
    {
        get
        {
            StateList<T> state = new();
            state.AddParameter("weight", Weight);
            return state.Entries;
        }
    }

    void IStateful<T>.Materialize(nint length) => throw new InvalidOperationException($"{Name}: no length is open; the layer is not lazy.");

    /// <summary>Sets the gradient of the weight to zero.</summary>
    public void ZeroGrad() => Weight?.ZeroGrad();

    /// <summary>Normalizes a tensor, with its gate.</summary>
    /// <param name="input">The tensor to normalize, (*, normalizedShape), in any layout.</param>
    /// <param name="gate">The gate, of the input's shape, in any layout.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The result, channels-last where the input is, else row-major.</returns>
    /// <exception cref="ArgumentException">A shape does not fit.</exception>
    public Tensor<T> Forward(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> gate, SavedStatistics? saved = null, CancellationToken cancellationToken = default) =>
        Forward<T>(input, gate, saved, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input, gate and output.</typeparam>
    public Tensor<TInput> Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<TInput> gate, SavedStatistics? saved = null, CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Tensor<TInput> destination = Results.Like(Operand<TInput>.Of(input));
        Forward(input, gate, destination.AsTensorSpan(), saved, cancellationToken);
        return destination;
    }

    /// <summary>The same into a tensor.</summary>
    /// <param name="input">The tensor to normalize, (*, normalizedShape), in any layout.</param>
    /// <param name="gate">The gate, of the input's shape, in any layout.</param>
    /// <param name="destination">Overwritten with the result; of the input's shape, in any layout; may be the input or the gate.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A shape does not fit, or the destination overlaps another tensor.</exception>
    public void Forward(
        in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> gate, in TensorSpan<T> destination, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default) => Forward<T>(input, gate, destination, saved, cancellationToken);

    /// <inheritdoc cref="Forward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in TensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of input, gate and output.</typeparam>
    public void Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<TInput> gate, in TensorSpan<TInput> destination, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default) where TInput : unmanaged
    {
        Concurrency concurrency = Concurrency.Start(maxDegreeOfParallelism, cancellationToken);
        Operand<TInput> x = Operand<TInput>.Of(input), g = Operand<TInput>.Of(gate), y = Operand<TInput>.Of(destination), none = Operand<TInput>.None;
        NormSpec<T> spec = Describe<TInput>(x, g, concurrency);
        NormCall.CheckOutput(Name, nameof(destination), y, nameof(input), x);
        NormCall.CheckOutput(Name, nameof(destination), y, nameof(gate), g);
        Operand<T> weight = WeightOperand;
        NormCall.CheckApart(Name, nameof(destination), y, "weight", weight);

        using Rented<T> room = new(x.Length);
        Operand<T> normalized = Scratch(room, x.Lengths);
        Multiply(x, none, default, g, GateFirst ? GateUse.Value : GateUse.None, normalized, rounds: false, concurrency);
        NormCall.Forward(spec, normalized, normalized, saved);
        Multiply(normalized, none, weight, g, GateFirst ? GateUse.None : GateUse.Value, y, RoundBeforeWeight, concurrency);
    }

    /// <summary>The gradients of a forward pass. That of the weight is added to <see cref="Parameter{T}.Grad"/>.</summary>
    /// <param name="gradOutput">The gradient of the output, of the input's shape.</param>
    /// <param name="input">The input of the forward pass, unchanged since.</param>
    /// <param name="gate">The gate of that pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradients of input and gate.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or something else filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public (Tensor<T> GradInput, Tensor<T> GradGate) Backward(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> input, in ReadOnlyTensorSpan<T> gate, SavedStatistics saved,
        CancellationToken cancellationToken = default) => Backward<T>(gradOutput, input, gate, saved, cancellationToken);

    /// <inheritdoc cref="Backward(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, SavedStatistics, CancellationToken)"/>
    /// <typeparam name="TInput">The type of the tensors.</typeparam>
    public (Tensor<TInput> GradInput, Tensor<TInput> GradGate) Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> input, in ReadOnlyTensorSpan<TInput> gate, SavedStatistics saved,
        CancellationToken cancellationToken = default) where TInput : unmanaged
    {
        ArgumentNullException.ThrowIfNull(saved);
        Concurrency concurrency = Concurrency.Start(maxDegreeOfParallelism, cancellationToken);
        Operand<TInput> dy = Operand<TInput>.Of(gradOutput), x = Operand<TInput>.Of(input), g = Operand<TInput>.Of(gate), none = Operand<TInput>.None;
        NormSpec<T> spec = Describe<TInput>(x, g, concurrency);
        NormCall.CheckBackwardOfShape(Name, dy, x, saved, none);
        if (saved.Layer != Name || saved.Grouping != spec.Grouping || saved.Scaling != spec.Scaling)
            throw new ArgumentException($"{Name}: the saved statistics come from another layer, other groups or another eps; give those of this layer's forward pass.", nameof(saved));
        Tensor<TInput> gradInput = Results.Like(x), gradGate = Results.Like(x);
        Operand<TInput> dx = Operand<TInput>.Of(gradInput), dg = Operand<TInput>.Of(gradGate);
        Operand<T> weight = WeightOperand, dWeight = Operand<T>.OfOptional(Weight?.Gradients);

        // The input of the norm again, and the gradient of the norm's output, which becomes that of its input.
        using Rented<T> ofInput = new(x.Length), ofGradient = new(x.Length);
        Operand<T> normInput = Scratch(ofInput, x.Lengths), gradient = Scratch(ofGradient, x.Lengths);
        Multiply(x, none, default, g, GateFirst ? GateUse.Value : GateUse.None, normInput, rounds: false, concurrency);
        if (!GateFirst)
        {
            NormCall.Forward(spec, normInput, gradient, saved: null);
            Multiply(gradient, dy, weight, g, GateUse.Slope, dg, rounds: false, concurrency);
        }
        Multiply(dy, none, default, g, GateFirst ? GateUse.None : GateUse.Value, gradient, rounds: false, concurrency);
        spec.Weight = weight;
        NormCall.Backward(spec, gradient, normInput, saved, gradient, dWeight, Operand<T>.None, add: true);
        if (GateFirst)
            Multiply(gradient, x, default, g, GateUse.Slope, dg, rounds: false, concurrency);
        Multiply(gradient, none, default, g, GateFirst ? GateUse.Value : GateUse.None, dx, rounds: false, concurrency);
        return (gradInput, gradGate);
    }

    private Operand<T> WeightOperand => Operand<T>.OfOptional(Weight?.Values);

    /// <summary>Checks the inputs and says what the norm computes on scratch memory of their shape, without its weight.</summary>
    private NormSpec<T> Describe<TInput>(in Operand<TInput> x, in Operand<TInput> gate, Concurrency concurrency) where TInput : unmanaged
    {
        NormCall.CheckTypes<TInput, T>(Name);
        NormCall.CheckSameShape(Name, nameof(gate), gate, "input", x.Lengths);
        NormSpec<T> spec = Groupings.Rows<T>(Name, x.Lengths, normalizedShape, default, new(Spread.RootMeanSquare, Eps), numGroups);
        if (x.Length > Array.MaxLength)
            throw new ArgumentException($"{Name}: input {Shapes.Text(x.Lengths)} has more elements than an array can have; split the batch.", "input");
        spec.Concurrency = concurrency;
        return spec;
    }

    private static Operand<T> Scratch(in Rented<T> room, ReadOnlySpan<nint> shape) =>
        Operand<T>.Of(room.Array.AsSpan(0, (int)Shapes.Product(shape)), shape, MemoryFormat.Contiguous, Name, "input");

    private unsafe void Multiply<TA, TB, TGate, TTo>(
        in Operand<TA> a, in Operand<TB> b, in Operand<T> weight, in Operand<TGate> gate, GateUse use, in Operand<TTo> to, bool rounds, Concurrency concurrency)
        where TA : unmanaged
        where TB : unmanaged
        where TGate : unmanaged
        where TTo : unmanaged
    {
        if (to.IsEmpty)
            return;
        ReadOnlySpan<int> own = default;
        fixed (TA* aStart = &a.Start)
        fixed (TB* bStart = &b.Start)
        fixed (T* weightStart = &weight.Start)
        fixed (TGate* gateStart = &gate.Start)
        fixed (TTo* toStart = &to.Start)
        {
            int width = (int)Shapes.Product(normalizedShape);
            RowTiles tiles = new(to.Length / width, width);
            GatedRows<TA, TB, TGate, TTo, T> work = new(
                tiles, a.View(aStart, own), b.IsPresent ? b.View(bStart, own) : default, new(weightStart, weight.Length), gate.View(gateStart, own), use,
                to.View(toStart, own), rounds, concurrency.Cancellation);
            ParallelJob<GatedRows<TA, TB, TGate, TTo, T>>.Run(
                work, tiles.Items, 1, concurrency.Workers(Cost * to.Length * Unsafe.SizeOf<TTo>()), concurrency.Cancellation);
        }
    }
}

using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>The cosine of the angle between the vectors of two tensors, as torch.nn.functional.cosine_similarity has it.</summary>
/// <remarks><code>y = sum of x1 * x2 over dim / (max(|x1|, eps) * max(|x2|, eps))</code>
/// x1 and x2: of one shape, or of shapes that broadcast to one another: aligned at the last dimension, with lengths of 1 repeated. The result has
/// their common shape without dim; that of two single vectors has shape [1], for a <see cref="Tensor{T}"/> has no scalars. Of float, double,
/// Half or BFloat16; computed in double, rounded once; finite vectors neither overflow nor vanish on the way. A vector of zeros has a cosine of 0 with any other, even with an eps of 0.</remarks>
public sealed class CosineSimilarity
{
    /// <summary>A similarity.</summary>
    /// <param name="dim">The dimension of the common shape along which vectors lie; a negative one counts from the end.</param>
    /// <param name="eps">The least that either length counts as.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="eps"/> is negative or not finite.</exception>
    public CosineSimilarity(int dim = 1, double eps = 1e-8)
    {
        NormCall.CheckEps(nameof(CosineSimilarity), eps);
        (Dim, Eps) = (dim, eps);
    }

    /// <summary>The dimension along which vectors lie.</summary>
    public int Dim { get; }

    /// <summary>The least that either length counts as.</summary>
    public double Eps { get; }

    /// <summary>The cosine of each pair of vectors.</summary>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The cosines, of the common shape without dim.</returns>
    /// <exception cref="ArgumentException">The shapes do not broadcast, or do not have the dimension.</exception>
    public Tensor<T> Forward<T>(in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, CancellationToken cancellationToken = default) where T : unmanaged
    {
        CosinePairs pairs = new(x1.Lengths, x2.Lengths, Dim);
        T[] cosines = new T[pairs.Count];
        Cosines<T>(pairs, Flat(x1), Flat(x2), cosines, cancellationToken);
        return Tensor.Create(cosines, pairs.OutputShape);
    }

    /// <summary>The cosine of each pair of vectors, into a tensor.</summary>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="destination">Overwritten with the cosines, of the common shape without dim.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not broadcast, do not have the dimension, or the destination does not fit.</exception>
    public void Forward<T>(
        in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, in TensorSpan<T> destination,
        CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        Tensor<T> cosines = Forward(x1, x2, cancellationToken);
        RequireShape(nameof(destination), destination.Lengths, cosines.Lengths);
        cosines.CopyTo(destination);
    }

    /// <summary>The cosine of each pair of vectors, on spans.</summary>
    /// <param name="x1">The first tensor's values, row-major.</param>
    /// <param name="shape1">Its shape.</param>
    /// <param name="x2">The second's.</param>
    /// <param name="shape2">Its shape.</param>
    /// <param name="destination">Overwritten with a cosine for each pair.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not broadcast or do not have the dimension, a length does not fit, or the destination overlaps an input.</exception>
    public void Forward<T>(ReadOnlySpan<T> x1, ReadOnlySpan<nint> shape1, ReadOnlySpan<T> x2, ReadOnlySpan<nint> shape2, Span<T> destination,
        CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        CosinePairs pairs = Check(x1, shape1, x2, shape2);
        if (destination.Length != pairs.Count)
            throw new ArgumentException($"CosineSimilarity: destination has {destination.Length} elements; there are {pairs.Count} pairs of vectors.", nameof(destination));
        if (destination.Overlaps(x1) || destination.Overlaps(x2))
            throw new ArgumentException("CosineSimilarity: destination overlaps an input.", nameof(destination));
        Cosines(pairs, x1, x2, destination, cancellationToken);
    }

    /// <summary>The gradients of <see cref="Forward{T}(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, CancellationToken)"/>: of a tensor that is repeated, the sum over the repetitions.</summary>
    /// <remarks><code>dx1 = dy * (x2 / (n1 * n2) - y * x1 / n1^2)        // n1, n2: the lengths, at least eps; the second term only where |x1| is</code></remarks>
    /// <param name="gradOutput">The gradient of each cosine.</param>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradients of both, each of its tensor's shape.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public (Tensor<T> GradX1, Tensor<T> GradX2) Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2,
        CancellationToken cancellationToken = default) where T : unmanaged
    {
        CosinePairs pairs = new(x1.Lengths, x2.Lengths, Dim);
        RequireShape(nameof(gradOutput), gradOutput.Lengths, pairs.OutputShape);
        T[] gradX1 = new T[x1.FlattenedLength], gradX2 = new T[x2.FlattenedLength];
        Gradients<T>(pairs, Flat(gradOutput), Flat(x1), Flat(x2), gradX1, gradX2, cancellationToken);
        return (Tensor.Create(gradX1, x1.Lengths), Tensor.Create(gradX2, x2.Lengths));
    }

    /// <summary>The gradients, into tensors.</summary>
    /// <param name="gradOutput">The gradient of each cosine.</param>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="gradX1">Overwritten with the gradient of <paramref name="x1"/>, of its shape.</param>
    /// <param name="gradX2">Overwritten with the gradient of <paramref name="x2"/>, of its shape.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or the two gradients overlap.</exception>
    public void Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, in TensorSpan<T> gradX1, in TensorSpan<T> gradX2,
        CancellationToken cancellationToken = default)
        where T : unmanaged
    {
        RequireShape(nameof(gradX1), gradX1.Lengths, x1.Lengths);
        RequireShape(nameof(gradX2), gradX2.Lengths, x2.Lengths);
        NormCall.CheckApart("CosineSimilarity", nameof(gradX1), Operand<T>.Of(gradX1), nameof(gradX2), Operand<T>.Of(gradX2));
        (Tensor<T> first, Tensor<T> second) = Backward(gradOutput, x1, x2, cancellationToken);
        first.CopyTo(gradX1);
        second.CopyTo(gradX2);
    }

    /// <summary>The gradients on spans.</summary>
    /// <param name="gradOutput">The gradient of each cosine.</param>
    /// <param name="x1">The first tensor's values, row-major.</param>
    /// <param name="shape1">Its shape.</param>
    /// <param name="x2">The second's.</param>
    /// <param name="shape2">Its shape.</param>
    /// <param name="gradX1">Overwritten with the gradient of <paramref name="x1"/>, as long as it.</param>
    /// <param name="gradX2">Overwritten with the gradient of <paramref name="x2"/>, as long as it.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not broadcast or do not have the dimension, a length does not fit, or a gradient overlaps another span.</exception>
    public void Backward<T>(
        ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> x1, ReadOnlySpan<nint> shape1, ReadOnlySpan<T> x2, ReadOnlySpan<nint> shape2,
        Span<T> gradX1, Span<T> gradX2, CancellationToken cancellationToken = default) where T : unmanaged
    {
        CosinePairs pairs = Check(x1, shape1, x2, shape2);
        if (gradOutput.Length != pairs.Count)
            throw new ArgumentException($"CosineSimilarity: gradOutput has {gradOutput.Length} elements; there are {pairs.Count} pairs of vectors.", nameof(gradOutput));
        if (gradX1.Length != x1.Length || gradX2.Length != x2.Length)
            throw new ArgumentException($"CosineSimilarity: gradX1 and gradX2 have {gradX1.Length} and {gradX2.Length} elements; they need {x1.Length} and {x2.Length}.", nameof(gradX1));
        if (gradX1.Overlaps(gradX2) || gradX1.Overlaps(x1) || gradX1.Overlaps(x2) || gradX2.Overlaps(x1) || gradX2.Overlaps(x2)
            || gradOutput.Overlaps(gradX1) || gradOutput.Overlaps(gradX2))
            throw new ArgumentException("CosineSimilarity: a gradient overlaps another span.", nameof(gradX1));
        Gradients(pairs, gradOutput, x1, x2, gradX1, gradX2, cancellationToken);
    }

    private void Cosines<T>(CosinePairs pairs, ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, Span<T> cosines, CancellationToken cancellation) where T : unmanaged
    {
        Elements.RequireKnown<T>();
        double[] a = new double[pairs.Width], b = new double[pairs.Width];
        for (int pair = 0; pair < cosines.Length; pair++)
        {
            cancellation.ThrowIfCancellationRequested();
            pairs.First.Read(x1, pair, a);
            pairs.Second.Read(x2, pair, b);
            cosines[pair] = Elements.FromDouble<T>(new Cosine(a, b, Eps).Value);
        }
    }

    private void Gradients<T>(
        CosinePairs pairs, ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, Span<T> gradX1, Span<T> gradX2,
        CancellationToken cancellation) where T : unmanaged
    {
        Elements.RequireKnown<T>();
        double[] a = new double[pairs.Width], b = new double[pairs.Width], g = new double[pairs.Width];
        // In double, for a vector that is repeated gathers the gradients of all repetitions, in the order of the pairs.
        double[] sums1 = new double[x1.Length], sums2 = new double[x2.Length];
        for (int pair = 0; pair < gradOutput.Length; pair++)
        {
            cancellation.ThrowIfCancellationRequested();
            pairs.First.Read(x1, pair, a);
            pairs.Second.Read(x2, pair, b);
            Cosine cosine = new(a, b, Eps);
            double dy = Elements.ToDouble(gradOutput[pair]);
            cosine.GradientOfFirst(dy, a, b, g);
            pairs.First.Add(g, pair, sums1);
            cosine.GradientOfSecond(dy, a, b, g);
            pairs.Second.Add(g, pair, sums2);
        }
        cancellation.ThrowIfCancellationRequested();
        for (int i = 0; i < sums1.Length; i++)
            gradX1[i] = Elements.FromDouble<T>(sums1[i]);
        for (int i = 0; i < sums2.Length; i++)
            gradX2[i] = Elements.FromDouble<T>(sums2[i]);
    }

    private CosinePairs Check<T>(ReadOnlySpan<T> x1, ReadOnlySpan<nint> shape1, ReadOnlySpan<T> x2, ReadOnlySpan<nint> shape2) where T : unmanaged
    {
        Operand<T>.Of(x1, shape1, MemoryFormat.Contiguous, nameof(CosineSimilarity), nameof(x1));
        Operand<T>.Of(x2, shape2, MemoryFormat.Contiguous, nameof(CosineSimilarity), nameof(x2));
        return new(shape1, shape2, Dim);
    }

    private static ReadOnlySpan<T> Flat<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static void RequireShape(string name, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> needed)
    {
        if (!lengths.SequenceEqual(needed))
            throw new ArgumentException($"CosineSimilarity: {name} has shape {Shapes.Text(lengths)}; it needs {Shapes.Text(needed)}.", name);
    }
}

using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>The distance between the vectors of two tensors, as torch.nn.PairwiseDistance has it: the p-norm of x1 - x2 + eps along the last dimension.</summary>
/// <remarks><code>d = (sum_j |x1[j] - x2[j] + eps|^p)^(1/p)</code>
/// eps is added to each difference, so equal tensors are not at distance 0: for p = 2 each pair of rows of width D is sqrt(D) * eps apart.
/// x1 and x2: (*, D), either of them also (D), which then serves for every row. The distance of two single vectors has shape [1], for a
/// <see cref="Tensor{T}"/> has no scalars. Computed in double, rounded once.</remarks>
public sealed class PairwiseDistance
{
    /// <summary>A distance.</summary>
    /// <param name="p">The norm: 0 counts differences, infinity takes the largest, 2 is Euclid's; not negative.</param>
    /// <param name="eps">Added to each difference.</param>
    /// <param name="keepdim">Whether the last dimension stays, with length 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="p"/> is negative or NaN, or <paramref name="eps"/> is not finite.</exception>
    public PairwiseDistance(double p = 2, double eps = 1e-6, bool keepdim = false)
    {
        if (!(p >= 0))
            throw new ArgumentOutOfRangeException(nameof(p), p, "PairwiseDistance: p is not negative.");
        if (!double.IsFinite(eps))
            throw new ArgumentOutOfRangeException(nameof(eps), eps, "PairwiseDistance: eps is added to differences, so it must be finite.");
        (P, Eps, KeepDim) = (p, eps, keepdim);
    }

    /// <summary>The norm.</summary>
    public double P { get; }

    /// <summary>Added to each difference.</summary>
    public double Eps { get; }

    /// <summary>Whether the last dimension stays, with length 1.</summary>
    public bool KeepDim { get; }

    /// <summary>The distance of each pair of vectors.</summary>
    /// <param name="x1">The first tensor: (*, D) or (D).</param>
    /// <param name="x2">The second: of the same shape, or (D).</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The distances, of the longer shape without its last dimension, or with length 1 there.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public Tensor<T> Forward<T>(in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<nint> shape = x1.Rank >= x2.Rank ? x1.Lengths : x2.Lengths;
        Check<T>(shape, x1.Lengths, x2.Lengths);
        T[] distances = new T[Shapes.Product(shape[..^1])];
        Distances<T>(Flat(x1), Flat(x2), (int)shape[^1], distances, cancellationToken);
        return Tensor.Create(distances, KeepDim ? [.. shape[..^1], 1] : shape.Length == 1 ? [1] : shape[..^1]);
    }

    /// <summary>The distance of each pair of vectors, into a tensor.</summary>
    /// <param name="x1">The first tensor: (*, D) or (D).</param>
    /// <param name="x2">The second: of the same shape, or (D).</param>
    /// <param name="destination">Overwritten with the distances, of the longer shape without its last dimension, or with length 1 there.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public void Forward<T>(
        in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2, in TensorSpan<T> destination,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor<T> distances = Forward(x1, x2, cancellationToken);
        RequireShape("destination", destination.Lengths, distances.Lengths);
        distances.CopyTo(destination);
    }

    /// <summary>The distance of each pair of vectors, on spans.</summary>
    /// <param name="x1">The first tensor's values, row-major.</param>
    /// <param name="x2">The second's: as many, or those of one vector.</param>
    /// <param name="shape">The shape of the longer: (*, D).</param>
    /// <param name="destination">Overwritten with a distance for each vector.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A length does not fit the shape.</exception>
    public void Forward<T>(ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, ReadOnlySpan<nint> shape, Span<T> destination,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = Check(shape, x1, x2);
        if (destination.Length != rows)
            throw new ArgumentException($"PairwiseDistance: destination has {destination.Length} elements; shape {Shapes.Text(shape)} gives {rows} distances.", nameof(destination));
        if (destination.Overlaps(x1) || destination.Overlaps(x2))
            throw new ArgumentException("PairwiseDistance: destination overlaps an input.", nameof(destination));
        Distances(x1, x2, (int)shape[^1], destination, cancellationToken);
    }

    /// <summary>The gradients of <see cref="Forward{T}(in ReadOnlyTensorSpan{T}, in ReadOnlyTensorSpan{T}, CancellationToken)"/>. Where a distance is 0 they are 0, as in PyTorch.</summary>
    /// <param name="gradOutput">The gradient of each distance.</param>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <returns>The gradients of both, each of its tensor's shape.</returns>
    /// <exception cref="ArgumentException">The shapes do not fit.</exception>
    public (Tensor<T> GradX1, Tensor<T> GradX2) Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2,
        CancellationToken cancellationToken = default) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<nint> shape = x1.Rank >= x2.Rank ? x1.Lengths : x2.Lengths;
        Check<T>(shape, x1.Lengths, x2.Lengths);
        nint rows = Shapes.Product(shape[..^1]);
        if (gradOutput.FlattenedLength != rows)
            throw new ArgumentException($"PairwiseDistance: gradOutput has shape {Shapes.Text(gradOutput.Lengths)}; it needs {rows} elements, one a distance.", nameof(gradOutput));
        T[] gradX1 = new T[x1.FlattenedLength], gradX2 = new T[x2.FlattenedLength];
        Gradients<T>(Flat(gradOutput), Flat(x1), Flat(x2), (int)shape[^1], gradX1, gradX2, cancellationToken);
        return (Tensor.Create(gradX1, x1.Lengths), Tensor.Create(gradX2, x2.Lengths));
    }

    /// <summary>The gradients, into tensors.</summary>
    /// <param name="gradOutput">The gradient of each distance.</param>
    /// <param name="x1">The first tensor.</param>
    /// <param name="x2">The second.</param>
    /// <param name="gradX1">Overwritten with the gradient of <paramref name="x1"/>, of its shape.</param>
    /// <param name="gradX2">Overwritten with the gradient of <paramref name="x2"/>, of its shape.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">The shapes do not fit, or the two gradients overlap.</exception>
    public void Backward<T>(
        in ReadOnlyTensorSpan<T> gradOutput, in ReadOnlyTensorSpan<T> x1, in ReadOnlyTensorSpan<T> x2,
        in TensorSpan<T> gradX1, in TensorSpan<T> gradX2, CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireShape(nameof(gradX1), gradX1.Lengths, x1.Lengths);
        RequireShape(nameof(gradX2), gradX2.Lengths, x2.Lengths);
        NormCall.CheckApart("PairwiseDistance", nameof(gradX1), Operand<T>.Of(gradX1), nameof(gradX2), Operand<T>.Of(gradX2));
        (Tensor<T> first, Tensor<T> second) = Backward(gradOutput, x1, x2, cancellationToken);
        first.CopyTo(gradX1);
        second.CopyTo(gradX2);
    }

    /// <summary>The gradients on spans.</summary>
    /// <param name="gradOutput">The gradient of each distance.</param>
    /// <param name="x1">The first tensor's values, row-major.</param>
    /// <param name="x2">The second's: as many, or those of one vector.</param>
    /// <param name="shape">The shape of the longer: (*, D).</param>
    /// <param name="gradX1">Overwritten with the gradient of <paramref name="x1"/>, as long as it.</param>
    /// <param name="gradX2">Overwritten with the gradient of <paramref name="x2"/>, as long as it.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <exception cref="ArgumentException">A length does not fit the shape.</exception>
    public void Backward<T>(
        ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, ReadOnlySpan<nint> shape, Span<T> gradX1, Span<T> gradX2,
        CancellationToken cancellationToken = default)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        int rows = Check(shape, x1, x2);
        if (gradOutput.Length != rows)
            throw new ArgumentException($"PairwiseDistance: gradOutput has {gradOutput.Length} elements; shape {Shapes.Text(shape)} gives {rows} distances.", nameof(gradOutput));
        if (gradX1.Length != x1.Length || gradX2.Length != x2.Length)
            throw new ArgumentException($"PairwiseDistance: gradX1 and gradX2 have {gradX1.Length} and {gradX2.Length} elements; they need {x1.Length} and {x2.Length}.", nameof(gradX1));
        if (gradX1.Overlaps(gradX2) || gradX1.Overlaps(x1) || gradX1.Overlaps(x2) || gradX2.Overlaps(x1) || gradX2.Overlaps(x2)
            || gradOutput.Overlaps(gradX1) || gradOutput.Overlaps(gradX2))
            throw new ArgumentException("PairwiseDistance: a gradient overlaps another span.", nameof(gradX1));
        Gradients(gradOutput, x1, x2, (int)shape[^1], gradX1, gradX2, cancellationToken);
    }

    private void Distances<T>(ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, int width, Span<T> distances, CancellationToken cancellation)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < distances.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            distances[row] = T.CreateTruncating(Norm(RowOf(x1, row, width), RowOf(x2, row, width)));
        }
    }

    private double Norm<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double sum = 0;
        for (int j = 0; j < a.Length; j++)
        {
            double d = Math.Abs(Difference(a[j], b[j]));
            // Math.Max hands a NaN on, as a sum does.
            sum = P == 2 ? sum + (d * d) : P == 1 ? sum + d : double.IsPositiveInfinity(P) ? Math.Max(sum, d) : P == 0 ? sum + (d == 0 ? 0 : 1) : sum + Elementary.Pow(d, P);
        }
        return P == 2 ? Math.Sqrt(sum) : P is 0 or 1 || double.IsPositiveInfinity(P) ? sum : Elementary.Pow(sum, 1 / P);
    }

    private void Gradients<T>(ReadOnlySpan<T> gradOutput, ReadOnlySpan<T> x1, ReadOnlySpan<T> x2, int width, Span<T> gradX1, Span<T> gradX2,
        CancellationToken cancellation) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A vector that serves for every row gathers the gradients of all of them: in double, rounded once.
        bool shared = gradX1.Length != gradX2.Length;
        Span<T> sharedGradient = !shared ? default : gradX1.Length < gradX2.Length ? gradX1 : gradX2;
        double[] sums = new double[shared ? width : 0];
        for (int row = 0; row < gradOutput.Length; row++)
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<T> a = RowOf(x1, row, width), b = RowOf(x2, row, width);
            double norm = Norm(a, b), g = double.CreateTruncating(gradOutput[row]);
            int largest = 0;
            for (int j = 0; double.IsPositiveInfinity(P) && j < width; j++)
                largest += Math.Abs(Difference(a[j], b[j])) == norm ? 1 : 0;
            for (int j = 0; j < width; j++)
            {
                double slope = g * Slope(Difference(a[j], b[j]), norm, largest);
                if (shared)
                    sums[j] += gradX1.Length < gradX2.Length ? slope : -slope;
                if (!shared || gradX1.Length > gradX2.Length)
                    gradX1[(row * width) + j] = T.CreateTruncating(slope);
                if (!shared || gradX2.Length > gradX1.Length)
                    gradX2[(row * width) + j] = T.CreateTruncating(-slope);
            }
        }
        for (int j = 0; j < sharedGradient.Length; j++)
            sharedGradient[j] = T.CreateTruncating(sums[j]);
    }

    /// <summary>The derivative of the norm by one difference; where several are the largest they share it.</summary>
    private double Slope(double d, double norm, int largest)
    {
        if (double.IsNaN(d) || double.IsNaN(norm))
            return double.NaN;
        if (norm == 0 || P == 0)
            return 0;
        if (double.IsPositiveInfinity(P))
            return Math.Abs(d) == norm ? Math.Sign(d) / (double)largest : 0;
        if (P == 1)
            return Math.Sign(d);
        return P == 2 ? d / norm : d == 0 ? 0 : Math.Sign(d) * Elementary.Pow(Math.Abs(d) / norm, P - 1);
    }

    private double Difference<T>(T a, T b) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        double.CreateTruncating(a) - double.CreateTruncating(b) + Eps;

    private static ReadOnlySpan<T> RowOf<T>(ReadOnlySpan<T> x, int row, int width) => x.Length == width ? x : x.Slice(row * width, width);

    private static ReadOnlySpan<T> Flat<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    private static void RequireShape(string name, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> needed)
    {
        if (!lengths.SequenceEqual(needed))
            throw new ArgumentException($"PairwiseDistance: {name} has shape {Shapes.Text(lengths)}; it needs {Shapes.Text(needed)}.", name);
    }

    private static int Check<T>(ReadOnlySpan<nint> shape, ReadOnlySpan<T> x1, ReadOnlySpan<T> x2) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string name = nameof(PairwiseDistance);
        Check<T>(shape, shape, shape);
        Operand<T>.Of(x1.Length >= x2.Length ? x1 : x2, shape, MemoryFormat.Contiguous, name, x1.Length >= x2.Length ? nameof(x1) : nameof(x2));
        int shorter = Math.Min(x1.Length, x2.Length);
        if (x1.Length != x2.Length && shorter != shape[^1])
            throw new ArgumentException($"{name}: x1 and x2 have {x1.Length} and {x2.Length} elements; they need as many, or one of them a single vector of {shape[^1]}.", nameof(x2));
        return checked((int)Shapes.Product(shape[..^1]));
    }

    private static void Check<T>(ReadOnlySpan<nint> shape, ReadOnlySpan<nint> first, ReadOnlySpan<nint> second)
    {
        Normalizer.RequireSupported<T>();
        if (shape.IsEmpty)
            throw new ArgumentException("PairwiseDistance: a scalar is no vector; the inputs need at least one dimension.", "x1");
        if (!Fits(first, shape) || !Fits(second, shape))
            throw new ArgumentException($"PairwiseDistance: x1 {Shapes.Text(first)} and x2 {Shapes.Text(second)} must have the same shape, or one of them that of a single vector, [{shape[^1]}].", "x2");

        static bool Fits(ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> shape) =>
            lengths.SequenceEqual(shape) || (lengths.Length == 1 && lengths[0] == shape[^1]);
    }
}

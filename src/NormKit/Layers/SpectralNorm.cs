using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Divides a weight by its largest singular value, found by power iteration.</summary>
/// <remarks><code>y = W / sigma        sigma = u . (W v)        u = W v / |W v|,  v = W^T u / |W^T u|        // a few rounds each forward</code>
/// W is the weight as a matrix, with one dimension as its rows and all others, in their order, as its columns. 15 rounds are done at construction,
/// nPowerIterations at each forward pass in training, none in evaluation. A weight with one dimension is divided by its length. A weight of zeros gives
/// zeros and leaves u and v as they were (PyTorch gives NaN, now and ever after). Computed in double; u and v are rounded to the type and sigma is that
/// of the rounded ones. Not for use from several threads at once.
/// Source: Miyato, Kataoka, Koyama, Yoshida 2018, arXiv:1802.05957; torch.nn.utils.parametrizations.spectral_norm.</remarks>
/// <typeparam name="T">float or double.</typeparam>
public sealed class SpectralNorm<T> : IStateful<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int IterationsAtFirst = 15;

    private readonly nint[] shape;
    private readonly int[] order;
    private readonly int rows;
    private readonly int columns;

    // Of the last forward pass, for backward; the next one moves U and V.
    private readonly double[] u;
    private readonly double[] v;
    private bool hasRun;
    private double divisor;
    private bool isDivisorFixed;

    /// <summary>A parametrization of a weight, which is copied.</summary>
    /// <param name="weight">The weight, in any layout.</param>
    /// <param name="nPowerIterations">The rounds of each forward pass in training.</param>
    /// <param name="eps">The least that u and v are divided by.</param>
    /// <param name="dim">The dimension that is the matrix's rows, a negative one counted from the end: 0, or 1 for the weight of a transposed convolution.</param>
    /// <exception cref="ArgumentException"><paramref name="weight"/> has no elements, or does not have that dimension.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nPowerIterations"/> is less than 1, or <paramref name="eps"/> is negative or not finite.</exception>
    public SpectralNorm(Tensor<T> weight, int nPowerIterations = 1, double eps = 1e-12, int dim = 0)
    {
        ArgumentNullException.ThrowIfNull(weight);
        Normalizer.RequireSupported<T>();
        NormCall.CheckEps(nameof(SpectralNorm<>), eps);
        int rank = weight.Rank, d = dim < 0 ? dim + rank : dim;
        if (nPowerIterations < 1)
            throw new ArgumentOutOfRangeException(nameof(nPowerIterations), nPowerIterations, $"SpectralNorm: expected nPowerIterations to be positive, but got nPowerIterations={nPowerIterations}.");
        if (d < 0 || d >= rank)
            throw new ArgumentException($"SpectralNorm: dimension out of range (expected to be in range of [{-rank}, {rank - 1}], but got {dim}) for weight {Shapes.Text(weight.Lengths)}.", nameof(dim));
        if (weight.FlattenedLength == 0)
            throw new ArgumentException($"SpectralNorm: weight {Shapes.Text(weight.Lengths)} has no elements, and so no largest singular value.", nameof(weight));
        (NPowerIterations, Eps, Dim) = (nPowerIterations, eps, d);
        shape = weight.Lengths.ToArray();
        order = [d, .. Enumerable.Range(0, rank).Where(i => i != d)];
        rows = rank == 1 ? 1 : (int)shape[d];
        columns = (int)weight.FlattenedLength / rows;
        Weight = new(shape, T.Zero);
        weight.FlattenTo(Weight.Values);
        (u, v) = rank == 1 ? ([], []) : (new double[rows], new double[columns]);
        if (rank == 1)
            return;
        U = Tensor.CreateFromShape<T>([rows]);
        V = Tensor.CreateFromShape<T>([columns]);
        Draw();
        Update(IterationsAtFirst, Matrix());
    }

    /// <summary>The weight before it is divided, with the gradient that backward passes add into.</summary>
    public Parameter<T> Weight { get; }

    /// <summary>The left singular vector as far as it is known; null where the weight has one dimension.</summary>
    public Tensor<T>? U { get; }

    /// <summary>The right singular vector as far as it is known; null where the weight has one dimension.</summary>
    public Tensor<T>? V { get; }

    /// <summary>The rounds of each forward pass in training.</summary>
    public int NPowerIterations { get; }

    /// <summary>The least that u and v, and a weight of one dimension, are divided by.</summary>
    public double Eps { get; }

    /// <summary>The dimension that is the matrix's rows.</summary>
    public int Dim { get; }

    /// <summary>Whether forward passes move u and v; true at first.</summary>
    public bool Training { get; private set; } = true;

    /// <inheritdoc/>
    public IReadOnlyList<StateEntry<T>> State
    {
        get
        {
            StateList<T> state = new();
            state.AddParameter("parametrizations.weight.original", Weight, "weight_orig");
            state.AddBuffer("parametrizations.weight.0._u", U, "weight_u");
            state.AddBuffer("parametrizations.weight.0._v", V, "weight_v");
            return state.Entries;
        }
    }

    /// <summary>Changes to training mode.</summary>
    public void Train() => Training = true;

    /// <summary>Changes to evaluation mode: u and v stay as they are.</summary>
    public void Eval() => Training = false;

    /// <summary>Sets the gradient of the weight to zero.</summary>
    public void ZeroGrad() => Weight.ZeroGrad();

    /// <summary>The weight divided by its largest singular value.</summary>
    /// <returns>A new tensor of the weight's shape, row-major.</returns>
    public Tensor<T> Forward()
    {
        double[] matrix = Matrix();
        if (U is null)
        {
            double length = Math.Sqrt(SpectralMatrix.Dot(matrix, matrix));
            (divisor, isDivisorFixed) = (Math.Max(length, Eps), length < Eps || length == 0);
        }
        else
        {
            if (Training)
                Update(NPowerIterations, matrix);
            Read(U, u);
            Read(V!, v);
            divisor = new SpectralMatrix(matrix, rows, columns).Sigma(u, v);
            isDivisorFixed = divisor == 0;
        }
        hasRun = true;
        T[] result = new T[Weight.Values.Length];
        for (int i = 0; i < result.Length; i++)
            result[i] = divisor == 0 ? T.Zero : T.CreateTruncating(double.CreateTruncating(Weight.Values[i]) / divisor);
        return Tensor.Create(result, shape);
    }

    /// <summary>The gradient of the last forward pass, added to that of the weight. u and v count as constants.</summary>
    /// <remarks><code>dW = (dy - sum(dy * y) * u v^T) / sigma</code>
    /// The weight must be what it was in that pass.</remarks>
    /// <param name="gradOutput">The gradient of the divided weight, of its shape.</param>
    /// <exception cref="ArgumentException">The shape does not fit, or the gradient lies in the weight's.</exception>
    /// <exception cref="InvalidOperationException">There was no forward pass.</exception>
    public unsafe void Backward(in ReadOnlyTensorSpan<T> gradOutput)
    {
        Operand<T> dy = Operand<T>.Of(gradOutput), gradient = Operand<T>.OfOptional(Weight.Gradients);
        if (!hasRun)
            throw new InvalidOperationException("SpectralNorm: backward before forward.");
        NormCall.CheckSameShape("SpectralNorm", nameof(gradOutput), dy, "weight", shape);
        NormCall.CheckApart("SpectralNorm", nameof(gradOutput), dy, "the weight's gradient", gradient);
        if (divisor == 0)
            return;
        double[] matrix = Matrix(), g = new double[matrix.Length];
        ref T first = ref dy.Start;
        fixed (T* start = &first)
            dy.View(start, order).Fill<double>(0, g);
        double share = isDivisorFixed ? 0 : SpectralMatrix.Dot(g, matrix) / divisor;
        for (int i = 0; i < g.Length; i++)
        {
            (int row, int column) = Math.DivRem(i, columns);
            double slope = U is null ? matrix[i] / divisor : u[row] * v[column];
            g[i] = (g[i] - (share * slope)) / divisor;
        }
        Add(g);
    }

    void IStateful<T>.Materialize(nint length) => throw new InvalidOperationException("SpectralNorm: no length is open.");

    /// <summary>The weight as a matrix.</summary>
    private unsafe double[] Matrix()
    {
        double[] matrix = new double[Weight.Values.Length];
        Operand<T> weight = Operand<T>.Of(Weight.Value.AsReadOnlyTensorSpan());
        ref T first = ref weight.Start;
        fixed (T* start = &first)
            weight.View(start, order).Fill<double>(0, matrix);
        return matrix;
    }

    /// <summary>Adds a gradient, in the matrix's order, to the weight's.</summary>
    private unsafe void Add(ReadOnlySpan<double> g)
    {
        double[] sum = new double[g.Length];
        Operand<T> gradient = Operand<T>.Of(Weight.Grad.AsReadOnlyTensorSpan());
        ref T first = ref gradient.Start;
        fixed (T* start = &first)
        {
            TensorView<T> view = gradient.View(start, order);
            view.Fill<double>(0, sum);
            for (int i = 0; i < sum.Length; i++)
                sum[i] += g[i];
            view.Store<double>(0, sum);
        }
    }

    /// <summary>Vectors of any direction, the same for every weight of a shape.</summary>
    private void Draw()
    {
        TorchRandom random = new(seed: 0);
        foreach ((double[] vector, Tensor<T> tensor) in new[] { (u, U!), (v, V!) })
        {
            float[] drawn = new float[vector.Length];
            random.Fill(drawn);
            SpectralMatrix.Take([.. drawn.Select(r => (2.0 * r) - 1)], Eps, vector);
            Write(vector, tensor);
        }
    }

    private void Update(int iterations, ReadOnlySpan<double> matrix)
    {
        Read(U!, u);
        Read(V!, v);
        new SpectralMatrix(matrix, rows, columns).Iterate(u, v, Eps, iterations);
        Write(u, U!);
        Write(v, V!);
    }

    private static void Read(Tensor<T> tensor, Span<double> vector)
    {
        for (int i = 0; i < vector.Length; i++)
            vector[i] = double.CreateTruncating(tensor[i]);
    }

    private static void Write(ReadOnlySpan<double> vector, Tensor<T> tensor)
    {
        for (int i = 0; i < vector.Length; i++)
            tensor[i] = T.CreateTruncating(vector[i]);
    }
}

using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

public class SpectralNormTests
{
    private static readonly nint[] Shape = [5, 3, 4];

    /// <summary>The matrix by one dimension, and back.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(-1)]
    public void Forward_InEvaluation_DividesBySigmaOfStoredVectors(int dim)
    {
        double[] w = Inputs<double>.Normal(new(1), 60);
        SpectralNorm<double> norm = new(Tensor.Create(w, Shape), dim: dim);
        int axis = (dim + 3) % 3;
        Assert.Equal([Shape[axis]], norm.U!.Lengths.ToArray());
        Assert.Equal([60 / Shape[axis]], norm.V!.Lengths.ToArray());
        norm.Eval();
        double[] u = Placing.Logical(norm.U), v = Placing.Logical(norm.V), matrix = Matrix(w, Shape, axis);
        double[] expected = Gradients.Value(x => SpectralFormula.Of(x[0], u, v), matrix);
        Tensor<double> y = norm.Forward();
        Assert.Equal(Shape, y.Lengths.ToArray());
        Closeness.Near<double>(Matrix(Placing.Logical(y), Shape, axis), expected, Tolerances.ForwardDouble, "y");
        Assert.Equal(u, Placing.Logical(norm.U));
        Assert.Equal(v, Placing.Logical(norm.V));
    }

    [Fact]
    public void Forward_InTraining_MovesVectorsByItsRounds()
    {
        foreach (int rounds in (int[])[1, 3])
        {
            double[] w = Inputs<double>.Normal(new(1), 60);
            SpectralNorm<double> norm = new(Tensor.Create(w, Shape), rounds);
            (double[] u, double[] v) = SpectralFormula.Iterate(w, Placing.Logical(norm.U!), Placing.Logical(norm.V!), rounds);
            norm.Forward();
            Closeness.Near<double>(Placing.Logical(norm.U!), u, 1e-14, "u");
            Closeness.Near<double>(Placing.Logical(norm.V!), v, 1e-14, "v");
        }
    }

    /// <summary>As after loading a state.</summary>
    [Fact]
    public void Forward_AfterOtherVectorsWereStored_GoesOnFromThose()
    {
        double[] w = Inputs<double>.Normal(new(1), 60);
        SpectralNorm<double> norm = new(Tensor.Create(w, Shape));
        norm.Forward();
        Tensor.Create(Inputs<double>.Normal(new(2), 5), [5]).CopyTo(norm.U!);
        Tensor.Create(Inputs<double>.Normal(new(3), 12), [12]).CopyTo(norm.V!);
        (double[] u, double[] v) = SpectralFormula.Iterate(w, Placing.Logical(norm.U!), Placing.Logical(norm.V!), 1);
        norm.Forward();
        Closeness.Near<double>(Placing.Logical(norm.U!), u, 1e-14, "u");
        Closeness.Near<double>(Placing.Logical(norm.V!), v, 1e-14, "v");
    }

    [Fact]
    public void Forward_OfManyRounds_HasALargestSingularValueOfOne()
    {
        float[] w = Inputs<float>.Normal(new(1), 7 * 40);
        SpectralNorm<float> norm = new(Tensor.Create(w, [7, 40]), 500);
        double[] y = Inputs<float>.Doubles(Placing.Logical(norm.Forward()))!;
        (double[] u, double[] v) = SpectralFormula.SingularVectors(y, 7);
        double sigma = y.Select((value, i) => value * u[i / 40] * v[i % 40]).Sum();
        Assert.Equal(1, sigma, 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Backward_OfTheLastForward_IsTheFormulas(int dim)
    {
        double[] w = Inputs<double>.Normal(new(1), 60), dy = Inputs<double>.Normal(new(2), 60);
        SpectralNorm<double> norm = new(Tensor.Create(w, Shape), dim: dim);
        norm.Forward();
        double[] u = Placing.Logical(norm.U!), v = Placing.Logical(norm.V!);
        Gradients expected = Gradients.By(x => SpectralFormula.Of(x[0], u, v), Matrix(dy, Shape, dim), Matrix(w, Shape, dim));
        norm.Backward(Tensor.Create(dy, Shape));
        Closeness.Near<double>(Matrix(Placing.Logical(norm.Weight.Grad), Shape, dim), expected.Of[0], Tolerances.InputGradientDouble, "dW");
        norm.Backward(Placing.Place(dy, Shape, Placement.Transposed));
        Closeness.Near<double>(Matrix(Placing.Logical(norm.Weight.Grad), Shape, dim), [.. expected.Of[0].Select(g => 2 * g)], Tolerances.InputGradientDouble, "dW twice");
        norm.ZeroGrad();
        Assert.All(Placing.Logical(norm.Weight.Grad), g => Assert.Equal(0, g));
    }

    [Fact]
    public void Pass_OfAVector_NormalizesIt()
    {
        double[] w = Inputs<double>.Normal(new(1), 13), dy = Inputs<double>.Normal(new(2), 13);
        SpectralNorm<double> norm = new(Tensor.Create(w, [13]));
        Assert.Null(norm.U);
        Gradients expected = Gradients.By(x => UncentredFormulas.LpNormalize(x[0], new int[13], 2, 1e-12), dy, w);
        Closeness.Near<double>(Placing.Logical(norm.Forward()), expected.Y, Tolerances.ForwardDouble, "y");
        norm.Backward(Tensor.Create(dy, [13]));
        Closeness.Near<double>(Placing.Logical(norm.Weight.Grad), expected.Of[0], Tolerances.InputGradientDouble, "dw");
        Assert.Equal(["parametrizations.weight.original"], norm.State.Select(e => e.Key));
    }

    /// <summary>PyTorch gives NaN, and leaves vectors of zeros that no later weight comes back from.</summary>
    [Fact]
    public void Forward_OfZeros_IsZerosAndRecovers()
    {
        foreach (nint[] shape in (nint[][])[[3, 4], [12]])
        {
            SpectralNorm<float> norm = new(Tensor.CreateFromShape<float>(shape));
            Assert.All(Placing.Logical(norm.Forward()), y => Assert.Equal(0, y));
            norm.Backward(Tensor.CreateFromShape<float>(shape));
            Assert.All(Placing.Logical(norm.Weight.Grad), g => Assert.Equal(0, g));
            float[] w = Inputs<float>.Normal(new(1), 12);
            Tensor.Create(w, shape).CopyTo(norm.Weight.Value);
            for (int i = 0; i < 200; i++)
                norm.Forward();
            double[] y = Inputs<float>.Doubles(Placing.Logical(norm.Forward()))!;
            int rows = shape.Length == 1 ? 1 : 3;
            (double[] u, double[] v) = SpectralFormula.SingularVectors(y, rows);
            Assert.Equal(1, y.Select((value, i) => value * u[i / v.Length] * v[i % v.Length]).Sum(), 1e-6);
        }
    }

    [Fact]
    public void State_HasPyTorchsKeys()
    {
        SpectralNorm<float> norm = new(Tensor.Create(Inputs<float>.Normal(new(1), 60), Shape));
        Assert.Equal(
            [("parametrizations.weight.original", StateKind.Parameter), ("parametrizations.weight.0._u", StateKind.Buffer), ("parametrizations.weight.0._v", StateKind.Buffer)],
            norm.State.Select(e => (e.Key, e.Kind)));
        Assert.Equal(new SpectralNorm<float>(Tensor.Create(Inputs<float>.Normal(new(1), 60), Shape)).State.Select(e => Placing.Logical(e.Value!)), norm.State.Select(e => Placing.Logical(e.Value!)));
    }

    [Fact]
    public void Refused_SaysWhatAndChangesNothing()
    {
        Tensor<float> weight = Tensor.Create(Inputs<float>.Normal(new(1), 12), [3, 4]);
        Assert.Throws<ArgumentNullException>("weight", () => new SpectralNorm<float>(null!));
        Assert.Contains("nPowerIterations=0", Assert.Throws<ArgumentOutOfRangeException>("nPowerIterations", () => new SpectralNorm<float>(weight, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new SpectralNorm<float>(weight, eps: double.NaN));
        Assert.Contains("range of [-2, 1], but got 2", Assert.Throws<ArgumentException>("dim", () => new SpectralNorm<float>(weight, dim: 2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>("weight", () => new SpectralNorm<float>(Tensor.CreateFromShape<float>([3, 0])));
        SpectralNorm<float> norm = new(weight);
        Assert.Throws<InvalidOperationException>(() => norm.Backward(weight));
        norm.Forward();
        Assert.Throws<ArgumentException>("gradOutput", () => norm.Backward(Tensor.CreateFromShape<float>([4, 3])));
        Assert.Throws<ArgumentException>("gradOutput", () => norm.Backward(norm.Weight.Grad));
        Assert.All(Placing.Logical(norm.Weight.Grad), g => Assert.Equal(0, g));
        Assert.Throws<InvalidOperationException>(() => ((IStateful<float>)norm).Materialize(3));
    }

    /// <summary>A tensor as a matrix with one dimension as its rows.</summary>
    private static double[] Matrix(double[] x, nint[] shape, int dim)
    {
        int[] row = Over.Sets(shape, dim), column = Over.Axes(shape, dim);
        double[] matrix = new double[x.Length];
        int columns = x.Length / (int)shape[dim];
        for (int i = 0; i < x.Length; i++)
            matrix[(row[i] * columns) + column[i]] = x[i];
        return matrix;
    }
}

using CsCheck;
using Microsoft.ML.OnnxRuntime;

namespace NormKit.Onnx.Tests;

/// <summary>LRN. ONNX Runtime takes four dimensions and odd sizes only, where PyTorch's window and ONNX's are the same.</summary>
public class LrnTests : OnnxRuntimeTests
{
    private static readonly Gen<(Shape, Data, int, int, float, float, float)> Cases = Gen.Select(
        Shape.OfRank(4, 4), Data.Usual, Gen.OneOf(1, 13), Gen.OneOf(1, 3, 5, 9), Gen.OneOf(1e-4f, 0.5f, 3), Gen.OneOf(0.75f, 0.5f, 1, 1.3f), Gen.OneOf(1f, 2, 0.3f));

    [Fact]
    public void Lrn_OddSize_IsLocalResponseNorm() => Cases.Sample((shape, data, opset, size, alpha, beta, k) =>
    {
        float[] x = data.Input<float>(shape.Count);
        float[] theirs = new OnnxNode("LRN", opset).With("size", size).With("alpha", alpha).With("beta", beta).With("bias", k).Input(x, shape.Lengths).Run<float>();
        float[] ours = new LocalResponseNorm<float>(size, alpha, beta, k, LrnWindow.OnnxLrn).Apply(x, shape);
        Answer formula = Formula(x, shape, size, alpha, beta, k);
        ThreeWay.Agree(ours, theirs, formula, Allowed.Cancelled<float>(formula), $"opset {opset} {shape} {data} size {size} alpha {alpha} beta {beta} bias {k}");
    }, iter: 300);

    /// <summary>The standard's window of an even size has one channel more above than below, PyTorch's one more below.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Lrn_EvenSize_IsRefusedByOnnxRuntimeAndTheStandardsInNormKit(int size)
    {
        Shape shape = new(2, 7, 3, 5);
        float[] x = new Data(1, 0.5, 1).Input<float>(shape.Count);
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("LRN", 13).With("size", size).Input(x, shape.Lengths).Run<float>());
        Answer formula = Formula(x, shape, size, 0.5f, 0.75f, 1);
        Assert.InRange(formula.ErrorOf(new LocalResponseNorm<float>(size, 0.5f, 0.75, 1, LrnWindow.OnnxLrn).Apply(x, shape)), 0, Allowed.Ours<float>());
    }

    /// <summary>1e8 + 1 is 1e8 in float, and less 1e8 it is 0: the channel after a large one loses its own square.</summary>
    [Fact]
    public void Lrn_ChannelAfterALargeOne_IsRightInNormKitOnly()
    {
        Shape shape = new(1, 2, 1, 1);
        float[] x = [1e4f, 1];
        float[] theirs = new OnnxNode("LRN", 13).With("size", 1).With("alpha", 1f).With("beta", 1f).Input(x, shape.Lengths).Run<float>();
        ThreeWay.OnlyOursIsRight(
            new LocalResponseNorm<float>(1, 1, 1, 1, LrnWindow.OnnxLrn).Apply(x, shape), theirs, Formula(x, shape, 1, 1, 1, 1), 0.5, string.Join(", ", theirs));
    }

    [Fact]
    public void Lrn_ThreeDimensions_AreRefusedByOnnxRuntime() =>
        Assert.Throws<OnnxRuntimeException>(() => new OnnxNode("LRN", 13).With("size", 3).Input(new float[24], 2, 3, 4).Run<float>());

    /// <summary><c>x / (bias + alpha / size * sum(x^2))^beta</c> over channels c - floor((size - 1) / 2) to c + ceil((size - 1) / 2).</summary>
    private static Answer Formula(float[] x, Shape shape, int size, float alpha, float beta, float k)
    {
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double sum = 0;
            int c = shape.Channel(i);
            for (int other = Math.Max(0, c - ((size - 1) / 2)); other <= Math.Min(shape.C - 1, c + (size / 2)); other++)
            {
                double value = x[i + ((other - c) * shape.S)];
                sum += value * value;
            }
            y[i] = x[i] / Math.Pow(k + (alpha / (double)size * sum), beta);
        }
        // ONNX Runtime adds the channel that enters the window and subtracts the one that leaves, whose rounding stays.
        double left = Enumerable.Range(0, x.Length).Max(i => x[i] * (double)x[i]) * alpha / size * beta / k;
        return new(y, y.Max(Math.Abs), 1, left, [], []);
    }
}

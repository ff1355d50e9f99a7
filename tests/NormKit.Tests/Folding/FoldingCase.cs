using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>A norm and a layer with random parameters, and what they make of an input one after the other and folded.</summary>
internal sealed class FoldingCase<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Random random;

    /// <param name="setting">The layer.</param>
    /// <param name="inPerGroup">Its input channels in each group.</param>
    /// <param name="outPerGroup">Its output channels in each group.</param>
    /// <param name="kernel">The kernel's lengths; none for a linear layer.</param>
    /// <param name="normAfter">Whether the norm comes after the layer.</param>
    /// <param name="affine">Whether the norm has weight and bias.</param>
    /// <param name="hasBias">Whether the layer has a bias.</param>
    /// <param name="seed">Decides all values.</param>
    public FoldingCase(NaiveConvolution setting, int inPerGroup, int outPerGroup, nint[] kernel, bool normAfter, bool affine = true, bool hasBias = true, int seed = 5)
    {
        random = new(seed);
        Setting = setting;
        Inputs = inPerGroup * setting.Groups;
        Outputs = outPerGroup * setting.Groups;
        WeightShape = setting.Layer == FoldableLayer.TransposedConvolution ? [Inputs, outPerGroup, .. kernel] : [Outputs, inPerGroup, .. kernel];
        Weight = Inputs<T>.Normal(random, (int)NaiveConvolution.Count(WeightShape));
        Bias = hasBias ? Inputs<T>.Normal(random, Outputs, 2, 1) : null;
        Norm = NormOf(normAfter ? Outputs : Inputs, affine);
        // At least what a dilated kernel reaches over.
        Shape = [2, Inputs, .. ((nint[])[6, 5, 5])[..kernel.Length]];
        X = Inputs<T>.Normal(random, (int)NaiveConvolution.Count(Shape), 1, 0.5);
    }

    public NaiveConvolution Setting { get; init; }

    public int Inputs { get; }

    public int Outputs { get; }

    public nint[] WeightShape { get; }

    public T[] Weight { get; }

    public T[]? Bias { get; }

    public BatchNorm<T> Norm { get; }

    public nint[] Shape { get; }

    public T[] X { get; }

    public Tensor<T> WeightTensor => Tensor.Create((T[])Weight.Clone(), WeightShape);

    public Tensor<T>? BiasTensor => Bias is null ? null : Tensor.Create((T[])Bias.Clone(), [Outputs]);

    public FoldedLayer<T> FoldIntoPreceding() =>
        BatchNormFolding.FoldIntoPreceding(Norm, Setting.Layer, WeightTensor, BiasTensor.OrNone(), Setting.Groups);

    public FoldedLayer<T> FoldIntoFollowing(bool? hasZeroPadding) =>
        BatchNormFolding.FoldIntoFollowing(Norm, Setting.Layer, WeightTensor, BiasTensor.OrNone(), Setting.Groups, hasZeroPadding);

    public (double[] Y, nint[] Shape) Layer(double[] x, nint[] shape) =>
        Setting.Of(x, shape, Inputs<T>.Doubles(Weight)!, WeightShape, Inputs<T>.Doubles(Bias));

    public (double[] Y, nint[] Shape) Folded(FoldedLayer<T> folded, double[] x, nint[] shape)
    {
        Assert.Equal(WeightShape, folded.Weight.Lengths.ToArray());
        Assert.Equal([Outputs], folded.Bias.Lengths.ToArray());
        return Setting.Of(
            x, shape, Inputs<T>.Doubles(Placing.Logical(folded.Weight))!, WeightShape, Inputs<T>.Doubles(Placing.Logical(folded.Bias)));
    }

    public double[] DoubleX => Inputs<T>.Doubles(X)!;

    /// <summary>The norm itself, in double whatever its type, so that only folding is judged.</summary>
    public double[] Normalized(double[] x, nint[] shape)
    {
        BatchNorm<double> norm = new(Norm.NumFeatures, Norm.Eps, affine: Norm.Weight is not null);
        Copy(Norm.RunningMean!, norm.RunningMean!);
        Copy(Norm.RunningVar!, norm.RunningVar!);
        if (Norm.Weight is not null)
        {
            Copy(Norm.Weight.Value, norm.Weight!.Value);
            Copy(Norm.Bias!.Value, norm.Bias!.Value);
        }
        norm.Eval();
        return Placing.Logical(norm.Forward(Tensor.Create(x, shape)));
    }

    public static void Set(Tensor<T> tensor, params T[] values) => values.CopyTo(tensor.GetSpan([0], values.Length));

    private BatchNorm<T> NormOf(int channels, bool affine)
    {
        BatchNorm<T> norm = new(channels, eps: 1e-3, affine: affine);
        Set(norm.RunningMean!, Inputs<T>.Normal(random, channels, 1, 0.5));
        Set(norm.RunningVar!, [.. Inputs<T>.Normal(random, channels).Select(v => (v * v) + T.CreateTruncating(0.1))]);
        if (affine)
        {
            Set(norm.Weight!.Value, Inputs<T>.Normal(random, channels, 0.5, 1));
            Set(norm.Bias!.Value, Inputs<T>.Normal(random, channels));
        }
        return norm;
    }

    private static void Copy(Tensor<T> from, Tensor<double> to) => Inputs<T>.Doubles(Placing.Logical(from))!.CopyTo(to.GetSpan([0], (int)to.FlattenedLength));
}

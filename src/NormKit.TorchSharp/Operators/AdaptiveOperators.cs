namespace NormKit.TorchSharp.Operators;

/// <summary>Adaptive layer norm, or RMS norm where it does not centre: scale and shift are given for each sample.</summary>
internal sealed record AdaptiveRowOperator(string Name, Sizes NormalizedShape, double? Eps, bool Centres) : NormOperator(Name)
{
    public AdaptiveRowNorm<T> CreateAdaptive<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> => Centres
        ? new AdaptiveLayerNorm<T>(NormalizedShape.Native, Eps ?? 1e-5)
        : new AdaptiveRmsNorm<T>(NormalizedShape.Native, Eps);

    public override NormLayer<T> CreateLayer<T>() => throw new NotSupportedException($"{Name}: takes its scale and shift with each call.");

    public override void RequireShape(long[] shape, bool training)
    {
        long[] lengths = NormalizedShape.Lengths;
        if (shape.Length <= lengths.Length || !shape.AsSpan(shape.Length - lengths.Length).SequenceEqual(lengths))
            throw new ArgumentException($"{Name}: expected input (N, *, normalizedShape) with samples in dimension 0 and normalizedShape {NormalizedShape}, got input size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        long[] dimensions = [.. Enumerable.Range(-NormalizedShape.Lengths.Length, NormalizedShape.Lengths.Length).Select(d => (long)d)];
        Tensor xHat;
        if (Centres)
        {
            (Tensor mean, Tensor variance) = Formulas.Moments(x, dimensions);
            xHat = (x - mean) * Formulas.InvSqrt(variance, Eps ?? 1e-5);
        }
        else
        {
            xHat = x * Formulas.InvSqrt(Formulas.MeanSquare(x, dimensions), RmsNormOperator.EpsOr(Eps, x));
        }
        Tensor y = xHat * (1 + OfEachSample("scale", with, x));
        return with["shift"] is null ? y : y + OfEachSample("shift", with, x);
    }

    private Tensor OfEachSample(string name, Composition with, Tensor x)
    {
        Tensor condition = with[name]!;
        long[] needed = [x.size(0), .. NormalizedShape.Lengths];
        if (!condition.shape.AsSpan().SequenceEqual(needed))
            throw new ArgumentException($"{Name}: {name} has shape {Text(condition.shape)}; it must be {Text(needed)} for input {Text(x.shape)}, one row a sample.", name);
        return condition.reshape([x.size(0), .. Enumerable.Repeat(1L, (int)x.dim() - needed.Length), .. NormalizedShape.Lengths]);
    }
}

/// <summary>Adaptive instance norm: the style's mean and deviation in place of the content's.</summary>
internal sealed record AdaptiveInstanceOperator(double Eps) : NormOperator(nameof(AdaptiveInstanceNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => throw new NotSupportedException($"{Name}: takes its style with each call.");

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, -1);

    public override Tensor Compose(Tensor x, Composition with)
    {
        Tensor style = with["style"]!;
        RequireChannels(style.shape, x.size(1));
        if (style.size(0) != x.size(0))
            throw new ArgumentException($"{Name}: style has shape {Text(style.shape)} and content {Text(x.shape)}; they must have the same samples and channels, dimensions 0 and 1.", nameof(style));
        (Tensor mean, Tensor variance) = Planes(x);
        (Tensor styleMean, Tensor styleVariance) = Planes(style);
        return (x.reshape(x.size(0), x.size(1), -1) - mean).mul(Formulas.InvSqrt(variance, Eps) * Formulas.Root(styleVariance + Eps)).add(styleMean).reshape(x.shape);
    }

    private static (Tensor Mean, Tensor Variance) Planes(Tensor x) => Formulas.Moments(x.reshape(x.size(0), x.size(1), -1), [2]);
}

namespace NormKit.TorchSharp.Operators;

internal sealed record GroupNormOperator(int NumGroups, int NumChannels, double Eps, bool Affine) : NormOperator(nameof(GroupNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new GroupNorm<T>(NumGroups, NumChannels, Eps, Affine);

    public override void RequireShape(long[] shape, bool training)
    {
        RequireChannels(shape, NumChannels);
        if (shape[0] * (shape[1] / NumGroups) * Product(shape[2..]) == 1)
            throw new ArgumentException($"{Name}: expected more than 1 value per group, got input size {Text(shape)} with {NumGroups} groups.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (x.numel() == 0)
            return Formulas.AffinePerChannel(x.clone(), with);
        Tensor groups = x.reshape(x.size(0), NumGroups, -1);
        (Tensor mean, Tensor variance) = Formulas.Moments(groups, [2]);
        return Formulas.AffinePerChannel(((groups - mean) * Formulas.InvSqrt(variance, Eps)).reshape(x.shape), with);
    }
}

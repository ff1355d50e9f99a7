namespace NormKit.TorchSharp.Operators;

/// <param name="Name">The layer's name in errors.</param>
/// <param name="Ranks">How many position dimensions are taken, 1 to 3; 0 for any.</param>
/// <param name="NumFeatures">How many channels an input has.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Momentum">The weight of the new value in running statistics; null for 0.</param>
/// <param name="Affine">Whether there are a weight and a bias.</param>
/// <param name="Tracks">Whether running statistics are kept.</param>
/// <param name="NonFinite">What running statistics do with a batch that has NaN or infinity.</param>
internal sealed record InstanceNormOperator(
    string Name, int Ranks, int NumFeatures, double Eps, double? Momentum, bool Affine, bool Tracks, RunningStatisticsPolicy NonFinite)
    : RunningNormOperator(Name, NumFeatures, Eps, Momentum, Affine, Tracks, NonFinite)
{
    public override int UnbatchedRank => Ranks == 0 ? -1 : Ranks + 1;

    public override NormLayer<T> CreateLayer<T>()
    {
        InstanceNorm<T> layer = Ranks switch
        {
            1 => new InstanceNorm1d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            2 => new InstanceNorm2d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            3 => new InstanceNorm3d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            _ => new InstanceNorm<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
        };
        layer.NonFinite = NonFinite;
        return layer;
    }

    public override void RequireShape(long[] shape, bool training)
    {
        if (Ranks > 0 && shape.Length != Ranks + 2)
            throw new ArgumentException($"{Name}: expected {Ranks + 1}D or {Ranks + 2}D input (got {shape.Length}D input).", "input");
        RequireChannels(shape, Affine || Tracks ? NumFeatures : -1, rank: 3);
        if ((training || !Tracks) && Product(shape[2..]) == 1)
            throw new ArgumentException($"{Name}: expected more than 1 spatial element when training, got input size {Text(shape)}; each (sample, channel) is normalized over its positions.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (!with.Training && with.Buffer("running_mean") is Tensor mean && with.Buffer("running_var") is Tensor variance)
            return Formulas.AffinePerChannel(BatchNormOperator.Normalize(x, mean, variance, Eps), with);
        (Tensor own, Tensor spread) = Formulas.Moments(x, Formulas.Behind(x, 2));
        if (x.numel() > 0 && with.Training)
        {
            double positions = Product(x.shape[2..]);
            with.Move(
                Momentum ?? 0, NonFinite, ("running_mean", own.flatten(1).mean([0L])),
                ("running_var", Formulas.Unbiased(spread, positions).flatten(1).mean([0L])));
        }
        return Formulas.AffinePerChannel((x - own) * Formulas.InvSqrt(spread, Eps), with);
    }
}

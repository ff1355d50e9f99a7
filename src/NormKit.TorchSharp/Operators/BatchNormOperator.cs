namespace NormKit.TorchSharp.Operators;

/// <param name="Name">The layer's name in errors.</param>
/// <param name="Ranks">The ranks that are taken; none for any from 2 up.</param>
/// <param name="NumFeatures">How many channels an input has.</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
/// <param name="Affine">Whether there are a weight and a bias.</param>
/// <param name="Tracks">Whether running statistics are kept.</param>
/// <param name="NonFinite">What running statistics do with a batch that has NaN or infinity.</param>
internal record BatchNormOperator(
    string Name, int Ranks, int NumFeatures, double Eps, double? Momentum, bool Affine, bool Tracks, RunningStatisticsPolicy NonFinite)
    : RunningNormOperator(Name, NumFeatures, Eps, Momentum, Affine, Tracks, NonFinite)
{
    /// <summary><see cref="Ranks"/> of the layers: 0 any, 1 to 3 for that many position dimensions (1 also without any).</summary>
    public override NormLayer<T> CreateLayer<T>()
    {
        BatchNorm<T> layer = Ranks switch
        {
            1 => new BatchNorm1d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            2 => new BatchNorm2d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            3 => new BatchNorm3d<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
            _ => new BatchNorm<T>(NumFeatures, Eps, Momentum, Affine, Tracks),
        };
        layer.NonFinite = NonFinite;
        return layer;
    }

    public override void RequireShape(long[] shape, bool training)
    {
        bool fits = Ranks switch { 0 => true, 1 => shape.Length is 2 or 3, _ => shape.Length == Ranks + 2 };
        if (!fits)
            throw new ArgumentException($"{Name}: expected {(Ranks == 1 ? "2D or 3D" : $"{Ranks + 2}D")} input (got {shape.Length}D input).", "input");
        RequireChannels(shape, NumFeatures);
        if ((training || !Tracks) && shape[0] * Product(shape[2..]) == 1)
            throw new ArgumentException($"{Name}: expected more than 1 value per channel when training, got input size {Text(shape)}; the batch's own statistics need two, so use a larger batch, or running statistics.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (!with.Training && with.Buffer("running_mean") is Tensor mean && with.Buffer("running_var") is Tensor variance)
            return Formulas.AffinePerChannel(Normalize(x, mean, variance, Eps), with);
        (Tensor batchMean, Tensor batchVariance) = Formulas.Moments(x, Formulas.AllButChannels(x));
        Move(x, batchMean, batchVariance, with);
        return Formulas.AffinePerChannel((x - batchMean) * Formulas.InvSqrt(batchVariance, Eps), with);
    }

    protected void Move(Tensor x, Tensor mean, Tensor variance, Composition with)
    {
        if (x.numel() > 0)
            with.Move(Momentum, NonFinite, ("running_mean", mean.flatten()), ("running_var", Formulas.Unbiased(variance, (double)x.numel() / NumFeatures).flatten()));
    }

    /// <summary>By statistics that are given.</summary>
    public static Tensor Normalize(Tensor x, Tensor mean, Tensor variance, double eps) =>
        (x - Formulas.PerChannel(mean, x)) * Formulas.PerChannel(Formulas.InvSqrt(variance, eps), x);
}

/// <summary>A batch in parts with statistics of their own.</summary>
internal sealed record GhostBatchNormOperator(
    int NumFeatures, int NumSplits, double Eps, double? Momentum, bool Affine, bool Tracks, RunningStatisticsPolicy NonFinite)
    : BatchNormOperator(nameof(GhostBatchNorm<>), 0, NumFeatures, Eps, Momentum, Affine, Tracks, NonFinite)
{
    public override NormLayer<T> CreateLayer<T>() => new GhostBatchNorm<T>(NumFeatures, NumSplits, Eps, Momentum, Affine, Tracks) { NonFinite = NonFinite };

    public override void RequireShape(long[] shape, bool training)
    {
        base.RequireShape(shape, training);
        if (!training)
            return;
        if (shape[0] % NumSplits != 0)
            throw new ArgumentException($"{Name}: a batch of {shape[0]} samples does not split into {NumSplits} equal parts; input size {Text(shape)}.", "input");
        if (shape[0] / NumSplits * Product(shape[2..]) == 1)
            throw new ArgumentException($"{Name}: expected more than 1 value per channel in each of {NumSplits} parts when training, got input size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (!with.Training || x.numel() == 0)
            return base.Compose(x, with);
        Tensor parts = x.reshape([NumSplits, x.size(0) / NumSplits, .. x.shape[1..]]);
        (Tensor mean, Tensor variance) = Formulas.Moments(parts, [1, .. Formulas.Behind(parts, 3)]);
        double count = (double)x.numel() / NumFeatures / NumSplits;
        with.Move(
            Momentum, NonFinite, ("running_mean", mean.reshape(NumSplits, NumFeatures).mean([0L])),
            ("running_var", Formulas.Unbiased(variance, count).reshape(NumSplits, NumFeatures).mean([0L])));
        return Formulas.AffinePerChannel(((parts - mean) * Formulas.InvSqrt(variance, Eps)).reshape(x.shape), with);
    }
}

/// <summary>Batch norm corrected towards the running statistics.</summary>
internal sealed record BatchRenormOperator(int NumFeatures, double Eps, double? Momentum, double RMax, double DMax, RunningStatisticsPolicy NonFinite)
    : BatchNormOperator(nameof(BatchRenorm<>), 0, NumFeatures, Eps, Momentum, Affine: true, Tracks: true, NonFinite)
{
    public override NormLayer<T> CreateLayer<T>() => new BatchRenorm<T>(NumFeatures, Eps, Momentum, RMax, DMax) { NonFinite = NonFinite };

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (!with.Training)
            return base.Compose(x, with);
        (Tensor mean, Tensor variance) = Formulas.Moments(x, Formulas.AllButChannels(x));
        Tensor r, d;
        using (torch.no_grad())
        {
            Tensor ofBatch = (variance + Eps).sqrt(), running = Formulas.PerChannel((with.Buffer("running_var")! + Eps).sqrt(), x);
            Tensor beyond = mean - Formulas.PerChannel(with.Buffer("running_mean")!, x);
            r = torch.where(ofBatch == running, torch.ones_like(running), ofBatch / running).clamp(1 / RMax, RMax);
            d = torch.where(beyond == 0, torch.zeros_like(beyond), beyond / running).clamp(-DMax, DMax);
        }
        Tensor y = Formulas.AffinePerChannel((x - mean) * Formulas.InvSqrt(variance, Eps) * r + d, with);
        Move(x, mean, variance, with);
        return y;
    }
}

/// <summary>Batch norm that never trains.</summary>
internal sealed record FrozenBatchNormOperator(int NumFeatures, double Eps) : NormOperator(nameof(FrozenBatchNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new FrozenBatchNorm<T>(NumFeatures, Eps);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, NumFeatures);

    public override Tensor Compose(Tensor x, Composition with) =>
        BatchNormOperator.Normalize(x, with.Buffer("running_mean")!, with.Buffer("running_var")!, Eps) * Formulas.PerChannel(with.Buffer("weight")!, x)
        + Formulas.PerChannel(with.Buffer("bias")!, x);
}

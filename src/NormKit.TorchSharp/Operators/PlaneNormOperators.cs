namespace NormKit.TorchSharp.Operators;

internal sealed record SwitchableNormOperator(int NumFeatures, double Eps, double Momentum) : NormOperator(nameof(SwitchableNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new SwitchableNorm<T>(NumFeatures, Eps, Momentum);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, NumFeatures);

    public override Tensor Compose(Tensor x, Composition with)
    {
        (Tensor ofInstance, Tensor varOfInstance) = Formulas.Moments(x, Formulas.Behind(x, 2));
        (Tensor ofLayer, Tensor varOfLayer) = Formulas.Moments(x, Formulas.Behind(x, 1));
        Tensor ofBatch, varOfBatch;
        if (with.Training)
        {
            (ofBatch, varOfBatch) = Formulas.Moments(x, Formulas.AllButChannels(x));
            double count = (double)x.numel() / NumFeatures;
            // One value per channel has no unbiased variance: it moves the mean alone.
            if (count > 1)
                with.Move(Momentum, RunningStatisticsPolicy.Propagate, ("running_mean", ofBatch.flatten()), ("running_var", Formulas.Unbiased(varOfBatch, count).flatten()));
            else if (count == 1)
                with.Move(Momentum, RunningStatisticsPolicy.Propagate, ("running_mean", ofBatch.flatten()));
        }
        else
        {
            (ofBatch, varOfBatch) = (Formulas.PerChannel(with.Buffer("running_mean")!, x), Formulas.PerChannel(with.Buffer("running_var")!, x));
        }
        Tensor p = with["mean_weight"]!.softmax(0), q = with["var_weight"]!.softmax(0);
        Tensor mean = p[0] * ofInstance + p[1] * ofLayer + p[2] * ofBatch, variance = q[0] * varOfInstance + q[1] * varOfLayer + q[2] * varOfBatch;
        return Formulas.AffinePerChannel((x - mean) * Formulas.InvSqrt(variance, Eps), with);
    }
}

internal sealed record FilterResponseNormOperator(int NumFeatures, double Eps, bool Threshold) : NormOperator(nameof(FilterResponseNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new FilterResponseNorm<T>(NumFeatures, Eps, Threshold);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, NumFeatures);

    public override Tensor Compose(Tensor x, Composition with)
    {
        Tensor z = Formulas.AffinePerChannel(x * Formulas.InvSqrt(Formulas.MeanSquare(x, Formulas.Behind(x, 2)), Eps), with);
        if (with["tau"] is not Tensor threshold)
            return z;
        // Where both are equal the gradient is the threshold's.
        Tensor tau = Formulas.PerChannel(threshold, x);
        return torch.where(z <= tau, tau, z);
    }
}

internal sealed record GlobalResponseNormOperator(int NumFeatures, double Eps) : NormOperator(nameof(GlobalResponseNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new GlobalResponseNorm<T>(NumFeatures, Eps);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, NumFeatures);

    public override Tensor Compose(Tensor x, Composition with)
    {
        long[] positions = Formulas.Behind(x, 2);
        Tensor response = Formulas.Root(positions.Length == 0 ? x.square() : x.square().sum(positions, keepdim: true));
        Tensor mean = response.mean([1L], keepdim: true) + Eps;
        Tensor zero = mean == 0;
        Tensor ratio = response / mean.masked_fill(zero, 1);
        return x + Formulas.PerChannel(with["weight"]!, x) * x * ratio + Formulas.PerChannel(with["bias"]!, x);
    }
}

internal sealed record EvoNormS0Operator(int NumFeatures, int Groups, double Eps) : NormOperator(nameof(EvoNormS0<>))
{
    public override NormLayer<T> CreateLayer<T>() => new EvoNormS0<T>(NumFeatures, Groups, Eps);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, NumFeatures);

    public override Tensor Compose(Tensor x, Composition with)
    {
        if (x.numel() == 0)
            return Formulas.AffinePerChannel(x.clone(), with);
        (_, Tensor variance) = Formulas.Moments(x.reshape(x.size(0), Groups, -1), [2]);
        Tensor factor = (variance + Eps).rsqrt();
        Tensor gated = (x * (Formulas.PerChannel(with["v"]!, x) * x).sigmoid()).reshape(x.size(0), Groups, -1);
        return Formulas.AffinePerChannel((gated * factor).reshape(x.shape), with);
    }
}

internal sealed record EvoNormB0Operator(int NumFeatures, double Momentum, double Eps) : NormOperator(nameof(EvoNormB0<>))
{
    public override NormLayer<T> CreateLayer<T>() => new EvoNormB0<T>(NumFeatures, Momentum, Eps);

    public override void RequireShape(long[] shape, bool training)
    {
        RequireChannels(shape, NumFeatures);
        if (training && shape[0] * Product(shape[2..]) == 1)
            throw new ArgumentException($"{Name}: expected more than 1 value per channel when training, got input size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        (_, Tensor ofInstance) = Formulas.Moments(x, Formulas.Behind(x, 2));
        Tensor ofBatch;
        if (with.Training)
        {
            (_, ofBatch) = Formulas.Moments(x, Formulas.AllButChannels(x));
            if (x.numel() > 0)
                with.Move(Momentum, RunningStatisticsPolicy.Propagate, ("running_var", Formulas.Unbiased(ofBatch, (double)x.numel() / NumFeatures).flatten()));
        }
        else
        {
            ofBatch = Formulas.PerChannel(with.Buffer("running_var")!, x);
        }
        Tensor batch = (ofBatch + Eps).sqrt(), instance = Formulas.PerChannel(with["v"]!, x) * x + (ofInstance + Eps).sqrt();
        // Where both are equal the gradient is the batch's.
        return Formulas.AffinePerChannel(x / torch.where(batch >= instance, batch, instance), with);
    }
}

internal sealed record LocalResponseNormOperator(int Size, double Alpha, double Beta, double K, LrnWindow Window) : NormOperator(nameof(LocalResponseNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new LocalResponseNorm<T>(Size, Alpha, Beta, K, Window);

    public override void RequireShape(long[] shape, bool training) => RequireChannels(shape, -1, rank: 3);

    public override Tensor Compose(Tensor x, Composition with)
    {
        int below = Window == LrnWindow.PyTorch ? Size / 2 : (Size - 1) / 2, channels = (int)x.size(1);
        Tensor squares = x.square(), sum = torch.zeros_like(squares);
        for (int offset = -below; offset < Size - below; offset++)
        {
            int from = Math.Max(0, offset), to = Math.Min(channels, channels + offset);
            if (from >= to)
                continue;
            // Channel c takes the square of channel c + offset.
            Tensor shifted = squares.narrow(1, from, to - from);
            long[] before = [.. x.shape], behind = [.. x.shape];
            (before[1], behind[1]) = (Math.Max(0, -offset), Math.Max(0, offset));
            before[1] = Math.Min(before[1], channels);
            sum = sum + torch.cat([torch.zeros(before, x.dtype, x.device), shifted, torch.zeros(behind, x.dtype, x.device)], 1);
        }
        return x / (sum * (Alpha / Size) + K).pow(Beta);
    }
}

internal sealed record LpNormalizeOperator(string Name, double P, int Dim, double Eps) : NormOperator(Name)
{
    public override NormLayer<T> CreateLayer<T>() => new LpNormalize<T>(P, Dim, Eps);

    public override void RequireShape(long[] shape, bool training)
    {
        if (Dim < -shape.Length || Dim >= shape.Length)
            throw new ArgumentException($"{Name}: dimension out of range (expected to be in range of [{-shape.Length}, {shape.Length - 1}], but got {Dim}) for input {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with) => Formulas.DivideBounded(x, Length(x), Eps);

    private Tensor Length(Tensor x) => P switch
    {
        2 => Formulas.Root(x.square().sum(Dim, keepdim: true)),
        0 => (x != 0).to(x.dtype).sum(Dim, keepdim: true),
        double.PositiveInfinity => x.abs().amax([Dim], keepdim: true),
        1 => x.abs().sum(Dim, keepdim: true),
        _ => PowerOfSum(x),
    };

    private Tensor PowerOfSum(Tensor x)
    {
        Tensor sum = x.abs().pow(P).sum(Dim, keepdim: true), zero = sum == 0;
        return sum.masked_fill(zero, 1).pow(1 / P).masked_fill(zero, 0);
    }
}

internal sealed record WeightStandardizationOperator(int NumOutputs, int Dim, double Eps, bool Gain) : NormOperator(nameof(WeightStandardization<>))
{
    public override NormLayer<T> CreateLayer<T>() => new WeightStandardization<T>(NumOutputs, Dim, Eps, Gain);

    public override void RequireShape(long[] shape, bool training)
    {
        if (Dim < -shape.Length || Dim >= shape.Length)
            throw new ArgumentException($"{Name}: a weight of size {Text(shape)} has no dimension {Dim}, where the outputs are.", "input");
        if (shape[Index(shape.Length)] != NumOutputs)
            throw new ArgumentException($"{Name}: expected {NumOutputs} outputs in dimension {Dim}, got a weight of size {Text(shape)}.", "input");
        if (Product(shape) == NumOutputs)
            throw new ArgumentException($"{Name}: an output needs more than 1 weight to have a variance, got a weight of size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with)
    {
        int rank = (int)x.dim(), outputs = Index(rank);
        (Tensor mean, Tensor variance) = Formulas.Moments(x, [.. Enumerable.Range(0, rank).Where(d => d != outputs).Select(d => (long)d)]);
        Tensor standardized = (x - mean) * Formulas.InvSqrt(variance, Eps);
        return with["weight"] is Tensor gain
            ? standardized * gain.reshape([.. Enumerable.Range(0, rank).Select(d => d == outputs ? NumOutputs : 1L)])
            : standardized;
    }

    private int Index(int rank) => Dim < 0 ? Dim + rank : Dim;
}

namespace NormKit.TorchSharp.Operators;

/// <summary>Layer norm and RMS norm: dimensions that are normalized over, each element of which has its own weight.</summary>
internal abstract record RowNormOperator(string Name, Sizes NormalizedShape, Sizes Axes, bool UnitOffset) : NormOperator(Name)
{
    protected int[] AxesAsInts => [.. Axes.Lengths.Select(axis => (int)axis)];

    public override void RequireShape(long[] shape, bool training)
    {
        long[] lengths = NormalizedShape.Lengths;
        if (Axes.Lengths.Length == 0)
        {
            if (shape.Length < lengths.Length || !shape.AsSpan(shape.Length - lengths.Length).SequenceEqual(lengths))
                throw new ArgumentException($"{Name}: given normalizedShape {NormalizedShape}, expected input with shape [*, {NormalizedShape.ToString()[1..]}, but got input of size {Text(shape)}.", "input");
            return;
        }
        long[] dimensions = Dimensions(shape.Length);
        for (int i = 0; i < dimensions.Length; i++)
        {
            if (dimensions[i] < 0 || dimensions[i] >= shape.Length || (i > 0 && dimensions[i] <= dimensions[i - 1]) || shape[dimensions[i]] != lengths[i])
                throw new ArgumentException($"{Name}: given normalizedShape {NormalizedShape} over axes {Axes}, in ascending order, but got input of size {Text(shape)}.", "input");
        }
    }

    protected long[] Dimensions(long rank) => Axes.Lengths.Length == 0
        ? [.. Enumerable.Range((int)rank - NormalizedShape.Lengths.Length, NormalizedShape.Lengths.Length).Select(d => (long)d)]
        : [.. Axes.Lengths.Select(axis => axis < 0 ? axis + rank : axis)];

    /// <summary>The weight as it multiplies and the bias, in shapes that broadcast over x.</summary>
    protected Tensor Affine(Tensor xHat, Composition with)
    {
        long[] shape = [.. Enumerable.Repeat(1L, (int)xHat.dim())], dimensions = Dimensions(xHat.dim());
        for (int i = 0; i < dimensions.Length; i++)
            shape[dimensions[i]] = NormalizedShape.Lengths[i];
        if (with["weight"] is Tensor weight)
            xHat = xHat * (UnitOffset ? 1 + weight : weight).reshape(shape);
        return with["bias"] is Tensor bias ? xHat + bias.reshape(shape) : xHat;
    }
}

internal sealed record LayerNormOperator(Sizes NormalizedShape, Sizes Axes, double Eps, bool Affines, bool Bias, bool UnitOffset)
    : RowNormOperator(nameof(LayerNorm<>), NormalizedShape, Axes, UnitOffset)
{
    public override NormLayer<T> CreateLayer<T>() => new LayerNorm<T>(NormalizedShape.Native, AxesAsInts, Eps, Affines, Bias, UnitOffset);

    public override Tensor Compose(Tensor x, Composition with)
    {
        (Tensor mean, Tensor variance) = Formulas.Moments(x, Dimensions(x.dim()));
        return Affine((x - mean) * Formulas.InvSqrt(variance, Eps), with);
    }
}

internal sealed record RmsNormOperator(Sizes NormalizedShape, Sizes Axes, double? Eps, bool Affines, bool UnitOffset)
    : RowNormOperator(nameof(RMSNorm), NormalizedShape, Axes, UnitOffset)
{
    /// <summary>What is added where no eps is given: the spacing at 1 of the type computed in.</summary>
    public static double EpsOr(double? eps, Tensor x) => eps ?? (x.dtype == ScalarType.Float64 ? 1.0 / (1L << 52) : 1.0 / (1 << 23));

    public override NormLayer<T> CreateLayer<T>() => new RmsNorm<T>(NormalizedShape.Native, AxesAsInts, Eps, Affines, UnitOffset);

    public override Tensor Compose(Tensor x, Composition with) =>
        Affine(x * Formulas.InvSqrt(Formulas.MeanSquare(x, Dimensions(x.dim())), EpsOr(Eps, x)), with);
}

internal sealed record ScaleNormOperator(int Dim, double Eps) : NormOperator(nameof(ScaleNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new ScaleNorm<T>(Dim, Eps);

    public override void RequireShape(long[] shape, bool training)
    {
        if (shape.Length < 1 || shape[^1] != Dim)
            throw new ArgumentException($"{Name}: expected input (*, {Dim}), got input size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with) =>
        with["weight"]! * Formulas.DivideBounded(x, Formulas.Root(x.square().sum(-1, keepdim: true)), Eps);
}

internal sealed record QueryKeyNormOperator(int NumHeads, int HeadDim, double? Eps) : NormOperator(nameof(QueryKeyNorm<>))
{
    public override NormLayer<T> CreateLayer<T>() => new QueryKeyNorm<T>(NumHeads, HeadDim, Eps);

    public override void RequireShape(long[] shape, bool training)
    {
        if (shape.Length < 3 || shape[^3] != NumHeads || shape[^1] != HeadDim)
            throw new ArgumentException($"{Name}: expected input (*, H, L, D) with {NumHeads} heads of {HeadDim} dimensions, got input size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with) =>
        x * Formulas.InvSqrt(Formulas.MeanSquare(x, [-1]), RmsNormOperator.EpsOr(Eps, x)) * with["weight"]!.unsqueeze(1);
}

internal sealed record DynamicTanhOperator(Sizes NormalizedShape, double Alpha) : NormOperator(nameof(DynamicTanh<>))
{
    public override NormLayer<T> CreateLayer<T>() => new DynamicTanh<T>(NormalizedShape.Native, Alpha);

    public override void RequireShape(long[] shape, bool training)
    {
        long[] lengths = NormalizedShape.Lengths;
        if (shape.Length < lengths.Length || !shape.AsSpan(shape.Length - lengths.Length).SequenceEqual(lengths))
            throw new ArgumentException($"{Name}: given normalizedShape {NormalizedShape}, expected input with shape [*, {NormalizedShape.ToString()[1..]}, but got input of size {Text(shape)}.", "input");
    }

    public override Tensor Compose(Tensor x, Composition with) => with["weight"]! * (with["alpha"]! * x).tanh() + with["bias"]!;
}

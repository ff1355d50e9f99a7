namespace NormKit.TorchSharp.Operators;

/// <summary>The parts that composed formulas share.</summary>
internal static class Formulas
{
    /// <summary>All dimensions but the first <paramref name="from"/>.</summary>
    public static long[] Behind(Tensor x, int from) => [.. Enumerable.Range(from, (int)x.dim() - from).Select(d => (long)d)];

    /// <summary>All dimensions but that of the channels.</summary>
    public static long[] AllButChannels(Tensor x) => [0, .. Behind(x, 2)];

    /// <summary>One value per channel in a shape that broadcasts over (N, C, *).</summary>
    public static Tensor PerChannel(Tensor values, Tensor x) => values.reshape([1, -1, .. Enumerable.Repeat(1L, (int)x.dim() - 2)]);

    /// <summary><c>x * weight + bias</c>, one value of each per channel; either may be absent.</summary>
    public static Tensor AffinePerChannel(Tensor x, Composition with)
    {
        if (with["weight"] is Tensor weight)
            x = x * PerChannel(weight, x);
        return with["bias"] is Tensor bias ? x + PerChannel(bias, x) : x;
    }

    /// <summary>Mean and biased variance over some dimensions, which are kept; over none of them, as of a tensor of (N, C), each value is its own mean.</summary>
    public static (Tensor Mean, Tensor Variance) Moments(Tensor x, long[] dimensions)
    {
        if (dimensions.Length == 0)
            return (x, torch.zeros_like(x));
        Tensor mean = x.mean(dimensions, keepdim: true);
        return (mean, (x - mean).square().mean(dimensions, keepdim: true));
    }

    /// <summary>The mean of squares over some dimensions, which are kept.</summary>
    public static Tensor MeanSquare(Tensor x, long[] dimensions) => dimensions.Length == 0 ? x.square() : x.square().mean(dimensions, keepdim: true);

    /// <summary><c>1 / sqrt(variance + eps)</c>, and 0 where that has no end: NormKit gives the bias for a constant set.</summary>
    public static Tensor InvSqrt(Tensor variance, double eps)
    {
        Tensor shifted = variance + eps;
        if (eps > 0)
            return shifted.rsqrt();
        Tensor zero = shifted == 0;
        return shifted.masked_fill(zero, 1).rsqrt().masked_fill(zero, 0);
    }

    /// <summary>The root of a sum of squares, whose slope at 0 is 0.</summary>
    public static Tensor Root(Tensor squares)
    {
        Tensor zero = squares == 0;
        return squares.masked_fill(zero, 1).sqrt().masked_fill(zero, 0);
    }

    /// <summary><c>x / max(norm, eps)</c>, and 0 where that is 0 / 0.</summary>
    public static Tensor DivideBounded(Tensor x, Tensor norm, double eps)
    {
        Tensor bounded = norm.clamp_min(eps);
        Tensor zero = bounded == 0;
        return x / bounded.masked_fill(zero, 1);
    }

    /// <summary>The variance divided by n - 1 in place of n; 0 and 1 elements give NaN, as in torch.</summary>
    public static Tensor Unbiased(Tensor variance, double count) => variance * (count / (count - 1));
}

using System.Globalization;
using System.Numerics;
using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// A function applied to each output of a normalization, together with it, so that the output is written once. Names and defaults are PyTorch's.
/// </summary>
/// <remarks>
/// NaN gives NaN, in the gradient too. At negative infinity <see cref="Silu"/>, <see cref="Gelu"/> and <see cref="GeluTanh"/> are 0, their limit, where PyTorch has NaN.
/// On floats these three are computed in double and rounded once.
/// </remarks>
public readonly record struct Activation
{
    private readonly ActivationKind kind;
    private readonly double negativeSlope;

    private Activation(ActivationKind kind, double negativeSlope = 0)
    {
        this.kind = kind;
        this.negativeSlope = negativeSlope;
    }

    /// <summary>The output as it is; the default.</summary>
    public static Activation None => default;

    /// <summary>max(x, 0); its derivative at 0 is 0.</summary>
    public static Activation Relu => new(ActivationKind.Relu);

    /// <summary>x * sigmoid(x), also called swish. Source: Elfwing, Uchibe, Doya 2017, arXiv:1702.03118.</summary>
    public static Activation Silu => new(ActivationKind.Silu);

    /// <summary>x * (1 + erf(x / sqrt(2))) / 2. Source: Hendrycks, Gimpel 2016, arXiv:1606.08415.</summary>
    public static Activation Gelu => new(ActivationKind.Gelu);

    /// <summary>The approximation x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2 of <see cref="Gelu"/>.</summary>
    public static Activation GeluTanh => new(ActivationKind.GeluTanh);

    internal bool IsPresent => kind != ActivationKind.None;

    /// <summary>x where it is positive, elsewhere x * negativeSlope, which is also the derivative at 0. Source: Maas, Hannun, Ng 2013.</summary>
    /// <param name="negativeSlope">Any finite number; a float layer rounds it to float.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="negativeSlope"/> is NaN or infinite.</exception>
    public static Activation LeakyRelu(double negativeSlope = 0.01) => double.IsFinite(negativeSlope)
        ? new(ActivationKind.LeakyRelu, negativeSlope)
        : throw new ArgumentOutOfRangeException(nameof(negativeSlope), negativeSlope, "LeakyRelu: the slope must be finite.");

    /// <summary>The name, for LeakyRelu with the slope.</summary>
    public override string ToString() =>
        kind == ActivationKind.LeakyRelu ? string.Create(CultureInfo.InvariantCulture, $"LeakyRelu({negativeSlope})") : kind.ToString();

    /// <summary>Replaces each element of a block, T being float or double, by the function's value.</summary>
    internal void Apply<T>(Span<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (kind)
        {
            case ActivationKind.None: break;
            case ActivationKind.Relu: Activations.Apply(block, default(Relu<T>)); break;
            case ActivationKind.LeakyRelu: Activations.Apply(block, new LeakyRelu<T>(T.CreateTruncating(negativeSlope))); break;
            case ActivationKind.Silu: Activations.Apply(block, default(InDouble<T, Silu>)); break;
            case ActivationKind.Gelu: Activations.Apply(block, default(InDouble<T, Gelu>)); break;
            case ActivationKind.GeluTanh: Activations.Apply(block, default(InDouble<T, GeluTanh>)); break;
        }
    }

    /// <summary>Multiplies each element of <paramref name="g"/> by the derivative at that of <paramref name="z"/>, the argument of <see cref="Apply"/>.</summary>
    internal void Gradient<T>(ReadOnlySpan<T> z, Span<T> g) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        switch (kind)
        {
            case ActivationKind.None: break;
            case ActivationKind.Relu: Activations.Gradient(z, g, default(Relu<T>)); break;
            case ActivationKind.LeakyRelu: Activations.Gradient(z, g, new LeakyRelu<T>(T.CreateTruncating(negativeSlope))); break;
            case ActivationKind.Silu: Activations.Gradient(z, g, default(InDouble<T, Silu>)); break;
            case ActivationKind.Gelu: Activations.Gradient(z, g, default(InDouble<T, Gelu>)); break;
            case ActivationKind.GeluTanh: Activations.Gradient(z, g, default(InDouble<T, GeluTanh>)); break;
        }
    }
}

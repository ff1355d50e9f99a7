namespace NormKit.Tests.Reference;

/// <summary>The four layers.</summary>
public enum Norm
{
    Batch,
    Layer,
    Instance,
    Group,
}

/// <summary>One normalization: which layer on which shape. Says for each element, in row-major order, who shares its statistics and its weight.</summary>
/// <param name="Norm">The layer.</param>
/// <param name="Shape">The input's lengths: (N, C, *), or (*, normalized).</param>
/// <param name="Groups">Of group norm.</param>
/// <param name="NormalizedRank">How many trailing dimensions layer norm takes.</param>
/// <param name="Eps">Added to the variance.</param>
internal sealed record Problem(Norm Norm, nint[] Shape, int Groups = 1, int NormalizedRank = 1, double Eps = 1e-5)
{
    public int N => (int)Shape[0];
    public int C => (int)Shape[1];
    public int S => Product(Shape[2..]);
    public int Elements => Product(Shape);

    /// <summary>Made once, for tests that count allocations; samples may be added to a problem, its trailing dimensions stay.</summary>
    public nint[] NormalizedShape { get; } = Shape[^NormalizedRank..];

    public int Width => Product(NormalizedShape);
    public nint[] ParameterShape => Norm == Norm.Layer ? NormalizedShape : [C];
    public int Parameters => Product(ParameterShape);

    public int Sets => Norm switch
    {
        Norm.Batch => C,
        Norm.Instance => N * C,
        Norm.Group => N * Groups,
        _ => Product(Shape[..^NormalizedRank]),
    };

    public int SetOf(int element)
    {
        if (Norm == Norm.Layer)
            return element / Width;
        int channel = element / S % C, sample = element / S / C;
        return Norm switch
        {
            Norm.Batch => channel,
            Norm.Instance => (sample * C) + channel,
            _ => (sample * Groups) + (channel / (C / Groups)),
        };
    }

    public int ParameterOf(int element) => Norm == Norm.Layer ? element % Width : element / S % C;

    /// <summary>A shape with sizes and products of sizes all distinct, for each layer; positions are many enough for whole vectors and a rest.</summary>
    public static Problem Usual(Norm norm, double eps = 1e-5) => new(norm, [3, 10, 7, 11], Groups: 5, NormalizedRank: 2, eps);

    /// <summary>The same where a set is larger than a block, which is where moments are merged.</summary>
    public static Problem Large(Norm norm, double eps = 1e-5) => norm == Norm.Layer
        ? new(norm, [3, 2, 61, 83], NormalizedRank: 2, Eps: eps)
        : new(norm, [3, 6, 61, 83], Groups: 2, Eps: eps);

    /// <summary>The same with another number of samples.</summary>
    public Problem OfSamples(int count) => this with { Shape = [count, .. Shape[1..]] };

    private static int Product(nint[] lengths) => (int)lengths.Aggregate((nint)1, (a, b) => a * b);
}

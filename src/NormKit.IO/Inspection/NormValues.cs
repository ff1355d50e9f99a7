namespace NormKit.IO;

/// <summary>The values of a norm's tensors, in double; null for what it has not, or what cannot be read.</summary>
internal sealed record NormValues(double[]? Weight, double[]? Bias, double[]? Mean, double[]? Variance)
{
    internal IEnumerable<(string Part, double[] Values)> All => ((IEnumerable<(string Part, double[]? Values)>)
        [("weight", Weight), ("bias", Bias), ("running mean", Mean), ("running variance", Variance)])
        .Where(part => part.Values is not null).Select(part => (part.Part, part.Values!));

    internal static NormValues Of(ModelNorm norm) => new(Read(norm.Weight), Read(norm.Bias), Read(norm.RunningMean), Read(norm.RunningVar));

    private static double[]? Read(ModelTensor? tensor) => tensor?.ElementType is null ? null : tensor.ToArray<double>();
}

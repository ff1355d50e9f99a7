using System.Numerics;

namespace NormKit.Kernels;

/// <summary>A weight and a bias, either of which may be absent: an absent weight reads as ones, an absent bias as zeros.</summary>
internal readonly struct Affine<T>(TensorView<T> weight, TensorView<T> bias) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly TensorView<T> weight = weight;
    private readonly TensorView<T> bias = bias;

    public bool IsPresent => HasWeight || !bias.IsEmpty;
    public bool HasWeight => !weight.IsEmpty;

    public double Weight(nint index) => weight.IsEmpty ? 1 : double.CreateTruncating(weight.Direct<T>(index, 1)[0]);

    public double Bias(nint index) => bias.IsEmpty ? 0 : double.CreateTruncating(bias.Direct<T>(index, 1)[0]);

    public ReadOnlySpan<TCompute> Weights<TCompute>(nint index, int length, Span<TCompute> scratch)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        weight.IsEmpty ? Absent<TCompute>.Ones.AsSpan(0, length) : weight.Read(index, length, scratch);

    public ReadOnlySpan<TCompute> Biases<TCompute>(nint index, int length, Span<TCompute> scratch)
        where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute> =>
        bias.IsEmpty ? Absent<TCompute>.Zeros.AsSpan(0, length) : bias.Read(index, length, scratch);

    private static class Absent<TCompute> where TCompute : unmanaged, IBinaryFloatingPointIeee754<TCompute>
    {
        public static readonly TCompute[] Ones = [.. Enumerable.Repeat(TCompute.One, BlockPlan.BlockLength)];
        public static readonly TCompute[] Zeros = new TCompute[BlockPlan.BlockLength];
    }
}

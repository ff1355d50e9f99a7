using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

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

    public Vector256<double> FourWeights(nint index) => weight.IsEmpty ? Vector256<double>.One : Four(weight, index);

    public Vector256<double> FourBiases(nint index) => bias.IsEmpty ? Vector256<double>.Zero : Four(bias, index);

    private static Vector256<double> Four(TensorView<T> parameters, nint index) =>
        Lanes256<double>.Load(ref MemoryMarshal.GetReference(parameters.Direct<T>(index, Vector256<double>.Count)), 0).Value;

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

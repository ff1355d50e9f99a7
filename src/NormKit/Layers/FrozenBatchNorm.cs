using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>Batch norm that never trains: it normalizes by statistics that are given, and neither these nor weight and bias ever change.</summary>
/// <remarks><code>y = (x - runningMean[c]) / sqrt(runningVar[c] + eps) * weight[c] + bias[c]</code>
/// Input and output: (N, C, *); weight, bias and running statistics: (C), all of them buffers: gradients reach the input alone. It is
/// <see cref="BatchNorm{T}"/> in evaluation mode, whatever mode it is in. As in torchvision's FrozenBatchNorm2d, of any rank from 2 up.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class FrozenBatchNorm<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly T[] runningMean;
    private readonly T[] runningVar;

    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1, to be written over or loaded.</summary>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, or eps is negative or not finite.</exception>
    public FrozenBatchNorm(int numFeatures, double eps = 1e-5)
        : base(nameof(FrozenBatchNorm<>), eps)
    {
        RequireCount(numFeatures);
        NumFeatures = numFeatures;
        Weight = new([numFeatures], T.One);
        Bias = new([numFeatures], T.Zero);
        RunningMean = Tensor.Create(runningMean = new T[numFeatures], [numFeatures]);
        RunningVar = Tensor.Create(runningVar = new T[numFeatures], [numFeatures]);
        runningVar.AsSpan().Fill(T.One);
    }

    /// <summary>How many channels an input has.</summary>
    public int NumFeatures { get; }

    /// <summary>The mean of each channel.</summary>
    public Tensor<T> RunningMean { get; }

    /// <summary>The variance of each channel.</summary>
    public Tensor<T> RunningVar { get; }

    /// <summary>A frozen copy of a batch norm, as it normalizes in evaluation mode now.</summary>
    /// <param name="norm">The batch norm; without weight and bias these are ones and zeros.</param>
    /// <exception cref="ArgumentException"><paramref name="norm"/> has no running statistics.</exception>
    public static FrozenBatchNorm<T> From(BatchNorm<T> norm)
    {
        ArgumentNullException.ThrowIfNull(norm);
        if (norm.RunningMean is null || norm.RunningVar is null)
            throw new ArgumentException("FrozenBatchNorm.From: the batch norm tracks no running statistics, so there is nothing to freeze.", nameof(norm));
        FrozenBatchNorm<T> frozen = new(norm.NumFeatures, norm.Eps) { Activation = norm.Activation };
        norm.Weight?.Values.CopyTo(frozen.Weight!.Values, 0);
        norm.Bias?.Values.CopyTo(frozen.Bias!.Values, 0);
        norm.RunningMean.FlattenTo(frozen.runningMean);
        norm.RunningVar.FlattenTo(frozen.runningVar);
        return frozen;
    }

    private protected override bool IsTrainable => false;

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        if (shape.Length >= 2 && shape[1] != NumFeatures)
            throw new ArgumentException($"{Name}: expected {NumFeatures} channels in dimension 1, got input size {Shapes.Text(shape)}.", "input");
        return new(Name, Groupings.Batch(Name, shape, batchStatistics: false), new(Spread.StandardDeviation, Eps))
        {
            Running = Running<T>.For(Name, Operand<T>.OfOptional(runningMean), Operand<T>.OfOptional(runningVar), inputStatistics: false, momentum: 0),
        };
    }

    private protected override bool Fits(in NormSpec<T> saved, ReadOnlySpan<nint> shape) =>
        saved.Grouping.Sharing == Sharing.Batch && saved.Grouping.C == NumFeatures;

    private protected override void DescribeState(StateList<T> state)
    {
        state.AddBuffer("weight", Weight!.Value);
        state.AddBuffer("bias", Bias!.Value);
        state.AddBuffer("running_mean", RunningMean);
        state.AddBuffer("running_var", RunningVar);
    }
}

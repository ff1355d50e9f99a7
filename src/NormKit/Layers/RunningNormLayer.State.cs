using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <content>What the layer holds, from its construction or, in a lazy layer, from its first input or loaded state on.</content>
public abstract partial class RunningNormLayer<T>
{
    private bool IsLazy => NumFeatures == 0;

    private protected override void DescribeState(StateList<T> state)
    {
        if (IsLazy)
        {
            DescribeOpenState(state);
            return;
        }
        base.DescribeState(state);
        state.AddBuffer("running_mean", RunningMean);
        state.AddBuffer("running_var", RunningVar);
        if (TrackRunningStats)
            state.AddCounter("num_batches_tracked", () => NumBatchesTracked, count => NumBatchesTracked = count);
    }

    private protected override void Materialize(nint length)
    {
        if (!IsLazy)
            base.Materialize(length);
        Create(checked((int)length));
    }

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        // An input of too few dimensions, or of none or too many channels, is refused below.
        bool takesChannels = IsLazy && x.Lengths.Length >= 2 && x.Lengths[1] is > 0 and <= int.MaxValue;
        if (takesChannels)
            Create((int)x.Lengths[1]);
        try
        {
            base.ForwardCore(x, y, saved, mask, concurrency);
        }
        catch when (takesChannels)
        {
            Forget();   // a refused call has changed nothing
            throw;
        }
    }

    private void DescribeOpenState(StateList<T> state)
    {
        if (affine)
        {
            state.AddOpen("weight", StateKind.Parameter, -1);
            state.AddOpen("bias", StateKind.Parameter, -1);
        }
        if (TrackRunningStats)
        {
            state.AddOpen("running_mean", StateKind.Buffer, -1);
            state.AddOpen("running_var", StateKind.Buffer, -1);
            state.AddCounter("num_batches_tracked", () => NumBatchesTracked, count => NumBatchesTracked = count);
        }
    }

    private void Create(int channels)
    {
        NumFeatures = channels;
        Weight = affine ? new([channels], T.One) : null;
        Bias = affine ? new([channels], T.Zero) : null;
        if (!TrackRunningStats)
            return;
        RunningMean = Tensor.Create(runningMean = new T[channels], [channels]);
        RunningVar = Tensor.Create(runningVar = new T[channels], [channels]);
        runningVar.AsSpan().Fill(T.One);
    }

    private void Forget()
    {
        NumFeatures = 0;
        (Weight, Bias, RunningMean, RunningVar, runningMean, runningVar) = (null, null, null, null, null, null);
    }
}

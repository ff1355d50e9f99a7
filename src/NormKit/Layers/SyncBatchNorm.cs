using System.Numerics;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <summary>Batch norm over the batch of all ranks: each rank gives its part, and gets the results of the whole.</summary>
/// <remarks><code>y = (x - mean) / sqrt(var + eps) * weight[c] + bias[c]     // mean and var over the parts of all ranks
/// running = (1 - momentum) * running + momentum * batch         // the same on each rank</code>
/// Input and output: (N, C, *), with N and positions that may differ between ranks, or be 0. In training, forward and backward are collective calls:
/// every rank makes them, in the same order. In evaluation mode a pass needs no other rank.
/// <para>A layer of float has the bits of <see cref="BatchNorm{T}"/> on the whole batch, in output, gradients and running statistics, for each number of ranks
/// and each split. A layer of double has the same bits for each number of ranks and each split, one rank among them: its sums are exact and rounded once,
/// so they differ from those of BatchNorm in the last bits.</para>
/// <para>The gradients of weight and bias are those of the whole batch on each rank: do not add or average them over ranks again. Parameters and
/// running statistics must be equal on all ranks; a pass that finds them different throws, on each rank.</para>
/// docs/scale.md says what a pass costs. Source: as <see cref="BatchNorm{T}"/>.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public sealed class SyncBatchNorm<T> : BatchNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Communicator communicator;
    private readonly SyncStatistics statistics;

    /// <summary>A layer with weight 1, bias 0, running mean 0 and running variance 1.</summary>
    /// <param name="communicator">The ranks that share a batch; the layer does not dispose it.</param>
    /// <param name="numFeatures">How many channels an input has.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics; null for the average over all batches.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no channel, eps is negative or not finite, or momentum is outside 0 to 1.</exception>
    public SyncBatchNorm(
        Communicator communicator, int numFeatures, double eps = 1e-5, double? momentum = 0.1, bool affine = true, bool trackRunningStats = true)
        : base(nameof(SyncBatchNorm<>), numFeatures, eps, momentum, affine, trackRunningStats)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        this.communicator = communicator;
        statistics = new(Name, communicator, typeof(T) == typeof(double));
    }

    /// <summary>How many collective calls the passes so far have made: for tests.</summary>
    internal int Exchanges => statistics.Exchanges;

    // A rank of a layer of float that is alone has the bits of BatchNorm without a message.
    private bool IsShared => communicator.Size > 1 || typeof(T) == typeof(double);

    private protected override NormSpec<T> Describe(ReadOnlySpan<nint> shape)
    {
        RequireChannels(shape);
        // One value on this rank is enough; that the ranks have two is checked when they meet.
        return DescribeRunning(Groupings.Batch(Name, shape, UsesInputStatistics && !IsShared), MomentumOfThisBatch);
    }

    private protected override void Complete(ref NormSpec<T> spec, Concurrency concurrency)
    {
        base.Complete(ref spec, concurrency);
        if (IsShared && !spec.FixedStatistics && spec.Running.Use != RunningUse.Normalize)
            spec.Ranks = statistics;
    }

    private protected override void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        if (!UsesInputStatistics)
        {
            communicator.Answer($"{Name}.Forward in evaluation mode");
            base.ForwardCore(x, y, saved, mask, concurrency);
            return;
        }
        Fingerprint state = Parameters();
        state.Add<T>(RunningMeans.Dense);
        state.Add<T>(RunningVars.Dense);
        state.Add<double>([Momentum ?? -1, NumBatchesTracked, Eps]);
        statistics.Begin("Forward", typeof(TInput), NumFeatures, state);
        try
        {
            base.ForwardCore(x, y, saved, mask, concurrency);
        }
        catch (Exception exception) when (!statistics.HasJoined)
        {
            communicator.Refuse(statistics.Call, exception.Message);
            throw;
        }
    }

    private protected override void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        if (saved.Fixed)
        {
            communicator.Answer($"{Name}.Backward of a forward pass in evaluation mode");
            base.BackwardCore(dy, x, saved, dx, mask, concurrency);
            return;
        }
        Fingerprint state = Parameters();
        state.Add(saved.Moments);
        statistics.Begin("Backward", typeof(TInput), NumFeatures, state);
        try
        {
            base.BackwardCore(dy, x, saved, dx, mask, concurrency);
        }
        catch (Exception exception) when (!statistics.HasJoined)
        {
            communicator.Refuse(statistics.Call, exception.Message);
            throw;
        }
    }

    private Fingerprint Parameters()
    {
        Fingerprint state = default;
        if (Weight is not null)
            state.Add<T>(Weight.Values);
        if (Bias is not null)
            state.Add<T>(Bias.Values);
        return state;
    }
}

using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp;

/// <summary>What batch norm and instance norm have in common: running statistics.</summary>
/// <remarks><inheritdoc/></remarks>
public abstract class RunningNormModule : AffineNormModule
{
    private protected RunningNormModule(RunningNormOperator op, Device? device, ScalarType? dtype, bool isLazy = false)
        : base(op, device, dtype, isLazy)
    {
        if (isLazy)
            _ = WithChannels(1).CreateLayer<float>();    // refuses an eps or momentum out of range now, not at the first input
    }

    /// <summary>How many channels an input has; 0 in a lazy layer that has not seen one.</summary>
    public long NumFeatures => Settings.NumFeatures;

    /// <summary>Added to the variance, inside the root.</summary>
    public double Eps => Settings.Eps;

    /// <summary>The weight of the new value, <c>running = (1 - momentum) * running + momentum * batch</c>; null: see the layer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside 0 to 1.</exception>
    public double? Momentum
    {
        get => Settings.Momentum;
        set => Change(Settings with { Momentum = value });
    }

    /// <summary>What a training batch with NaN or infinity does to running statistics; as PyTorch unless set.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the policies.</exception>
    public RunningStatisticsPolicy NonFinite
    {
        get => Settings.NonFinite;
        set => Change(Settings with { NonFinite = value });
    }

    /// <summary>Whether running statistics are kept.</summary>
    public bool TrackRunningStats => Settings.Tracks;

    /// <summary>The running mean of each channel; null where they are not tracked.</summary>
    public Tensor? RunningMean => Buffer("running_mean");

    /// <summary>The running unbiased variance of each channel; null where they are not tracked.</summary>
    public Tensor? RunningVar => Buffer("running_var");

    /// <summary>How many training batches the running statistics have seen, an int64 scalar; null where they are not tracked.</summary>
    public Tensor? NumBatchesTracked => Buffer("num_batches_tracked");

    private RunningNormOperator Settings => (RunningNormOperator)Operator;

    private protected override NormOperator WithChannels(int channels) => Settings with { NumFeatures = channels };

    /// <summary>Sets the running mean to 0, the running variance to 1 and the count to 0.</summary>
    public void ResetRunningStats()
    {
        using IDisposable quiet = torch.no_grad();
        // zero_ of TorchSharp 0.107 returns another tensor, and leaves this one as it is.
        RunningMean?.fill_(0);
        RunningVar?.fill_(1);
        NumBatchesTracked?.fill_(0);
    }
}

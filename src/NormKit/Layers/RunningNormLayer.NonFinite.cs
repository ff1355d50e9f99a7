namespace NormKit;

public abstract partial class RunningNormLayer<T>
{
    private RunningStatisticsPolicy nonFinite;

    /// <summary>
    /// What a training batch with NaN or infinity does to running statistics; PyTorch's <see cref="RunningStatisticsPolicy.Propagate"/> unless
    /// set. <see cref="RunningStatisticsPolicy.Skip"/> leaves all of them and <see cref="NumBatchesTracked"/> as they were where the batch's mean or
    /// variance of any channel is not finite in the layer's type. The output, what is saved for backward and gradients are the same with both.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the policies.</exception>
    public RunningStatisticsPolicy NonFinite
    {
        get => nonFinite;
        set
        {
            if (!Enum.IsDefined(value))
                throw new ArgumentOutOfRangeException(nameof(value), value, $"{Name}: nonFinite is Propagate or Skip.");
            nonFinite = value;
        }
    }

    /// <summary>
    /// How many training batches the running statistics have skipped since construction or <see cref="ResetRunningStats"/>. Not part of the state:
    /// PyTorch has no such key.
    /// </summary>
    public long NumBatchesSkipped { get; private set; }

    private protected override void Finished(bool taken)
    {
        if (!taken)
            NumBatchesSkipped++;
    }
}

namespace NormKit;

/// <summary>What running statistics do with a batch that has NaN or infinity in its statistics.</summary>
public enum RunningStatisticsPolicy
{
    /// <summary>They take it in, as in PyTorch: one such batch makes the channels that have it NaN or infinite for ever.</summary>
    Propagate,

    /// <summary>They stay as they are, in all channels, and the batch is counted as skipped.</summary>
    Skip,
}

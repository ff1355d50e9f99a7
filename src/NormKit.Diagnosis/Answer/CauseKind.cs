namespace NormKit.Diagnosis;

/// <summary>What may make a result differ from that of the layer expected, or from a textbook's.</summary>
public enum CauseKind
{
    /// <summary>Another layer than expected: other elements share statistics, or another statistic is used.</summary>
    OtherLayer,

    /// <summary>Group norm with another number of groups.</summary>
    OtherGroups,

    /// <summary>Channel c is in group c mod groups, in place of groups of neighbours.</summary>
    InterleavedGroups,

    /// <summary>The channels are taken from another dimension.</summary>
    ChannelOrder,

    /// <summary>The memory of one layout was read as if it were the other.</summary>
    MisreadLayout,

    /// <summary>The output's memory is in the other layout.</summary>
    OutputLayout,

    /// <summary>The variance is divided by n - 1.</summary>
    SampleVariance,

    /// <summary>Another eps.</summary>
    Eps,

    /// <summary>Eps is added to the deviation, outside the root.</summary>
    EpsOutside,

    /// <summary>The deviation is at least eps; nothing is added.</summary>
    EpsClamp,

    /// <summary>The mean is not subtracted, though the deviation is divided by.</summary>
    NotCentered,

    /// <summary>The mean is subtracted, but the mean square is divided by.</summary>
    SpreadNotCentered,

    /// <summary>Nothing is divided by.</summary>
    NotScaled,

    /// <summary>Running statistics in place of the batch's.</summary>
    RunningStatistics,

    /// <summary>The batch's statistics in place of running ones.</summary>
    BatchStatistics,

    /// <summary>One statistic of the batch, the other a running one.</summary>
    MixedStatistics,

    /// <summary>The running statistics of the other side of the update.</summary>
    StaleStatistics,

    /// <summary>Running statistics as they are in a new layer: mean 0, variance 1.</summary>
    InitialStatistics,

    /// <summary>Running statistics, or weights, that are NaN or make NaN.</summary>
    Poisoned,

    /// <summary>The variance, or the mean of squares, is divided by, not its root.</summary>
    VarianceNotRooted,

    /// <summary>The weight given is not used.</summary>
    WeightIgnored,

    /// <summary>The bias given is not used.</summary>
    BiasIgnored,

    /// <summary>Weight and bias have changed places.</summary>
    Swapped,

    /// <summary>One weight a group, used by each of its channels.</summary>
    WeightPerGroup,

    /// <summary>The weight is laid over other dimensions, or in another order.</summary>
    WeightOrder,

    /// <summary>The weight is taken as stored minus one, where it is not, or the other way round.</summary>
    WeightOffset,

    /// <summary>The weight multiplies twice.</summary>
    WeightTwice,

    /// <summary>The bias is added twice.</summary>
    BiasTwice,

    /// <summary>The bias is added before the weight multiplies.</summary>
    BiasBeforeWeight,

    /// <summary>A missing bias was filled with ones.</summary>
    BiasOfOnes,

    /// <summary>A weight that is not among what was given.</summary>
    UnknownWeight,

    /// <summary>A bias that is not among what was given.</summary>
    UnknownBias,

    /// <summary>The input was rounded to fewer bits first.</summary>
    InputRounded,

    /// <summary>The output was rounded to fewer bits than it is stored in.</summary>
    OutputRounded,

    /// <summary>Mean and deviation were rounded to 16 bits.</summary>
    StatisticsRounded,

    /// <summary>Weight and bias were rounded to 16 bits.</summary>
    ParametersRounded,

    /// <summary>The normalized value was rounded before the weight multiplied it.</summary>
    CastBeforeWeight,

    /// <summary>The variance was computed as E[x^2] - E[x]^2 in float.</summary>
    FastVariance,

    /// <summary>Folding: the mean was added where it is subtracted.</summary>
    FoldMeanAdded,

    /// <summary>Folding: the mean was subtracted without the scale.</summary>
    FoldMeanNotScaled,

    /// <summary>Folding: the mean was left out.</summary>
    FoldMeanMissing,

    /// <summary>Folding: the scale was not divided by the deviation.</summary>
    FoldNotDivided,

    /// <summary>Folding: the convolution's bias was not scaled.</summary>
    FoldBiasNotScaled,

    /// <summary>Folding: the convolution's bias was left out.</summary>
    FoldBiasDropped,

    /// <summary>Local response norm: a window of even size leans to the other side.</summary>
    MirroredWindow,

    /// <summary>Local response norm: windows that never lose channel 0, as CrossMapLRN2d's.</summary>
    RunningWindow,

    /// <summary>Local response norm: alpha multiplies the sum, not the mean.</summary>
    WindowSum,

    /// <summary>Local response norm: other constants.</summary>
    OtherConstants,

    /// <summary>Eps is added to the quotient, after the division.</summary>
    EpsAfterDivision,

    /// <summary>The output was cut off to 16 bits, towards 0, in place of being rounded.</summary>
    OutputTruncated,

    /// <summary>Of a rounded and an unrounded input, the statistics are of one, the elements of the other.</summary>
    StatisticsOfOtherInput,

    /// <summary>Sums were accumulated in 16 bits.</summary>
    SumsRounded,

    /// <summary>1 + weight was computed in 16 bits.</summary>
    WeightSumRounded,

    /// <summary>Local response norm: some channels are a multiple of the input, as where a loop ends early.</summary>
    ChannelsLeftOut,
}

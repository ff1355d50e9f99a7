namespace NormKit;

/// <summary>The order in which the elements of an (N, C, *) input lie in a span. Its shape is written (N, C, *) either way.</summary>
public enum MemoryFormat
{
    /// <summary>Row-major in the order of the shape: all positions of a channel, then the next channel (NCHW).</summary>
    Contiguous,

    /// <summary>The channels of a position side by side, then the next position (NHWC).</summary>
    ChannelsLast,
}

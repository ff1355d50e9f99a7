using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// An input (N, C, positions) as blocks of some positions with all their channels, which a kernel takes one at a time in double. Channels-last memory
/// is one of N * positions matrices with a single position.
/// </summary>
internal readonly record struct ChannelBlocks(nint Matrices, int Channels, nint Positions)
{
    /// <summary>32 KiB of doubles: a few such buffers stay in the L2 cache.</summary>
    private const int Elements = 4096;

    /// <summary>What an element costs beyond a normalization's, in bytes: the roots and the window.</summary>
    private const int Weight = 4;

    /// <summary>The positions of all blocks but the last of a matrix: whole vectors.</summary>
    public int Width { get; } = (int)Math.Min(Positions, Math.Max(8, Elements / Channels & ~7));

    /// <summary>The elements of a block, at most.</summary>
    public int Most => checked(Channels * Width);

    public nint Count => Matrices * PerMatrix;

    private nint PerMatrix => (Positions + Width - 1) / Width;

    /// <summary>How many positions a block has.</summary>
    public int WidthOf(nint block) => (int)Math.Min(Width, Positions - (block % PerMatrix * Width));

    /// <summary>Copies a block, channel after channel.</summary>
    public void Read<T>(TensorView<T> tensor, nint block, Span<double> values) where T : unmanaged
    {
        nint first = FirstOf(block);
        int width = WidthOf(block);
        if (width == Positions)
        {
            tensor.Fill(first, values);
            return;
        }
        for (int channel = 0; channel < Channels; channel++)
            tensor.Fill(first + (channel * Positions), values.Slice(channel * width, width));
    }

    /// <summary>The reverse of <see cref="Read"/>.</summary>
    public void Write<T>(TensorView<T> tensor, nint block, ReadOnlySpan<double> values) where T : unmanaged
    {
        nint first = FirstOf(block);
        int width = WidthOf(block);
        if (width == Positions)
        {
            tensor.Store(first, values);
            return;
        }
        for (int channel = 0; channel < Channels; channel++)
            tensor.Store(first + (channel * Positions), values.Slice(channel * width, width));
    }

    /// <summary>Spreads the blocks over threads; each is computed alone, so how changes no bit.</summary>
    /// <param name="work">What a block is.</param>
    /// <param name="elementSize">The bytes of all that is read and written for an element.</param>
    /// <param name="concurrency">The threads of the call, and what ends it early.</param>
    public void Run<TWork>(in TWork work, int elementSize, Concurrency concurrency) where TWork : struct, IParallelWork
    {
        int workers = concurrency.Workers(Matrices * Channels * Positions * elementSize * Weight);
        nint blocksWorthTaking = Math.Max(1, Elements / Most);
        ParallelJob<TWork>.Run(in work, Count, Math.Max(1, Math.Min(blocksWorthTaking, Count / (4 * workers))), workers, concurrency.Cancellation);
    }

    private nint FirstOf(nint block)
    {
        (nint matrix, nint part) = Math.DivRem(block, PerMatrix);
        return (matrix * Channels * Positions) + (part * Width);
    }
}

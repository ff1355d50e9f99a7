using System.Diagnostics;

namespace NormKit.Kernels;

/// <summary>
/// Cuts a set into blocks of at most <see cref="BlockLength"/> elements: small enough that a second pass finds them in the L1 cache, and the
/// unit whose moments are merged in double, in block order. A long segment is cut into several blocks; short ones are packed, several to a block.
/// </summary>
internal readonly record struct BlockPlan
{
    /// <summary>16 KiB of floats, half of a usual L1 cache.</summary>
    public const int BlockLength = 4096;

    /// <summary>From this length on a segment is worth a block of its own; below, merging each in double would cost more than its sums.</summary>
    private const int WorthABlock = 1024;

    private readonly nint segments;
    private readonly nint length;
    private readonly nint segmentsPerBlock;
    private readonly int blocksPerSegment;

    public BlockPlan(nint segments, nint length, bool mayPack)
    {
        this.segments = segments;
        this.length = length;
        segmentsPerBlock = mayPack && segments > 1 && length < WorthABlock ? BlockLength / length : 1;
        blocksPerSegment = segmentsPerBlock > 1 ? 1 : checked((int)((length + BlockLength - 1) / BlockLength));
        Blocks = segmentsPerBlock > 1
            ? checked((int)((segments + segmentsPerBlock - 1) / segmentsPerBlock))
            : checked((int)segments * blocksPerSegment);
    }

    /// <summary>How many blocks a set has.</summary>
    public int Blocks { get; }

    /// <summary>Whether a block can hold more than one segment.</summary>
    public bool Packs => segmentsPerBlock > 1;

    /// <summary>The first segment of a block, how many follow it, and the part of each that belongs to the block.</summary>
    public Block this[int block]
    {
        get
        {
            Debug.Assert((uint)block < (uint)Blocks);
            if (Packs)
            {
                nint first = block * segmentsPerBlock;
                return new(first, (int)Math.Min(segmentsPerBlock, segments - first), 0, (int)length);
            }
            (int segment, int part) = blocksPerSegment == 1 ? (block, 0) : Math.DivRem(block, blocksPerSegment);
            nint start = (nint)part * BlockLength;
            return new(segment, 1, start, (int)Math.Min(BlockLength, length - start));
        }
    }
}

/// <summary>Elements <c>Start .. Start + Length</c> of each of <c>Segments</c> segments from <c>FirstSegment</c> on.</summary>
internal readonly record struct Block(nint FirstSegment, int Segments, nint Start, int Length)
{
    public int Count => Segments * Length;
}

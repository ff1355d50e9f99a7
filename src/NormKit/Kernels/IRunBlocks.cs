namespace NormKit.Kernels;

/// <summary>The blocks of a run.</summary>
internal interface IRunBlocks
{
    int Count { get; }

    Block this[int index] { get; }
}

/// <summary>Some blocks of a set, one after the other.</summary>
internal readonly struct RunOfBlocks(BlockPlan plan, int first, int count) : IRunBlocks
{
    private readonly BlockPlan plan = plan;

    public int Count => count;

    public Block this[int index] => plan[first + index];
}

/// <summary>The same columns of each segment of a set; one segment at a time where each has its own weight.</summary>
internal readonly struct RunOfColumns(NormGeometry geometry, int first, int columns) : IRunBlocks
{
    private readonly nint segments = geometry.Segments;
    private readonly int atOnce = geometry.Affine == AffineAxis.Segment ? 1 : BlockPlan.BlockLength / columns;

    public int Count => (int)((segments + atOnce - 1) / atOnce);

    public Block this[int index] => new((nint)index * atOnce, (int)Math.Min(atOnce, segments - ((nint)index * atOnce)), first, columns);
}

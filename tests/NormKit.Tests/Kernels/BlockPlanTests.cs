using CsCheck;
using NormKit.Kernels;

namespace NormKit.Tests.Kernels;

public class BlockPlanTests
{
    /// <summary>Blocks are at most as long as they may be, none is empty, and together, in order, they are the set.</summary>
    [Fact]
    public void Blocks_OfAnySet_CoverItOnceInOrder() =>
        Gen.Select(Gen.Int[1, 300], Gen.OneOf(Gen.Int[1, 130], Gen.Int[1000, 1050], Gen.Int[4000, 9000]), Gen.Bool).Sample((segments, length, mayPack) =>
        {
            BlockPlan plan = new(segments, length, mayPack);
            (nint Segment, nint Element) next = (0, 0);
            for (int i = 0; i < plan.Blocks; i++)
            {
                Block block = plan[i];
                Assert.Equal(next, (block.FirstSegment, block.Start));
                Assert.InRange(block.Count, 1, BlockPlan.BlockLength);
                Assert.True(mayPack || block.Segments == 1);
                Assert.True(block.Segments == 1 || (block.Start == 0 && block.Length == length));
                nint end = block.Start + block.Length;
                next = end == length ? (block.FirstSegment + block.Segments, 0) : (block.FirstSegment, end);
            }
            Assert.Equal(((nint)segments, (nint)0), next);
        }, threads: 1);
}

using CsCheck;
using NormKit.Kernels;

namespace NormKit.Tests.Kernels;

public class StridedLayoutTests
{
    /// <summary>Any lengths, dimensions in any order in memory and with any gaps: gathered from and scattered to where the strides say.</summary>
    [Fact]
    public void GatherAndScatter_OfAnyStrides_FollowTheDefinition() =>
        Gen.Select(Gen.Int[1, 5].Array[1, 5], Gen.Int[0, 1 << 20], Gen.Int[0, 2]).Sample((lengths, seed, gap) =>
        {
            Random random = new(seed);
            nint[] shape = [.. lengths.Select(n => (nint)n)], strides = new nint[shape.Length];
            nint next = 1 + gap;
            foreach (int d in Enumerable.Range(0, shape.Length).OrderBy(_ => random.Next()))
            {
                strides[d] = next;
                next *= shape[d] + gap;
            }
            int elements = lengths.Aggregate(1, (a, b) => a * b);
            int[] addresses = [.. Enumerable.Range(0, elements).Select(i =>
            {
                nint address = 0;
                for (int d = shape.Length - 1, rest = i; d >= 0; rest /= lengths[d--])
                    address += rest % lengths[d] * strides[d];
                return (int)address;
            })];
            int first = random.Next(elements), count = random.Next(elements - first + 1);
            float[] memory = [.. Enumerable.Range(0, (int)next).Select(i => (float)i)];
            StridedLayout layout = new(shape, strides);
            float[] block = new float[count];
            unsafe
            {
                fixed (float* start = memory)
                    layout.Gather(start, first, block.AsSpan());
            }
            Assert.Equal(addresses[first..(first + count)].Select(a => (float)a), block);

            float[] written = [.. memory], expected = [.. memory];
            for (int i = 0; i < count; i++)
                expected[addresses[first + i]] = -block[i];
            unsafe
            {
                fixed (float* start = written)
                    layout.Scatter<float>(start, first, Array.ConvertAll(block, v => -v));
            }
            Assert.Equal(expected, (IEnumerable<float>)written);
        }, iter: 2000, threads: 1);
}

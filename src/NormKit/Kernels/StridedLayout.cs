using System.Diagnostics;

namespace NormKit.Kernels;

/// <summary>Finds the elements of a tensor of any strides in logical (row-major) order.</summary>
internal sealed class StridedLayout
{
    private readonly nint[] lengths;
    private readonly nint[] strides;

    /// <summary>Strides count elements. Dimensions of length 1 are dropped, for their stride says nothing.</summary>
    public StridedLayout(ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides)
    {
        Debug.Assert(lengths.Length == strides.Length);
        List<nint> keptLengths = [], keptStrides = [];
        for (int d = 0; d < lengths.Length; d++)
        {
            if (lengths[d] == 1)
                continue;
            // A dimension that continues the one before it is part of the same run.
            if (keptLengths.Count > 0 && keptStrides[^1] == lengths[d] * strides[d])
            {
                keptLengths[^1] *= lengths[d];
                keptStrides[^1] = strides[d];
                continue;
            }
            keptLengths.Add(lengths[d]);
            keptStrides.Add(strides[d]);
        }
        this.lengths = keptLengths.Count == 0 ? [1] : [.. keptLengths];
        this.strides = keptStrides.Count == 0 ? [1] : [.. keptStrides];
    }

    /// <summary>Whether the logical order is that of memory, without gaps.</summary>
    public bool IsDense => strides is [1];

    /// <summary>Copies <c>block.Length</c> elements from logical index <paramref name="first"/> on into <paramref name="block"/>.</summary>
    public unsafe void Gather<T>(T* start, nint first, Span<T> block) where T : unmanaged
    {
        Runs runs = new(this, first);
        while (!block.IsEmpty)
        {
            int count = (int)Math.Min(block.Length, runs.Remaining);
            T* from = start + runs.Address;
            nint stride = strides[^1];
            for (int i = 0; i < count; i++)
                block[i] = from[i * stride];
            block = block[count..];
            runs.Advance(count);
        }
    }

    /// <summary>The reverse of <see cref="Gather"/>.</summary>
    public unsafe void Scatter<T>(T* start, nint first, ReadOnlySpan<T> block) where T : unmanaged
    {
        Runs runs = new(this, first);
        while (!block.IsEmpty)
        {
            int count = (int)Math.Min(block.Length, runs.Remaining);
            T* to = start + runs.Address;
            nint stride = strides[^1];
            for (int i = 0; i < count; i++)
                to[i * stride] = block[i];
            block = block[count..];
            runs.Advance(count);
        }
    }

    /// <summary>Walks along the innermost dimension, run by run.</summary>
    private ref struct Runs
    {
        private readonly StridedLayout layout;
        private nint logical;

        public Runs(StridedLayout layout, nint first)
        {
            this.layout = layout;
            logical = first;
            Locate();
        }

        /// <summary>The offset in memory of the next element.</summary>
        public nint Address { get; private set; }

        /// <summary>How many elements of the innermost dimension follow, the next included.</summary>
        public nint Remaining { get; private set; }

        public void Advance(int count)
        {
            logical += count;
            Locate();
        }

        private void Locate()
        {
            nint rest = logical;
            Address = 0;
            for (int d = layout.lengths.Length - 1; d >= 0; d--)
            {
                (rest, nint index) = Math.DivRem(rest, layout.lengths[d]);
                Address += index * layout.strides[d];
                if (d == layout.lengths.Length - 1)
                    Remaining = layout.lengths[d] - index;
            }
        }
    }
}

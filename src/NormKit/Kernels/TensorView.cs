using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>
/// A pinned tensor as a sequence of elements in the order that a geometry counts them, wherever they lie and whatever their type. Kernels read and
/// write it a block at a time in the type they compute in; a block that already lies there in one piece is handed out as it is, any other goes
/// through the caller's scratch. This is the only converter of blocks: other element types and strides need no kernel of their own. (What
/// <see cref="Stored"/> names, kernels take where it lies.)
/// </summary>
/// <remarks>A pointer, because a span cannot cross threads; whoever makes a view holds the memory pinned until all threads are done.</remarks>
internal readonly unsafe struct TensorView<T> where T : unmanaged
{
    private readonly T* start;
    private readonly StridedLayout? layout;
    private readonly bool writesPast;

    public TensorView(T* start, nint length, StridedLayout? layout = null, bool writesPast = false)
    {
        this.start = start;
        this.layout = layout;
        Length = length;
        this.writesPast = writesPast;
    }

    public nint Length { get; }

    /// <summary>Whether results that are computed in place are written past the caches: where a call touches more than fits in, reading lines only to
    /// overwrite them is a third of its traffic.</summary>
    public bool WritesPast<TCompute>() => writesPast && Holds<TCompute>();
    public bool IsEmpty => Length == 0;

    /// <summary>The same tensor, written past the caches if a call that touches <paramref name="bytes"/> leaves them; never where it is an input.</summary>
    public TensorView<T> ForResults(nint bytes, TensorView<T> input, TensorView<T> other = default, TensorView<T> third = default) => new(
        start, Length, layout,
        writesPast: bytes > CacheSizes.LastLevel && start != input.start && start != other.start && start != third.start && (nint)start % sizeof(T) == 0);

    /// <summary>Whether blocks of <typeparamref name="TCompute"/> are handed out without a copy.</summary>
    public bool Holds<TCompute>() => typeof(T) == typeof(TCompute) && layout is null;

    /// <summary>Whether kernels can take elements into registers where they lie.</summary>
    public bool Loads<TCompute>() => Stored.LoadsAs<T, TCompute>() && layout is null;

    /// <summary>The elements as they lie; only where <see cref="Holds{TCompute}"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<TCompute> Direct<TCompute>(nint offset, int length) where TCompute : unmanaged
    {
        Debug.Assert(Holds<TCompute>() && offset >= 0 && length >= 0 && offset + length <= Length);
        return new Span<TCompute>((TCompute*)(start + offset), length);
    }

    /// <summary>One element, as a double.</summary>
    public double ElementAt(nint offset)
    {
        Debug.Assert(offset >= 0 && offset < Length);
        if (layout is null)
            return Elements.ToDouble(start[offset]);
        Span<T> one = stackalloc T[1];
        layout.Gather(start, offset, one);
        return Elements.ToDouble(one[0]);
    }

    /// <summary>The elements from <paramref name="offset"/> on, copied into <paramref name="scratch"/> unless they can be had in place.</summary>
    public ReadOnlySpan<TCompute> Read<TCompute>(nint offset, int length, Span<TCompute> scratch) where TCompute : unmanaged
    {
        if (Holds<TCompute>())
            return Direct<TCompute>(offset, length);
        Fill(offset, scratch[..length]);
        return scratch[..length];
    }

    /// <summary>Copies the elements from <paramref name="offset"/> on.</summary>
    public void Fill<TCompute>(nint offset, Span<TCompute> block) where TCompute : unmanaged
    {
        Debug.Assert(offset >= 0 && offset + block.Length <= Length);
        if (typeof(T) == typeof(TCompute))
        {
            Span<T> same = MemoryMarshal.CreateSpan(ref Unsafe.As<TCompute, T>(ref MemoryMarshal.GetReference(block)), block.Length);
            if (layout is null)
                new ReadOnlySpan<T>(start + offset, block.Length).CopyTo(same);
            else
                layout.Gather(start, offset, same);
        }
        else if (layout is null)
        {
            Elements.Convert(new ReadOnlySpan<T>(start + offset, block.Length), block);
        }
        else
        {
            Span<T> part = stackalloc T[PartLength];
            for (int done = 0; done < block.Length; done += PartLength)
            {
                Span<T> gathered = part[..Math.Min(PartLength, block.Length - done)];
                layout.Gather(start, offset + done, gathered);
                Elements.Convert<T, TCompute>(gathered, block[done..]);
            }
        }
    }

    /// <summary>Asks for elements that will be read next, if they lie in one piece; they may be beyond the end.</summary>
    public void Prefetch(nint offset, int count)
    {
        for (nint i = offset; layout is null && i < offset + count; i += CacheSizes.Line / sizeof(T))
            IntoSecondCache.Fetch(ref *start, i);
    }

    /// <summary>Where a result for <paramref name="offset"/> on goes: in place, or into scratch that <see cref="Write"/> then stores.</summary>
    public Span<TCompute> Target<TCompute>(nint offset, int length, Span<TCompute> scratch) where TCompute : unmanaged =>
        Holds<TCompute>() ? Direct<TCompute>(offset, length) : scratch[..length];

    /// <summary>Stores what <see cref="Target"/> handed out, rounded once; does nothing where that was the tensor itself.</summary>
    public void Write<TCompute>(nint offset, ReadOnlySpan<TCompute> block) where TCompute : unmanaged
    {
        Debug.Assert(offset >= 0 && offset + block.Length <= Length);
        if (Holds<TCompute>())
            return;
        if (typeof(T) == typeof(TCompute))
        {
            layout!.Scatter(start, offset, MemoryMarshal.CreateReadOnlySpan(ref Unsafe.As<TCompute, T>(ref MemoryMarshal.GetReference(block)), block.Length));
        }
        else if (layout is null)
        {
            Elements.Convert(block, new Span<T>(start + offset, block.Length));
        }
        else
        {
            Span<T> part = stackalloc T[PartLength];
            for (int done = 0; done < block.Length; done += PartLength)
            {
                ReadOnlySpan<TCompute> rest = block.Slice(done, Math.Min(PartLength, block.Length - done));
                Elements.Convert(rest, part);
                layout.Scatter<T>(start, offset + done, part[..rest.Length]);
            }
        }
    }

    /// <summary>Copies a block into the tensor, whatever it holds, rounded once.</summary>
    public void Store<TCompute>(nint offset, ReadOnlySpan<TCompute> block) where TCompute : unmanaged
    {
        if (Holds<TCompute>())
            block.CopyTo(Direct<TCompute>(offset, block.Length));
        else
            Write(offset, block);
    }

    private static int PartLength => 256;
}

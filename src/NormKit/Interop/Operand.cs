using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>Which of the native layouts a tensor has; with one channel or one position it has both.</summary>
[Flags]
internal enum Layouts
{
    Strided = 0,
    Contiguous = 1,
    ChannelsLast = 2,
}

/// <summary>A tensor as an entry point received it, from a tensor span or from a span with a shape and a format.</summary>
internal readonly ref struct Operand<T> where T : unmanaged
{
    public readonly ref T Start;
    public readonly ReadOnlySpan<nint> Lengths;
    public readonly ReadOnlySpan<nint> Strides;
    private readonly Layouts layouts;

    /// <summary>How many elements it has.</summary>
    public readonly nint Length;

    /// <summary>How many elements lie between its first and its last, both included.</summary>
    public readonly nint Extent;

    /// <summary>Whether there is a tensor at all; an optional one may be absent.</summary>
    public readonly bool IsPresent;

    private Operand(ref T start, nint length, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides, Layouts layouts, nint extent)
    {
        Start = ref start;
        Lengths = lengths;
        Strides = strides;
        this.layouts = layouts;
        Length = length;
        Extent = extent;
        IsPresent = true;
    }

    public bool IsEmpty => Length == 0;

    /// <summary>The native layouts that it has. A span with a shape has the one that was named, and the other too where the two are the same.</summary>
    public Layouts Layouts =>
        Strides.IsEmpty && Lengths.Length >= 3 && (Lengths[1] == 1 || Length == Lengths[0] * Lengths[1])
            ? Layouts.Contiguous | Layouts.ChannelsLast
            : layouts;

    /// <summary>No tensor: an output that is not wanted, or a weight that a layer does not have.</summary>
    public static Operand<T> None => default;

    /// <summary>The elements in memory order; only where they lie without gaps.</summary>
    public Span<T> Dense => MemoryMarshal.CreateSpan(ref Start, checked((int)Length));

    public static Operand<T> Of(in ReadOnlyTensorSpan<T> tensor)
    {
        ref T start = ref Unsafe.AsRef(in tensor.GetPinnableReference());
        nint extent = tensor.FlattenedLength == 0 ? 0 : 1;
        for (int d = 0; d < tensor.Rank && extent > 0; d++)
            extent += (tensor.Lengths[d] - 1) * tensor.Strides[d];
        return new(ref start, tensor.FlattenedLength, tensor.Lengths, tensor.Strides, LayoutsOf(tensor.Lengths, tensor.Strides), extent);
    }

    /// <summary>A weight, a gradient or another tensor that a call may do without: the default span, which has no dimensions, is none.</summary>
    public static Operand<T> OfOptional(in ReadOnlyTensorSpan<T> tensor) => tensor.Rank == 0 ? None : Of(tensor);

    /// <summary>A weight or gradient given as a span, whose shape is the layer's; an empty one is none.</summary>
    public static Operand<T> OfOptional(ReadOnlySpan<T> span) => span.IsEmpty
        ? None
        : new(ref MemoryMarshal.GetReference(span), span.Length, default, default, Layouts.Contiguous, span.Length);

    /// <exception cref="ArgumentException">The span is not as long as the shape says, or a length is negative.</exception>
    public static Operand<T> Of(ReadOnlySpan<T> span, ReadOnlySpan<nint> shape, MemoryFormat format, string layer, string name)
    {
        nint length = 1;
        foreach (nint n in shape)
        {
            // Zeros are left out until the end, so that the order of dimensions does not decide; each factor is checked, for a product may wrap.
            if (n < 0 || (n != 0 && length > int.MaxValue / n))
                throw new ArgumentException($"{layer}: {name} cannot have shape {Shapes.Text(shape)}; lengths are not negative and a span holds at most {int.MaxValue} elements.", name);
            length *= Math.Max(1, n);
        }
        if (shape.Contains(0))
            length = 0;
        if (span.Length != length)
            throw new ArgumentException($"{layer}: {name} has {span.Length} elements; shape {Shapes.Text(shape)} needs {length}.", name);
        if (format is not (MemoryFormat.Contiguous or MemoryFormat.ChannelsLast))
            throw new ArgumentOutOfRangeException(nameof(format), $"{layer}: {format} is no memory format.");
        if (format == MemoryFormat.ChannelsLast && shape.Length < 3)
            throw new ArgumentException($"{layer}: channels-last needs (N, C, *) with at least one position dimension; {name} has shape {Shapes.Text(shape)}.", nameof(format));
        Layouts layouts = format == MemoryFormat.Contiguous ? Layouts.Contiguous : Layouts.ChannelsLast;
        return new(ref MemoryMarshal.GetReference(span), length, shape, default, layouts, length);
    }

    /// <summary>The same elements as a sample of a batch of one: a leading dimension of length 1.</summary>
    /// <param name="lengths">Room for one length more than the tensor has.</param>
    /// <param name="strides">Room for as many strides.</param>
    public Operand<T> AsBatchOfOne(Span<nint> lengths, Span<nint> strides)
    {
        lengths[0] = 1;
        Lengths.CopyTo(lengths[1..]);
        if (Strides.IsEmpty)
            return new(ref Start, Length, lengths, default, layouts, Extent);
        strides[0] = 0;
        Strides.CopyTo(strides[1..]);
        return new(ref Start, Length, lengths, strides, LayoutsOf(lengths, strides), Extent);
    }

    /// <summary>The layouts that <see cref="AsBatchOfOne"/> has.</summary>
    public Layouts LayoutsAsBatchOfOne()
    {
        Span<nint> room = stackalloc nint[2 * (Lengths.Length + 1)];
        return AsBatchOfOne(room[..(Lengths.Length + 1)], room[(Lengths.Length + 1)..]).Layouts;
    }

    public bool Has(Layouts layout) => (Layouts & layout) != 0;

    /// <summary>Whether an element of it is also an element of, or between elements of, another tensor.</summary>
    public bool Overlaps<TOther>(in Operand<TOther> other) where TOther : unmanaged
    {
        if (IsEmpty || other.IsEmpty)
            return false;
        nint bytes = Unsafe.ByteOffset(ref Start, ref Unsafe.As<TOther, T>(ref other.Start));
        return bytes >= 0 ? bytes < Extent * Unsafe.SizeOf<T>() : -bytes < other.Extent * Unsafe.SizeOf<TOther>();
    }

    /// <summary>Whether it is the very same elements in the same order.</summary>
    public bool IsSameAs(in Operand<T> other) =>
        Unsafe.AreSame(ref Start, ref other.Start) && Extent == other.Extent
        && ((Layouts & other.Layouts) != 0 || (Layouts == other.Layouts && Strides.SequenceEqual(other.Strides)));

    /// <summary>The elements in logical order, or in memory order where a native layout other than row-major is meant.</summary>
    public unsafe TensorView<T> View(T* start, bool channelsLast) =>
        new(start, Length, channelsLast || Has(Layouts.Contiguous) ? null : new StridedLayout(Lengths, StridesOr(stackalloc nint[Lengths.Length])));

    /// <summary>The elements in the logical order that its dimensions have in <paramref name="order"/>; none for their own.</summary>
    public unsafe TensorView<T> View(T* start, ReadOnlySpan<int> order)
    {
        if (order.IsEmpty)
            return View(start, channelsLast: false);
        ReadOnlySpan<nint> strides = StridesOr(stackalloc nint[Lengths.Length]);
        Span<nint> permuted = stackalloc nint[2 * order.Length];
        for (int d = 0; d < order.Length; d++)
            (permuted[d], permuted[order.Length + d]) = (Lengths[order[d]], strides[order[d]]);
        StridedLayout layout = new(permuted[..order.Length], permuted[order.Length..]);
        return new(start, Length, layout.IsDense ? null : layout);
    }

    /// <summary>Its strides; of a span with a shape and a format those that it has, in <paramref name="room"/>.</summary>
    public ReadOnlySpan<nint> StridesOr(Span<nint> room)
    {
        if (!Strides.IsEmpty || Lengths.IsEmpty)
            return Strides;
        nint next = 1;
        foreach (int d in (layouts & Layouts.Contiguous) != 0 ? RowMajorOrder(Lengths.Length) : ChannelsLastOrder(Lengths.Length))
        {
            room[d] = next;
            next *= Lengths[d];
        }
        return room;
    }

    private static Layouts LayoutsOf(ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides)
    {
        Layouts layouts = Layouts.Strided;
        if (IsDenseIn(RowMajorOrder(lengths.Length), lengths, strides))
            layouts |= Layouts.Contiguous;
        if (lengths.Length >= 3 && IsDenseIn(ChannelsLastOrder(lengths.Length), lengths, strides))
            layouts |= Layouts.ChannelsLast;
        return layouts;
    }

    /// <summary>Whether the dimensions, innermost first, follow each other without gaps. A dimension of length 1 has a stride of 0 and no say.</summary>
    private static bool IsDenseIn(Order order, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides)
    {
        if (lengths.Contains(0))
            return true;    // nothing lies anywhere
        nint expected = 1;
        foreach (int d in order)
        {
            if (lengths[d] == 1)
                continue;
            if (strides[d] != expected)
                return false;
            expected *= lengths[d];
        }
        return true;
    }

    private static Order RowMajorOrder(int rank) => new(rank, channelsLast: false);

    private static Order ChannelsLastOrder(int rank) => new(rank, channelsLast: true);

    /// <summary>Dimensions from the innermost out: last to first, or channels, positions from last to first, samples.</summary>
    private ref struct Order(int rank, bool channelsLast)
    {
        private int step = -1;

        public readonly int Current => !channelsLast ? rank - 1 - step : step == 0 ? 1 : step == rank - 1 ? 0 : rank - step;

        public bool MoveNext() => ++step < rank;

        public readonly Order GetEnumerator() => this;
    }
}

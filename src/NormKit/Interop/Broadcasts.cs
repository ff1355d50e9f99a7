using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>Views of tensors that are repeated along some dimensions of an input.</summary>
internal static class Broadcasts
{
    /// <summary>
    /// The strides of a mask along the dimensions of an input: of the same rank, each length that of the input or 1; or without those dimensions
    /// that <paramref name="spec"/> normalizes (layer norm), or without dimension 1 (where channels are).
    /// </summary>
    /// <exception cref="ArgumentException">It fits in none of these ways.</exception>
    public static void OfMask<T>(in NormSpec<T> spec, ReadOnlySpan<nint> input, in Operand<bool> mask, Span<nint> strides)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        ReadOnlySpan<nint> own = mask.StridesOr(stackalloc nint[mask.Lengths.Length]);
        int next = 0;
        bool fits = true;
        for (int d = 0; d < input.Length && fits; d++)
        {
            strides[d] = 0;
            if (mask.Lengths.Length < input.Length && spec.Shares(d, input.Length))
                continue;
            fits = next < own.Length && (mask.Lengths[next] == input[d] || mask.Lengths[next] == 1);
            if (fits)
                strides[d] = mask.Lengths[next] == 1 ? 0 : own[next];
            next++;
        }
        if (!fits || next != own.Length)
        {
            throw new ArgumentException(
                $"{spec.Layer}: mask has shape {Shapes.Text(mask.Lengths)}, which does not fit input {Shapes.Text(input)}; give an element mask of its shape (lengths may be 1), or one without the {(spec.NormalizedRank > 0 ? "normalized dimensions" : "channel dimension")}.", nameof(mask));
        }
    }

    /// <summary>A view of a tensor with the strides given, in an order of its dimensions (none for their own).</summary>
    public static unsafe TensorView<T> View<T>(T* start, ReadOnlySpan<nint> lengths, ReadOnlySpan<nint> strides, ReadOnlySpan<int> order)
        where T : unmanaged
    {
        Span<nint> permuted = stackalloc nint[2 * lengths.Length];
        for (int d = 0; d < lengths.Length; d++)
        {
            int from = order.IsEmpty ? d : order[d];
            (permuted[d], permuted[lengths.Length + d]) = (lengths[from], strides[from]);
        }
        StridedLayout layout = new(permuted[..lengths.Length], permuted[lengths.Length..]);
        return new(start, Shapes.Product(lengths), layout.IsDense ? null : layout);
    }
}

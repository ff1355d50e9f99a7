using System.Numerics.Tensors;
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

    /// <summary>
    /// A weight or bias in the shape of the normalized dimensions: itself, or a copy of one that broadcasts to it as in NumPy and ONNX. It may also have
    /// a dimension for each of the input's, of length 1 where that is not normalized: (1, C, 1, 1) for the channels of (N, C, H, W).
    /// </summary>
    /// <returns>The parameter as it is where it does not broadcast either: the checks that follow refuse it.</returns>
    public static Operand<T> Parameter<T>(scoped in NormSpec<T> spec, scoped ReadOnlySpan<nint> input, Operand<T> parameter)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        int rank = spec.NormalizedRank;
        Span<nint> lengths = stackalloc nint[rank], strides = stackalloc nint[rank];
        spec.NormalizedLengths(input, lengths);
        if (!parameter.IsPresent || parameter.Lengths.IsEmpty || parameter.Lengths.SequenceEqual(lengths) || !parameter.Has(Layouts.Contiguous)
            || !(Align(parameter, lengths, spec, alone: true, input.Length, strides) || Align(parameter, lengths, spec, alone: false, input.Length, strides)))
            return parameter;
        T[] spread = new T[Shapes.Product(lengths)];
        new ReadOnlyTensorSpan<T>(parameter.Dense, lengths, strides).FlattenTo(spread);
        return Operand<T>.OfOptional(spread);
    }

    /// <summary>Compares shapes from the last dimension on: with the normalized dimensions alone, or with all of the input's.</summary>
    private static bool Align<T>(
        in Operand<T> parameter, ReadOnlySpan<nint> lengths, in NormSpec<T> spec, bool alone, int inputRank, Span<nint> strides)
        where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        int rank = lengths.Length, all = alone ? rank : inputRank;
        strides.Clear();
        nint stride = 1;
        for (int d = parameter.Lengths.Length - 1; d >= 0; d--)
        {
            nint length = parameter.Lengths[d];
            int from = d + all - parameter.Lengths.Length;
            int at = alone ? from : spec.Order.IsEmpty ? from - (inputRank - rank) : spec.Order[^rank..].IndexOf(from);
            if (length != 1 && (at < 0 || length != lengths[at]))
                return false;
            if (at >= 0)
                strides[at] = length == 1 ? 0 : stride;
            stride *= length;
        }
        return true;
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

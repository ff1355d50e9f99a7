using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.TorchSharp.Passes;

/// <summary>The memory of torch's CPU tensors as spans, without a copy. Whoever holds a span keeps its tensor alive.</summary>
internal static class TensorMemory
{
    /// <summary>The tensor itself where its elements lie without gaps and overlaps, in whatever order of dimensions; else a contiguous copy.</summary>
    public static Tensor Dense(Tensor tensor) => IsDense(tensor.shape, tensor.stride()) ? tensor : tensor.contiguous();

    /// <summary>A tensor in the layout of another, which may be the tensor itself.</summary>
    public static Tensor InLayoutOf(Tensor tensor, Tensor layout)
    {
        if (tensor.stride().AsSpan().SequenceEqual(layout.stride()))
            return tensor;
        Tensor copy = torch.empty_like(layout, dtype: tensor.dtype);
        copy.copy_(tensor);
        return copy;
    }

    public static bool IsDense(ReadOnlySpan<long> lengths, ReadOnlySpan<long> strides)
    {
        if (lengths.Contains(0))
            return true;
        Span<int> order = stackalloc int[lengths.Length];
        int count = 0;
        for (int d = 0; d < lengths.Length; d++)
        {
            if (lengths[d] == 1)
                continue;
            int at = count++;
            for (; at > 0 && strides[order[at - 1]] > strides[d]; at--)
                order[at] = order[at - 1];
            order[at] = d;
        }
        long expected = 1;
        foreach (int d in order[..count])
        {
            if (strides[d] != expected)
                return false;
            expected *= lengths[d];
        }
        return true;
    }

    /// <summary>All elements of a dense tensor, in its own dimensions and strides.</summary>
    public static unsafe TensorSpan<T> Span<T>(Tensor dense) where T : unmanaged
    {
        long[] shape = dense.shape, strides = dense.stride();
        Span<nint> lengths = stackalloc nint[shape.Length], steps = stackalloc nint[shape.Length];
        nint elements = 1;
        for (int d = 0; d < shape.Length; d++)
        {
            lengths[d] = (nint)shape[d];
            steps[d] = shape[d] <= 1 ? 0 : (nint)strides[d];
            elements *= lengths[d];
        }
        return elements == 0
            ? System.Numerics.Tensors.Tensor.CreateFromShape<T>(lengths).AsTensorSpan()
            : new TensorSpan<T>((T*)Start(dense), elements, lengths, steps);
    }

    /// <summary>The elements of a contiguous tensor.</summary>
    public static Span<T> Flat<T>(Tensor contiguous) where T : unmanaged => MemoryMarshal.Cast<byte, T>(contiguous.bytes);

    /// <summary>The elements of one of NormKit's own tensors, which are contiguous.</summary>
    public static Span<T> Flat<T>(System.Numerics.Tensors.Tensor<T> tensor) =>
        MemoryMarshal.CreateSpan(ref tensor.GetPinnableReference(), checked((int)tensor.FlattenedLength));

    /// <summary>Copies a CPU tensor of a floating-point type into elements of the type that is computed in.</summary>
    public static void Read<T>(Tensor from, Span<T> to) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Tensor contiguous = from.is_contiguous() ? from : from.contiguous();
        try
        {
            switch (from.dtype)
            {
                case ScalarType.Float32:
                    Convert(Flat<float>(contiguous), to);
                    break;
                case ScalarType.Float64:
                    Convert(Flat<double>(contiguous), to);
                    break;
                case ScalarType.Float16:
                    Convert(Flat<Half>(contiguous), to);
                    break;
                case ScalarType.BFloat16:
                    Convert(Flat<BFloat16>(contiguous), to);
                    break;
                default:
                    throw new NotSupportedException($"{from.dtype} is no type of a parameter or running statistic.");
            }
        }
        finally
        {
            if (!ReferenceEquals(contiguous, from))
                contiguous.Dispose();
        }
        GC.KeepAlive(from);
    }

    /// <summary>Copies elements into a CPU tensor of a floating-point type, rounding once.</summary>
    public static void Write<T>(ReadOnlySpan<T> from, Tensor to) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!to.is_contiguous())
        {
            using Tensor contiguous = torch.empty(to.shape, to.dtype);
            Write(from, contiguous);
            to.copy_(contiguous);
            return;
        }
        switch (to.dtype)
        {
            case ScalarType.Float32:
                Convert(from, Flat<float>(to));
                break;
            case ScalarType.Float64:
                Convert(from, Flat<double>(to));
                break;
            case ScalarType.Float16:
                Convert(from, Flat<Half>(to));
                break;
            case ScalarType.BFloat16:
                Convert(from, Flat<BFloat16>(to));
                break;
            default:
                throw new NotSupportedException($"{to.dtype} is no type of a parameter or running statistic.");
        }
        GC.KeepAlive(to);
    }

    private static void Convert<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        if (typeof(TFrom) == typeof(TTo))
            MemoryMarshal.Cast<TFrom, TTo>(from).CopyTo(to);
        else if (typeof(TTo) == typeof(BFloat16))
            Each(from, MemoryMarshal.Cast<TTo, BFloat16>(to), static value => (BFloat16)ToDouble(value));
        else if (typeof(TTo) == typeof(Half))
            Each(from, MemoryMarshal.Cast<TTo, Half>(to), static value => (Half)ToDouble(value));
        else if (typeof(TTo) == typeof(float))
            Each(from, MemoryMarshal.Cast<TTo, float>(to), static value => (float)ToDouble(value));
        else
            Each(from, MemoryMarshal.Cast<TTo, double>(to), static value => ToDouble(value));
    }

    private static void Each<TFrom, TTo>(ReadOnlySpan<TFrom> from, Span<TTo> to, Func<TFrom, TTo> convert)
    {
        for (int i = 0; i < from.Length; i++)
            to[i] = convert(from[i]);
    }

    private static double ToDouble<T>(T value) where T : unmanaged =>
        typeof(T) == typeof(float) ? Unsafe.BitCast<T, float>(value)
        : typeof(T) == typeof(double) ? Unsafe.BitCast<T, double>(value)
        : typeof(T) == typeof(Half) ? (double)Unsafe.BitCast<T, Half>(value)
        : (double)Unsafe.BitCast<T, BFloat16>(value);

    /// <summary>The first element. A view of it alone gives its address in any layout and of any length.</summary>
    private static unsafe void* Start(Tensor tensor)
    {
        if (tensor.numel() * tensor.element_size() <= int.MaxValue && tensor.is_contiguous())
            return Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
        using Tensor first = tensor.as_strided([1], [1], tensor.storage_offset());
        return Unsafe.AsPointer(ref MemoryMarshal.GetReference(first.bytes));
    }
}

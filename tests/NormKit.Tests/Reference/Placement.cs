using System.Numerics.Tensors;

namespace NormKit.Tests.Reference;

/// <summary>Where a tensor's elements lie.</summary>
public enum Placement
{
    /// <summary>Row-major, without gaps.</summary>
    Contiguous,

    /// <summary>Dimension 1 innermost, without gaps.</summary>
    ChannelsLast,

    /// <summary>The first dimension innermost, the last outermost.</summary>
    Transposed,

    /// <summary>A part of a larger tensor, in every dimension.</summary>
    Sliced,

    /// <summary>Every third element of a run.</summary>
    Stepped,
}

/// <summary>Lays tensors out, and reads them back, with index arithmetic of its own.</summary>
internal static class Placing
{
    public static Tensor<T> Place<T>(T[] logical, nint[] shape, Placement placement)
    {
        if (shape.Contains(0))
            return Tensor.CreateFromShape<T>(shape);
        (nint start, nint[] strides, nint size) = Layout(shape, placement);
        T[] memory = new T[size];
        foreach ((nint index, nint address) in Addresses(shape, strides))
            memory[start + address] = logical[index];
        for (int d = 0; d < shape.Length; d++)
            strides[d] = shape[d] == 1 ? 0 : strides[d];
        return Tensor.Create(memory, (int)start, shape, strides);
    }

    /// <summary>A tensor that may be absent, as the functions take it.</summary>
    public static TensorSpan<T> OrNone<T>(this Tensor<T>? tensor) => tensor is null ? default : tensor.AsTensorSpan();

    public static T[] Logical<T>(Tensor<T> tensor)
    {
        T[] values = new T[tensor.FlattenedLength];
        tensor.FlattenTo(values);
        return values;
    }

    /// <summary>A row-major array in the order of channels-last memory.</summary>
    public static T[] ToChannelsLast<T>(T[] logical, nint[] shape)
    {
        T[] memory = new T[logical.Length];
        foreach ((nint index, nint address) in Addresses(shape, Layout(shape, Placement.ChannelsLast).Strides))
            memory[address] = logical[index];
        return memory;
    }

    public static T[] FromChannelsLast<T>(T[] memory, nint[] shape)
    {
        T[] logical = new T[memory.Length];
        foreach ((nint index, nint address) in Addresses(shape, Layout(shape, Placement.ChannelsLast).Strides))
            logical[index] = memory[address];
        return logical;
    }

    /// <summary>How far apart the elements of each dimension lie.</summary>
    public static nint[] Strides(nint[] shape, Placement placement) => Layout(shape, placement).Strides;

    private static (nint Start, nint[] Strides, nint Size) Layout(nint[] shape, Placement placement)
    {
        int[] rowMajor = [.. Enumerable.Range(0, shape.Length).Reverse()];
        int[] innermostFirst = placement switch
        {
            Placement.ChannelsLast => [1, .. rowMajor.Where(d => d != 1)],
            Placement.Transposed => [.. rowMajor.Reverse()],
            _ => rowMajor,
        };
        nint margin = placement == Placement.Sliced ? 2 : 0, step = placement == Placement.Stepped ? 3 : 1;
        nint[] strides = new nint[shape.Length];
        nint next = step;
        nint start = 0;
        foreach (int d in innermostFirst)
        {
            strides[d] = next;
            start += margin / 2 * next;
            next *= shape[d] + margin;
        }
        return (start, strides, next);
    }

    private static IEnumerable<(nint Index, nint Address)> Addresses(nint[] shape, nint[] strides)
    {
        nint elements = shape.Aggregate((nint)1, (a, b) => a * b);
        for (nint i = 0; i < elements; i++)
        {
            nint rest = i, address = 0;
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                address += rest % shape[d] * strides[d];
                rest /= shape[d];
            }
            yield return (i, address);
        }
    }
}

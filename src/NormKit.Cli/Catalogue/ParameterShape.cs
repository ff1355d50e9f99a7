using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>How the elements of a file are spread over a parameter: as NumPy and ONNX broadcast them.</summary>
internal sealed class ParameterShape
{
    private readonly nint[] lengths;
    private readonly nint[] strides;

    private ParameterShape(nint[] lengths, nint[] strides) => (this.lengths, this.strides) = (lengths, strides);

    /// <summary>The spread of a file of a shape over a parameter, or null if it does not broadcast to it.</summary>
    /// <remarks>Shapes are compared from the last dimension on; a length of 1, or none, goes with any. A file may also have a dimension for each of the
    /// input's, of length 1 where the parameter has none: (1, C, 1, 1) and (C, 1, 1) for a weight of C channels of (N, C, H, W).</remarks>
    /// <param name="file">The shape in the file.</param>
    /// <param name="parameter">What it is for.</param>
    /// <param name="input">The shape of the input, in the layer's order.</param>
    /// <param name="settings">The layer's settings.</param>
    public static ParameterShape? Of(ReadOnlySpan<nint> file, ParameterEntry parameter, nint[] input, LayerSettings settings)
    {
        nint[] lengths = parameter.Shape(input, settings);
        if (!parameter.Broadcasts)
            return file.SequenceEqual(lengths) || (file.IsEmpty && lengths is [1]) ? Aligned(file, lengths, [.. Enumerable.Range(0, lengths.Length)], lengths.Length) : null;
        return Aligned(file, lengths, [.. Enumerable.Range(0, lengths.Length)], lengths.Length)
            ?? (parameter.Along is null ? null : Aligned(file, lengths, parameter.Along(input, settings), input.Length));
    }

    /// <summary>The elements of a file in the parameter's own shape.</summary>
    public void Spread<T>(T[] elements, Tensor<T> parameter) =>
        new ReadOnlyTensorSpan<T>(elements, lengths, strides).CopyTo(parameter);

    /// <summary>The gradient of each element of a file: the sum over the places that it has been spread to.</summary>
    public T[] Gather<T>(Tensor<T> gradient, long count) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] elements = new T[gradient.FlattenedLength];
        gradient.FlattenTo(elements);
        if (count == elements.Length)
            return elements;    // each of them stands in one place
        double[] sums = new double[count];
        nint[] index = new nint[lengths.Length];
        nint at = 0;
        foreach (T element in elements)
        {
            sums[at] += double.CreateTruncating(element);
            for (int d = lengths.Length - 1; d >= 0; d--)
            {
                at += strides[d];
                if (++index[d] < lengths[d])
                    break;
                at -= strides[d] * lengths[d];
                index[d] = 0;
            }
        }
        return [.. sums.Select(T.CreateTruncating)];
    }

    /// <param name="file">The shape in the file.</param>
    /// <param name="lengths">Of the parameter.</param>
    /// <param name="along">Where the parameter's dimensions stand among others.</param>
    /// <param name="rank">How many these are.</param>
    private static ParameterShape? Aligned(ReadOnlySpan<nint> file, nint[] lengths, int[] along, int rank)
    {
        nint[] strides = new nint[lengths.Length];
        nint stride = 1;
        for (int d = file.Length - 1; d >= 0; d--)
        {
            int at = Array.IndexOf(along, d + rank - file.Length);
            if (file[d] != 1 && (at < 0 || file[d] != lengths[at]))
                return null;
            if (at >= 0)
                strides[at] = file[d] == 1 ? 0 : stride;
            stride *= file[d];
        }
        return new(lengths, strides);
    }
}

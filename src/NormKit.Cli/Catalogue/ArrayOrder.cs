using System.Numerics.Tensors;

namespace NormKit.Cli.Catalogue;

/// <summary>How the arrays of files lie in memory: (N, C, *) as layers name it, or (N, *, C).</summary>
internal sealed record ArrayOrder(bool ChannelsLast)
{
    /// <summary>The shape that the layer sees.</summary>
    public nint[] OfLayer(ReadOnlySpan<nint> file) => ChannelsLast && file.Length > 2 ? [file[0], file[^1], .. file[1..^1]] : file.ToArray();

    /// <summary>The shape in the file of an array that the layer sees in a shape.</summary>
    public nint[] OfFile(ReadOnlySpan<nint> layer) => ChannelsLast && layer.Length > 2 ? [layer[0], .. layer[2..], layer[1]] : layer.ToArray();

    /// <summary>An array of a file as a tensor of the layer, without a copy.</summary>
    /// <param name="values">The elements in the order of the file.</param>
    /// <param name="file">The shape in the file.</param>
    public Tensor<T> View<T>(T[] values, ReadOnlySpan<nint> file)
    {
        nint[] lengths = file.Length == 0 ? [1] : file.ToArray();

        // Where there are no elements there is no order either.
        return values.Length == 0 ? Tensor.Create(values, OfLayer(lengths)) : Tensor.Create(values, 0, OfLayer(lengths), StridesOfLayer(lengths));
    }

    /// <summary>How far the elements of each of the layer's dimensions lie apart in a file of these lengths; none where they lie as the layer counts them.</summary>
    public nint[] StridesOfLayer(nint[] lengths)
    {
        if (!ChannelsLast || lengths.Length <= 2)
            return [];
        nint[] strides = new nint[lengths.Length];
        nint stride = 1;
        for (int d = lengths.Length - 1; d >= 0; d--)
        {
            // A dimension of length 1 has stride 0 in a Tensor.
            strides[d] = lengths[d] == 1 ? 0 : stride;
            stride *= lengths[d];
        }
        return OfLayer(strides);
    }
}

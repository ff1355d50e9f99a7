using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.JavaScript;

namespace NormKit.Lab;

/// <summary>Photos as tensors (N, 3, H, W).</summary>
internal static partial class Photos
{
    [JSExport]
    internal static byte[] Normalize(string name, byte[] values, int n, int h, int w)
    {
        nint[] shape = [n, 3, h, w];
        ReadOnlySpan<float> x = MemoryMarshal.Cast<byte, float>(values);
        float[] y = new float[x.Length];
        LayerChoice.Create(name, shape, 1, 1e-5, affine: false).Forward(x, shape, y);
        return Live.Bytes(y);
    }

    /// <summary>Gives each channel of the content the mean and the standard deviation of the same channel of the style.</summary>
    [JSExport]
    internal static byte[] Adapt(byte[] content, byte[] style, int h, int w)
    {
        nint[] shape = [1, 3, h, w];
        float[] of = MemoryMarshal.Cast<byte, float>(content).ToArray(), like = MemoryMarshal.Cast<byte, float>(style).ToArray(), y = new float[of.Length];
        new AdaptiveInstanceNorm<float>().Forward<float>(Tensor.Create(of, shape), Tensor.Create(like, shape), Tensor.Create(y, shape).AsTensorSpan());
        return Live.Bytes(y);
    }
}

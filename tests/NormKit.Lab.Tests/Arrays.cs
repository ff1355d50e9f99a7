using NormKit.IO;

namespace NormKit.Lab.Tests;

/// <summary>Arrays as files and as texts, for the page.</summary>
internal static class Arrays
{
    public static byte[] Npy(float[] values, params nint[] shape)
    {
        using MemoryStream stream = new();
        NpyFile.Write(stream, StoredTensor.From<float>(values, shape));
        return stream.ToArray();
    }

    /// <summary>An argument that the page decodes into bytes.</summary>
    public static object Bytes(float[] values)
    {
        byte[] bytes = new byte[values.Length * sizeof(float)];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return new { base64 = Convert.ToBase64String(bytes) };
    }

    public static float[] Floats(string base64)
    {
        byte[] bytes = Convert.FromBase64String(base64);
        float[] values = new float[bytes.Length / sizeof(float)];
        Buffer.BlockCopy(bytes, 0, values, 0, bytes.Length);
        return values;
    }
}

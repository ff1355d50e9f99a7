using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace NormKit.Onnx.Tests;

/// <summary>The values of an input or output, row-major, as bytes, with their TensorProto.DataType.</summary>
internal sealed record OnnxTensor(int Type, byte[] Bytes, long[] Shape)
{
    private static readonly Dictionary<Type, TensorElementType> Types = new()
    {
        [typeof(float)] = TensorElementType.Float,
        [typeof(double)] = TensorElementType.Double,
        [typeof(Half)] = TensorElementType.Float16,
    };

    public static OnnxTensor Of<T>(T[] values, nint[] shape) where T : unmanaged =>
        new((int)Types[typeof(T)], MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), [.. shape.Select(length => (long)length)]);

    public T[] As<T>() where T : unmanaged
    {
        if ((int)Types[typeof(T)] != Type)
            throw new InvalidOperationException($"The tensor holds type {Type}, not {typeof(T).Name}.");
        return MemoryMarshal.Cast<byte, T>(Bytes).ToArray();
    }

    public OrtValue ToOrt()
    {
        OrtValue value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)Type, Shape);
        Bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    public static OnnxTensor FromOrt(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        return new((int)info.ElementDataType, value.GetTensorMutableRawData().ToArray(), info.Shape);
    }
}

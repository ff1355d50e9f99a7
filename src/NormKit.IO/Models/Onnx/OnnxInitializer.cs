namespace NormKit.IO.Onnx;

/// <summary>A constant of a graph, and where its message lies in the file.</summary>
internal sealed record OnnxInitializer(ModelTensor Tensor, int DataType, bool IsExternal, long TagStart, long End)
{
    internal string Name => Tensor.Name;
}

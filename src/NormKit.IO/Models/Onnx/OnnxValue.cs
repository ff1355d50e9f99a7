namespace NormKit.IO.Onnx;

/// <summary>What a graph says about one of its values.</summary>
/// <param name="Name">The value's name.</param>
/// <param name="ElementType">Its TensorProto.DataType; 0 if the graph does not say.</param>
/// <param name="Shape">Its dimensions, -1 where one is open; null if not even the rank is known.</param>
/// <param name="TagStart">Where the field begins.</param>
/// <param name="End">Where it ends.</param>
internal sealed record OnnxValue(string Name, int ElementType, long[]? Shape, long TagStart, long End);

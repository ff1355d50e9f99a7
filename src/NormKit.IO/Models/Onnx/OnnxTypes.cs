namespace NormKit.IO.Onnx;

/// <summary>The element types of ONNX, by TensorProto.DataType.</summary>
internal static class OnnxTypes
{
    internal const int Float = 1, Float16 = 10, Double = 11, BFloat16 = 16;

    private static readonly (string Name, ElementType? Type, int Bits)[] All =
    [
        ("undefined", null, 0), ("F32", ElementType.Float32, 32), ("U8", ElementType.UInt8, 8), ("I8", ElementType.Int8, 8), ("U16", ElementType.UInt16, 16),
        ("I16", ElementType.Int16, 16), ("I32", ElementType.Int32, 32), ("I64", ElementType.Int64, 64), ("string", null, 0), ("BOOL", ElementType.Boolean, 8),
        ("F16", ElementType.Float16, 16), ("F64", ElementType.Float64, 64), ("U32", ElementType.UInt32, 32), ("U64", ElementType.UInt64, 64), ("C64", null, 64),
        ("C128", null, 128), ("BF16", ElementType.BFloat16, 16), ("F8_E4M3", null, 8), ("F8_E4M3FNUZ", null, 8), ("F8_E5M2", null, 8), ("F8_E5M2FNUZ", null, 8),
        ("U4", null, 4), ("I4", null, 4), ("F4_E2M1", null, 4), ("F8_E8M0", null, 8),
    ];

    internal static string Name(int type) => type >= 0 && type < All.Length ? All[type].Name : $"type {type}";

    internal static ElementType? Element(int type) => type >= 0 && type < All.Length ? All[type].Type : null;

    /// <summary>Bits of an element; 0 where they are not known.</summary>
    internal static int Bits(int type) => type >= 0 && type < All.Length ? All[type].Bits : 0;
}

namespace NormKit.IO;

/// <summary>An element type by its name in a .safetensors header. One that has neither <see cref="ElementType"/> nor <see cref="Float8"/> is only
/// validated.</summary>
internal sealed record SafetensorsType(string Name, int Bits, ElementType? ElementType)
{
    /// <summary>How a float of 8 bits is read: it is widened to float32, which holds each exactly.</summary>
    internal Float8Format? Float8 { get; private init; }

    /// <summary>All types of the format, in the order of its enumeration Dtype, which is one of increasing alignment.</summary>
    /// <remarks>Source: safetensors/src/tensor.rs, huggingface/safetensors at 24b0b28.</remarks>
    internal static readonly SafetensorsType[] All =
    [
        new("BOOL", 8, IO.ElementType.Boolean),
        new("F4", 4, null),
        new("F6_E2M3", 6, null),
        new("F6_E3M2", 6, null),
        new("U8", 8, IO.ElementType.UInt8),
        new("I8", 8, IO.ElementType.Int8),
        new("F8_E5M2", 8, null) { Float8 = new(MantissaBits: 2, Bias: 15, HasInfinity: true) },
        new("F8_E4M3", 8, null) { Float8 = new(MantissaBits: 3, Bias: 7) },
        new("F8_E8M0", 8, null),
        new("F8_E4M3FNUZ", 8, null) { Float8 = new(MantissaBits: 3, Bias: 8, NoNegativeZero: true) },
        new("F8_E5M2FNUZ", 8, null) { Float8 = new(MantissaBits: 2, Bias: 16, NoNegativeZero: true) },
        new("I16", 16, IO.ElementType.Int16),
        new("U16", 16, IO.ElementType.UInt16),
        new("F16", 16, IO.ElementType.Float16),
        new("BF16", 16, IO.ElementType.BFloat16),
        new("I32", 32, IO.ElementType.Int32),
        new("U32", 32, IO.ElementType.UInt32),
        new("F32", 32, IO.ElementType.Float32),
        new("C64", 64, null),
        new("F64", 64, IO.ElementType.Float64),
        new("I64", 64, IO.ElementType.Int64),
        new("U64", 64, IO.ElementType.UInt64),
    ];

    internal static int IndexOf(ElementType type) => Array.FindIndex(All, candidate => candidate.ElementType == type);
}

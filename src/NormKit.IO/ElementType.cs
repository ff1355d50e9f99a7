#pragma warning disable CA1720 // names of types are what this enumeration is about

namespace NormKit.IO;

/// <summary>The type of one element of a stored tensor. The names count bits.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 binary16: 11 bits of precision, largest finite value 65504.</summary>
    Float16,

    /// <summary>The upper half of a binary32: 8 bits of precision, the range of <see cref="float"/>. Only .safetensors holds it.</summary>
    BFloat16,

    /// <summary>IEEE 754 binary32.</summary>
    Float32,

    /// <summary>IEEE 754 binary64.</summary>
    Float64,

    /// <summary>Signed, 8 bits.</summary>
    Int8,

    /// <summary>Signed, 16 bits.</summary>
    Int16,

    /// <summary>Signed, 32 bits.</summary>
    Int32,

    /// <summary>Signed, 64 bits.</summary>
    Int64,

    /// <summary>Unsigned, 8 bits.</summary>
    UInt8,

    /// <summary>Unsigned, 16 bits.</summary>
    UInt16,

    /// <summary>Unsigned, 32 bits.</summary>
    UInt32,

    /// <summary>Unsigned, 64 bits.</summary>
    UInt64,

    /// <summary>One byte: zero is false, anything else is true.</summary>
    Boolean,
}

namespace NormKit.IO;

/// <summary>An element type of a .gguf file: so many elements make a block of so many bytes.</summary>
/// <remarks>Source: ggml/include/ggml.h and gguf-py/gguf/constants.py of llama.cpp.</remarks>
internal sealed record GgufType(uint Id, string Name, int Block, int Bytes, ElementType? ElementType = null)
{
    private static readonly Dictionary<uint, GgufType> All = ((GgufType[])
    [
        new(0, "F32", 1, 4, IO.ElementType.Float32), new(1, "F16", 1, 2, IO.ElementType.Float16), new(2, "Q4_0", 32, 18), new(3, "Q4_1", 32, 20),
        new(6, "Q5_0", 32, 22), new(7, "Q5_1", 32, 24), new(8, "Q8_0", 32, 34), new(9, "Q8_1", 32, 36), new(10, "Q2_K", 256, 84),
        new(11, "Q3_K", 256, 110), new(12, "Q4_K", 256, 144), new(13, "Q5_K", 256, 176), new(14, "Q6_K", 256, 210), new(15, "Q8_K", 256, 292),
        new(16, "IQ2_XXS", 256, 66), new(17, "IQ2_XS", 256, 74), new(18, "IQ3_XXS", 256, 98), new(19, "IQ1_S", 256, 50), new(20, "IQ4_NL", 32, 18),
        new(21, "IQ3_S", 256, 110), new(22, "IQ2_S", 256, 82), new(23, "IQ4_XS", 256, 136), new(24, "I8", 1, 1, IO.ElementType.Int8),
        new(25, "I16", 1, 2, IO.ElementType.Int16), new(26, "I32", 1, 4, IO.ElementType.Int32), new(27, "I64", 1, 8, IO.ElementType.Int64),
        new(28, "F64", 1, 8, IO.ElementType.Float64), new(29, "IQ1_M", 256, 56), new(30, "BF16", 1, 2, IO.ElementType.BFloat16),
        new(34, "TQ1_0", 256, 54), new(35, "TQ2_0", 256, 66), new(39, "MXFP4", 32, 17), new(40, "NVFP4", 64, 36),
    ]).ToDictionary(type => type.Id);

    /// <summary>The type of a number; one that is not known has no size.</summary>
    internal static GgufType Of(uint id) => All.GetValueOrDefault(id) ?? new(id, $"type {id}", 1, 0);
}

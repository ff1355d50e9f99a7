namespace NormKit.IO;

/// <summary>The format of a model file.</summary>
public enum ModelFormat
{
    /// <summary>Named tensors, as on Hugging Face: one .safetensors file, or several with an index.</summary>
    Safetensors,

    /// <summary>The format of llama.cpp: metadata and named tensors, quantized or not.</summary>
    Gguf,

    /// <summary>A graph of operators with its constants.</summary>
    Onnx,
}

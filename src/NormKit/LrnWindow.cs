namespace NormKit;

/// <summary>Which channels are neighbours of channel c in local response norm. The two are the same for an odd size and mirrored for an even one.</summary>
public enum LrnWindow
{
    /// <summary>From c - size / 2 to c + (size - 1) / 2, rounded down: size 2 is {c - 1, c}.</summary>
    PyTorch,

    /// <summary>From c - (size - 1) / 2 to c + size / 2, rounded down: size 2 is {c, c + 1}. ONNX's LRN.</summary>
    OnnxLrn,
}

namespace NormKit.Interop;

/// <content>What layers have in common that save no statistics: their backward needs the input alone.</content>
internal static partial class NormCall
{
    /// <exception cref="InvalidOperationException">No forward call filled <paramref name="saved"/>.</exception>
    /// <exception cref="ArgumentException">A shape does not fit, or gradInput overlaps an input.</exception>
    public static void CheckBackwardOfShape<T>(string layer, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx) where T : unmanaged
    {
        if (saved.Layer.Length == 0)
            throw new InvalidOperationException($"{layer}: backward before forward; these saved statistics were never filled by a forward call.");
        CheckSameShape(layer, "input", x, "saved", saved.Shape);
        CheckSameShape(layer, "gradOutput", dy, "input", x.Lengths);
        if (!dx.IsPresent)
            return;
        CheckOutput(layer, "gradInput", dx, "gradOutput", dy);
        CheckOutput(layer, "gradInput", dx, "input", x);
    }
}

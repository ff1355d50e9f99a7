namespace NormKit.TorchSharp.Passes;

/// <summary>Wrappers of gradients that torch has copied the handles of: the next call on the thread disposes them.</summary>
internal static class Leftovers
{
    [ThreadStatic]
    private static List<Tensor>? kept;

    public static void Keep(IEnumerable<Tensor?> tensors) => (kept ??= []).AddRange(tensors.OfType<Tensor>());

    public static void Release()
    {
        if (kept is null || kept.Count == 0)
            return;
        foreach (Tensor tensor in kept)
            tensor.Dispose();
        kept.Clear();
    }
}

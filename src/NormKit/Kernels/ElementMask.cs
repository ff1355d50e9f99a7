using System.Runtime.CompilerServices;

namespace NormKit.Kernels;

/// <summary>
/// Which elements take part; none, and all do. Elements that do not are left out of a block before it is summed, so that sums over a mask are the
/// sums over the elements that are left, and zeroed in results.
/// </summary>
internal readonly struct ElementMask(TensorView<byte> view)
{
    private readonly TensorView<byte> view = view;

    public bool IsPresent => !view.IsEmpty;

    /// <summary>Moves the elements that take part to the front of a block that was copied from <paramref name="offset"/> on.</summary>
    /// <returns>How many there are.</returns>
    [SkipLocalsInit]
    public int Compress<T>(nint offset, Span<T> block) where T : unmanaged
    {
        Span<byte> flags = stackalloc byte[BlockPlan.BlockLength];
        view.Fill(offset, flags[..block.Length]);
        int kept = 0;
        for (int i = 0; i < block.Length; i++)
        {
            block[kept] = block[i];
            kept += flags[i] == 0 ? 0 : 1;
        }
        return kept;
    }

    /// <summary>Zeroes the others in a block of what belongs to <paramref name="offset"/> on.</summary>
    [SkipLocalsInit]
    public void Clear<T>(nint offset, Span<T> block) where T : unmanaged
    {
        Span<byte> flags = stackalloc byte[BlockPlan.BlockLength];
        view.Fill(offset, flags[..block.Length]);
        for (int i = 0; i < block.Length; i++)
        {
            if (flags[i] == 0)
                block[i] = default;
        }
    }
}

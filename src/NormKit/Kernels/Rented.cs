using System.Buffers;

namespace NormKit.Kernels;

/// <summary>An array from the pool that goes back there; it may be longer than asked for.</summary>
internal readonly ref struct Rented<TItem>(nint length) : IDisposable
{
    public readonly TItem[] Array = length == 0 ? [] : ArrayPool<TItem>.Shared.Rent(checked((int)length));

    public void Dispose()
    {
        if (Array.Length > 0)
            ArrayPool<TItem>.Shared.Return(Array);
    }
}

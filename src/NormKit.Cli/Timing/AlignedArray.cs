using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace NormKit.Cli.Timing;

/// <summary>Elements that start at a cache line and stay where they are, as non-temporal stores and native libraries need it. The collector frees them.</summary>
internal sealed unsafe class AlignedArray<T> where T : unmanaged
{
    private const int LineBytes = 64;

    private readonly T[] array;
    private readonly int start;

    public AlignedArray(int length)
    {
        array = GC.AllocateUninitializedArray<T>(length + (LineBytes / sizeof(T)), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref array[0]);
        start = (int)((((address + LineBytes - 1) & ~(nuint)(LineBytes - 1)) - address) / (nuint)sizeof(T));
        Length = length;
    }

    public int Length { get; }

    /// <summary>Good as long as this object is reachable.</summary>
    public T* Pointer => (T*)Unsafe.AsPointer(ref array[start]);

    public Span<T> Span => array.AsSpan(start, Length);

    /// <summary>A view of all of them.</summary>
    public Tensor<T> View(ReadOnlySpan<nint> shape) => Tensor.Create(array, start, shape, []);
}

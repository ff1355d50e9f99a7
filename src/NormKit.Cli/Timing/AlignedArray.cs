using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace NormKit.Cli.Timing;

/// <summary>
/// Memory that starts at a page and stays where it is, as non-temporal stores and native libraries need it. Arrays that lie anyhow may have reads wait
/// for writes of other arrays whose addresses end alike; a loop that goes through several from the start of a page does not meet that.
/// </summary>
internal abstract unsafe class AlignedMemory
{
    /// <summary>Good as long as this object is reachable.</summary>
    public abstract byte* Pointer { get; }

    public abstract nint Bytes { get; }
}

/// <summary>Such memory as elements; the collector frees it.</summary>
internal sealed unsafe class AlignedArray<T> : AlignedMemory where T : unmanaged
{
    private const int PageBytes = 4096;

    private readonly T[] array;
    private readonly int start;

    public AlignedArray(int length)
    {
        array = GC.AllocateUninitializedArray<T>(length + (PageBytes / sizeof(T)), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref array[0]);
        start = (int)((((address + PageBytes - 1) & ~(nuint)(PageBytes - 1)) - address) / (nuint)sizeof(T));
        Length = length;
    }

    public int Length { get; }

    public override nint Bytes => (nint)Length * sizeof(T);

    public override byte* Pointer => (byte*)Unsafe.AsPointer(ref array[start]);

    public Span<T> Span => array.AsSpan(start, Length);

    /// <summary>A view of all of them.</summary>
    public Tensor<T> View(ReadOnlySpan<nint> shape) => Tensor.Create(array, start, shape, []);
}

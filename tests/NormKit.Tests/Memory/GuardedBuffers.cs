using System.Buffers;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>Which end of each buffer touches the page that may not be accessed.</summary>
internal enum Edge
{
    Start,
    End,
}

/// <summary>
/// The tensors and spans of one call, each between guard pages of its own and right at one of them. The gaps between the elements of a
/// tensor with strides must come back as they were.
/// </summary>
internal sealed unsafe class GuardedBuffers : IDisposable
{
    private const byte Gap = 0xA5;
    private readonly List<(nint[] Shape, Placement At, nint[] Strides, nint[] Addresses)> layouts = [];
    private readonly List<GuardedPages> pages = [];
    private readonly List<(nint Start, nint Bytes, Action? FillElements)> buffers = [];
    private readonly ArrayBufferWriter<byte> contents = new();
    private Edge edge;
    private int drawn;

    public void Begin(Edge at)
    {
        (edge, drawn) = (at, 0);
        buffers.Clear();
    }

    /// <summary>A tensor with drawn elements.</summary>
    public TensorSpan<T> Tensor<T>(nint[] shape, Placement placement) where T : unmanaged => Place<T>(shape, placement);

    /// <summary>A mask that leaves out about a quarter of the elements.</summary>
    public TensorSpan<bool> Mask(nint[] shape, Placement placement) => Place<bool>(shape, placement);

    /// <summary>Elements in a row, drawn.</summary>
    public Span<T> Span<T>(nint length) where T : unmanaged
    {
        Span<T> span = new(Take<T>(length, prefix: 0), checked((int)length));
        for (int i = 0; i < span.Length; i++)
            span[i] = Next<T>();
        buffers.Add(((nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(span)), length * sizeof(T), null));
        return span;
    }

    /// <summary>
    /// An array whose last element touches the page behind it: a header and a length, as the runtime lays them out, before elements in our own pages. The
    /// garbage collector passes over objects outside its heap. There is no page before the first element, where the length is.
    /// </summary>
    public T[] ArrayOf<T>(T[] elements) where T : unmanaged
    {
        byte* start = (byte*)Take<T>(elements.Length, prefix: 3 * sizeof(nint), Edge.End);
        T[] model = elements.Length == 0 ? new T[1] : elements;
        nint header = *(nint*)Unsafe.AsPointer(ref model);    // where the model lies: first its type, then its length
        ((nint*)start)[-3] = 0;
        ((nint*)start)[-2] = *(nint*)header;
        ((nint*)start)[-1] = elements.Length;
        elements.CopyTo(new Span<T>(start, elements.Length));
        buffers.Add(((nint)start, (nint)elements.Length * sizeof(T), null));
        nint address = (nint)(start - (2 * sizeof(nint)));
        return Unsafe.As<nint, T[]>(ref address);
    }

    /// <summary>What all buffers hold, after a look at their gaps.</summary>
    public ReadOnlySpan<byte> Contents(string what)
    {
        contents.ResetWrittenCount();
        foreach ((nint start, nint bytes, Action? fillElements) in buffers)
        {
            Span<byte> memory = new((void*)start, checked((int)bytes));
            contents.Write(memory);
            if (fillElements is null)
                continue;
            fillElements();
            int touched = memory.IndexOfAnyExcept(Gap);
            if (touched >= 0)
                throw new InvalidOperationException($"{what}: wrote between the elements of a tensor, at byte {touched} of {bytes}.");
        }
        return contents.WrittenSpan;
    }

    public void Dispose() => pages.ForEach(p => p.Dispose());

    private TensorSpan<T> Place<T>(nint[] shape, Placement placement) where T : unmanaged
    {
        (nint[] strides, nint[] addresses) = LayoutOf(shape, placement);
        nint extent = addresses.Length == 0 ? 0 : addresses[^1] + 1;    // the last element lies last in every layout
        T* start = Take<T>(extent, prefix: 0);
        new Span<byte>(start, checked((int)(extent * sizeof(T)))).Fill(Gap);
        foreach (nint address in addresses)
            start[address] = Next<T>();
        buffers.Add(((nint)start, extent * sizeof(T), addresses.Length < extent ? FillElements : null));
        return new(new Span<T>(start, checked((int)extent)), shape, strides);

        void FillElements()
        {
            foreach (nint address in addresses)
                new Span<byte>((T*)start + address, sizeof(T)).Fill(Gap);
        }
    }

    /// <summary>Calls come with the same few shapes many times.</summary>
    private (nint[] Strides, nint[] Addresses) LayoutOf(nint[] shape, Placement placement)
    {
        foreach ((nint[] known, Placement at, nint[] knownStrides, nint[] knownAddresses) in layouts)
        {
            if (at == placement && known.AsSpan().SequenceEqual(shape))
                return (knownStrides, knownAddresses);
        }
        nint[] strides = Placing.Strides(shape, placement), addresses = new nint[shape.Aggregate((nint)1, (a, b) => a * b)];
        for (int d = 0; d < shape.Length; d++)
            strides[d] = shape[d] == 1 || addresses.Length == 0 ? 0 : strides[d];
        nint inner = addresses.Length == 0 ? 0 : 1;
        for (int d = shape.Length - 1; d >= 0 && inner > 0; d--)
        {
            for (nint i = 1; i < shape[d]; i++)
            {
                for (nint j = 0; j < inner; j++)
                    addresses[(i * inner) + j] = addresses[j] + (i * strides[d]);
            }
            inner *= shape[d];
        }
        if (layouts.Count == 8)
            layouts.RemoveAt(0);
        layouts.Add((shape, placement, strides, addresses));
        return (strides, addresses);
    }

    private T* Take<T>(nint length, nint prefix, Edge? at = null) where T : unmanaged
    {
        nint bytes = (length * sizeof(T)) + prefix;
        int index = buffers.Count;
        if (index == pages.Count)
            pages.Add(new(Math.Max(bytes, 1 << 16)));
        if (pages[index].Capacity < bytes)
        {
            pages[index].Dispose();
            pages[index] = new(bytes);
        }
        return (T*)((at ?? edge) == Edge.Start ? pages[index].Start + prefix : pages[index].End - (length * sizeof(T)));
    }

    private T Next<T>() where T : unmanaged
    {
        T[] of = Typed<T>.Drawn;
        drawn = drawn + 1 < of.Length ? drawn + 1 : 0;
        return of[drawn];
    }

    private static class Typed<T> where T : unmanaged
    {
        public static readonly T[] Drawn = Array.ConvertAll(Inputs<double>.Normal(new Random(7), 4093), value => (T)(object)(
            typeof(T) == typeof(double) ? value
            : typeof(T) == typeof(float) ? (float)value
            : typeof(T) == typeof(Half) ? (Half)value
            : typeof(T) == typeof(BFloat16) ? (BFloat16)value
            : (object)(value > -0.6)));
    }
}

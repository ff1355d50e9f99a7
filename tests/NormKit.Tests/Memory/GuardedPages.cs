using System.Runtime.InteropServices;

namespace NormKit.Tests.Memory;

/// <summary>Pages between two that may be neither read nor written: an access beyond either end ends the process.</summary>
internal sealed unsafe partial class GuardedPages : IDisposable
{
    private const int None = 0, ReadAndWrite = 3;                        // PROT_NONE, PROT_READ | PROT_WRITE
    private const int PrivateAndAnonymous = 0x22;                        // MAP_PRIVATE | MAP_ANONYMOUS, as Linux numbers them
    private readonly byte* mapped;
    private readonly nuint mappedLength;

    /// <param name="capacity">How many bytes are wanted; they become whole pages.</param>
    public GuardedPages(nint capacity)
    {
        nint page = Environment.SystemPageSize;
        Capacity = Math.Max(1, (capacity + page - 1) / page) * page;
        mappedLength = (nuint)(Capacity + (2 * page));
        mapped = Map(null, mappedLength, ReadAndWrite, PrivateAndAnonymous, -1, 0);
        if (mapped == (byte*)-1)
            throw new InvalidOperationException($"mmap of {mappedLength} bytes failed with {Marshal.GetLastPInvokeError()}.");
        Start = mapped + page;
        if (Protect(mapped, (nuint)page, None) != 0 || Protect(End, (nuint)page, None) != 0)
            throw new InvalidOperationException($"mprotect failed with {Marshal.GetLastPInvokeError()}.");
    }

    public nint Capacity { get; }

    /// <summary>The first byte; the one before it is out of bounds.</summary>
    public byte* Start { get; }

    /// <summary>One past the last byte, and out of bounds.</summary>
    public byte* End => Start + Capacity;

    public void Dispose() => _ = Unmap(mapped, mappedLength);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial byte* Map(void* address, nuint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect", SetLastError = true)]
    private static partial int Protect(void* address, nuint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);
}

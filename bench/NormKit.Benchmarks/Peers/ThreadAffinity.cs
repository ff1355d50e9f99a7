using System.Runtime.InteropServices;

namespace NormKit.Benchmarks.Peers;

/// <summary>The cores that the calling thread may run on, where that can be asked: on Linux, up to the 64th.</summary>
internal sealed partial record ThreadAffinity(ulong Cores)
{
    private const int MaskBytes = 128;

    public static ThreadAffinity? Current
    {
        get
        {
            ulong[] mask = new ulong[MaskBytes / sizeof(ulong)];
            return OperatingSystem.IsLinux() && sched_getaffinity(0, MaskBytes, mask) >= 0 ? new(mask[0]) : null;
        }
    }

    public void Apply()
    {
        ulong[] mask = new ulong[MaskBytes / sizeof(ulong)];
        mask[0] = Cores;
        if (sched_setaffinity(0, MaskBytes, mask) != 0)
            throw new InvalidOperationException("A thread could not be moved to other cores.");
    }

    [LibraryImport("libc")]
    private static partial int sched_getaffinity(int thread, nint bytes, [Out] ulong[] mask);

    [LibraryImport("libc")]
    private static partial int sched_setaffinity(int thread, nint bytes, ulong[] mask);
}

using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.Intrinsics.X86;

namespace NormKit.Threading;

/// <summary>How much memory is near. It decides how a result is written and in what order work is done, and no bit of a result.</summary>
internal static class CacheSizes
{
    /// <summary>Bytes that move together.</summary>
    public const int Line = 64;

    /// <summary>Bytes of the last-level cache that a processor shares with its neighbours.</summary>
    /// <remarks>A virtual machine may name another size than it has; the runtime setting <c>NormKit.LastLevelCacheBytes</c> takes its place.</remarks>
    public static long LastLevel { get; } = Setting("NormKit.LastLevelCacheBytes") ?? Find(level: 3) ?? 32 << 20;

    /// <summary>Bytes of the cache that a processor has for itself.</summary>
    public static long Own { get; } = Find(level: 2) ?? 512 << 10;

    /// <summary>A number of the program's runtimeconfig.json; null where it is not set.</summary>
    private static long? Setting(string name) =>
        long.TryParse(AppContext.GetData(name)?.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>The largest cache of a level that the processor names.</summary>
    /// <remarks>Deterministic cache parameters: Intel SDM vol. 2A, CPUID leaf 4; AMD64 APM vol. 3, CPUID Fn8000_001D.</remarks>
    private static long? Find(int level)
    {
        if (!X86Base.IsSupported)
            return null;
        (int highest, int vendor, _, _) = X86Base.CpuId(0, 0);
        bool isAmd = vendor == BinaryPrimitives.ReadInt32LittleEndian("Auth"u8) || vendor == BinaryPrimitives.ReadInt32LittleEndian("Hygo"u8);
        int leaf = isAmd ? unchecked((int)0x8000_001D) : 4;
        if (isAmd ? (uint)X86Base.CpuId(unchecked((int)0x8000_0000), 0).Eax < (uint)leaf : highest < leaf)
            return null;
        long? largest = null;
        for (int index = 0; index < 16; index++)
        {
            (int eax, int ebx, int ecx, _) = X86Base.CpuId(leaf, index);
            if ((eax & 0x1F) == 0)
                break;
            if (((eax >> 5) & 7) != level)
                continue;
            long line = (ebx & 0xFFF) + 1, partitions = ((ebx >> 12) & 0x3FF) + 1, ways = ((ebx >> 22) & 0x3FF) + 1;
            largest = Math.Max(largest ?? 0, line * partitions * ways * ((uint)ecx + 1L));
        }
        return largest is > 0 ? largest : null;
    }
}

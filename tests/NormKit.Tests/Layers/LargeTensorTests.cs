using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>More than 2^31 elements, of two bytes each and in place: 4 GiB. It takes 20 s, so it runs where explicit tests do. The test skips itself where memory is short.</summary>
public class LargeTensorTests
{
    private const long Needed = 7L << 30;

    private static readonly long Beyond = 1L << 31;

    [Fact(Explicit = true), Trait("Duration", "Long")]
    public unsafe void Forward_MoreThan31BitsOfElements_ReachesAllOfThem()
    {
        const int Width = 4096;
        nint rows = checked((nint)(Beyond / Width)) + 1, length = rows * Width;
        BFloat16* memory = Zeros(length);
        try
        {
            OneSet(memory, length);
            LastRow(memory, rows, Width);
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    /// <summary>All elements but two are 0, so the moments are known.</summary>
    private static unsafe void OneSet(BFloat16* memory, nint length)
    {
        memory[0] = (BFloat16)3f;
        memory[length - 1] = (BFloat16)(-5f);
        TensorSpan<BFloat16> x = new(memory, length, [1, 1, length], default);
        new InstanceNorm<float>(1).Forward<BFloat16>(x, x);

        double mean = -2.0 / length, invStd = 1 / Math.Sqrt((34.0 / length) - (mean * mean) + 1e-5);
        IsRounded((3 - mean) * invStd, memory[0]);
        IsRounded((-5 - mean) * invStd, memory[length - 1]);
        IsRounded(-mean * invStd, memory[length / 2]);
        IsRounded(-mean * invStd, memory[length - 2]);
    }

    /// <summary>A row is normalized as it is alone, however many are before it.</summary>
    private static unsafe void LastRow(BFloat16* memory, nint rows, int width)
    {
        BFloat16[] row = Array.ConvertAll(Inputs<float>.Normal(new Random(7), width, 2, 5), v => (BFloat16)v);
        LayerNorm<float> layer = new(width);
        Inputs<float>.Normal(new Random(8), width, 0.5, 1).CopyTo(layer.Weight!.Value.GetSpan([0], width));
        Inputs<float>.Normal(new Random(9), width, 0.5).CopyTo(layer.Bias!.Value.GetSpan([0], width));
        BFloat16[] expected = new BFloat16[width];
        layer.Forward<BFloat16>(row, [1, width], expected);

        Span<BFloat16> last = new(memory + ((rows - 1) * width), width);
        row.CopyTo(last);
        TensorSpan<BFloat16> x = new(memory, rows * width, [rows, width], default);
        layer.Forward<BFloat16>(x, x);
        Closeness.SameBits<BFloat16>(expected, last, "the last row");
    }

    private static void IsRounded(double expected, BFloat16 actual)
    {
        double step = Math.Abs(expected) / 128;   // at least a unit in the last place: 8 bits of precision
        Assert.InRange((double)actual, expected - step, expected + step);
    }

    private static unsafe BFloat16* Zeros(nint length)
    {
        long available = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - Environment.WorkingSet;
        if (File.Exists("/proc/meminfo"))
        {
            string line = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemAvailable", StringComparison.Ordinal));
            available = Math.Min(available, long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture) * 1024);
        }
        Assert.SkipUnless(available >= Needed, $"{available >> 20} MiB of memory are left, and {Needed >> 20} are needed.");
        return (BFloat16*)NativeMemory.AllocZeroed((nuint)length, (nuint)sizeof(BFloat16));
    }
}

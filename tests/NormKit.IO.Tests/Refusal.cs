namespace NormKit.IO.Tests;

/// <summary>What every refusal of a file owes its reader: file and rule on one line, at a small price.</summary>
internal static class Refusal
{
    // Exceptions, their stack traces and the file stream's buffer cost some ten KiB; what the files below declare is MiB to EiB.
    private const long LargestAllocation = 512 * 1024;

    public static TensorFileException Of(Action action, params string[] fragments)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TensorFileException error = Assert.Throws<TensorFileException>(action);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < LargestAllocation, $"{allocated} bytes were allocated before: {error.Message}");
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(fragments, fragment => Assert.Contains(fragment, error.Message, StringComparison.Ordinal));
        return error;
    }
}

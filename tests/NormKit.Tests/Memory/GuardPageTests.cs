using System.Globalization;
using System.Text.RegularExpressions;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>
/// No access outside a buffer: input, output, gradients, masks, weights, biases and running statistics lie right before or after a page that may not
/// be accessed, at every length from 0 to 200 and in every layout, and results do not depend on which.
/// </summary>
public partial class GuardPageTests
{
    [Theory]
    [InlineData("layers of float", 10_000)]
    [InlineData("layers of double", 10_000)]
    [InlineData("layers of Half", 10_000)]
    [InlineData("layers of BFloat16", 10_000)]
    [InlineData("functions of float", 2_000)]
    [InlineData("functions of double", 2_000)]
    [InlineData("many elements", 16)]
    public void Pass_BetweenGuardPages_StaysInside(string suite, int atLeast)
    {
        (ChildRun child, string last) = Run(suite);
        Match answer = Answer().Match(child.Output);
        Assert.True(child.ExitCode == 0 && answer.Success, $"{last.Trim()}: {child}");
        int calls = int.Parse(answer.Groups["calls"].Value, CultureInfo.InvariantCulture), refused = int.Parse(answer.Groups["refused"].Value, CultureInfo.InvariantCulture);
        Assert.True(calls >= atLeast, $"{suite}: only {calls} calls ran.");
        Assert.True(refused <= calls / 20, $"{suite}: {refused} calls of {calls + refused} were refused.");
    }

    /// <summary>Guards that are none would pass every test above.</summary>
    [Fact]
    public void Access_OutOfBounds_EndsTheProcess()
    {
        (ChildRun child, string last) = Run("an access out of bounds");
        Assert.NotEqual(0, child.ExitCode);
        Assert.DoesNotContain(GuardProbe.Variable, child.Output, StringComparison.Ordinal);
        Assert.StartsWith("reads past the end", last, StringComparison.Ordinal);
    }

    private static (ChildRun Child, string LastCall) Run(string suite)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            Assert.Skip("Guard pages are made with mmap as 64-bit Linux has it.");
        string file = Path.GetTempFileName();
        try
        {
            // On the tier of this run, and without compiling the same code several times, which takes most of the time.
            (string, string)[] tier = [.. ((string[])["DOTNET_EnableAVX512", "DOTNET_EnableAVX2"]).Where(k => Environment.GetEnvironmentVariable(k) is not null).Select(k => (k, "0"))];
            ChildRun child = ChildRun.Of(GuardProbe.Variable, suite, [(GuardProbe.LastCall, file), ("DOTNET_TieredCompilation", "0"), .. tier]);
            return (child, File.ReadAllText(file));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [GeneratedRegex(GuardProbe.Variable + " (?<calls>[0-9]+) (?<refused>[0-9]+)")]
    private static partial Regex Answer();
}

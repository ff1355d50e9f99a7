using NormKit.Tests.Reference;

namespace NormKit.Tests.Memory;

/// <summary>What a pass needs besides its tensors, as docs/guarantees.md has it: less than the input, and when it comes again, nothing new.</summary>
[Trait("Tier", "Any")]
public class PeakMemoryTests
{
    /// <summary>An order of dimensions, or a description of strides, is made for each call.</summary>
    private const long Descriptions = 2048;

    /// <summary>A set whose rounding exact arithmetic alone can tell, one in some hundred thousand, takes some numbers of many digits.</summary>
    private const long Exact = 16 * 1024;

    public static TheoryData<string> All { get; } = Members.Names();

    [Theory, MemberData(nameof(All))]
    public void Pass_OverALargeInput_RentsLessThanTheInputAndNothingTheNextTime(string name)
    {
        ChildRun child = ChildRun.Of(MemoryProbe.Variable, name);
        Assert.True(child.ExitCode == 0, $"{child}");
        long[] bytes = MemoryProbe.Parse(child.Output.Trim());
        long input = MemoryProbe.Large(Members.Named(name)).Elements * sizeof(float);
        Assert.All(bytes[..2], first => Assert.InRange(first, 0, input));
        // In groups of the last dimension backward keeps a pair of doubles per element; the pool rounds their number up to a power of two.
        Assert.InRange(bytes[2], 0, name.EndsWith("groups", StringComparison.Ordinal) ? 8 * input : input);
        bool describes = name.StartsWith("LayerNorm over", StringComparison.Ordinal) || name.StartsWith("RmsNorm over", StringComparison.Ordinal) || name.StartsWith("LpNormalize", StringComparison.Ordinal);
        Assert.All(bytes[3..], again => Assert.InRange(again, 0, Exact + (describes ? Descriptions : 0)));
    }
}

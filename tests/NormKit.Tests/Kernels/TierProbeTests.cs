using System.Globalization;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Kernels;

/// <summary>The same bits on every SIMD tier: child processes with instruction sets switched off, each of which must really be without them.</summary>
public class TierProbeTests
{
    /// <summary>Tenths of a second: hot code is compiled again after one.</summary>
    private const int Long = 150, Short = 20, None = 0;

    /// <summary>As programs run that set nothing; the tests run without.</summary>
    private static readonly (string, string) WithProfiles = ("DOTNET_TieredPGO", "1");

    private static readonly Lazy<Answer> Default = new(() => Ask(Long, WithProfiles));

    [Fact]
    public void Hash_OfThisProcess_IsThatOfTheDefaultTier() => Assert.Equal(Default.Value.Hash, TierProbe.Hash());

    [Theory, Trait("Tier", "Any")]
    [InlineData("DOTNET_EnableAVX512", "avx512=True", "avx512=False")]
    [InlineData("DOTNET_EnableAVX2", "avx2=True", "avx2=False")]
    [InlineData("DOTNET_EnableHWIntrinsic", "vector128=True", "vector128=False")]
    [InlineData("DOTNET_TieredCompilation", " tiered", "untiered")]
    public void Hash_WithTierSwitchedOff_IsThatOfTheDefaultTier(string knob, string before, string after)
    {
        if (!Default.Value.Tier.Contains(before, StringComparison.Ordinal))
            Assert.Skip($"This machine has not what {knob}=0 takes away: {Default.Value.Tier}.");
        Answer without = Ask(after == "untiered" ? Short : None, WithProfiles, (knob, "0"));
        Assert.Contains(after, without.Tier, StringComparison.Ordinal);   // the canary: a switch that does nothing fails here
        Assert.Equal(Default.Value.Hash, without.Hash);
    }

    /// <summary>Profiles change which code is inlined and unrolled, but leave no trace that a program could read, so there is no canary here.</summary>
    [Fact, Trait("Tier", "Any")]
    public void Hash_WithoutProfileGuidedOptimization_IsThatOfTheDefaultTier() => Assert.Equal(Default.Value.Hash, Ask(None, ("DOTNET_TieredPGO", "0")).Hash);

    /// <summary>A run of the suite that says which tier it tests (CI sets the variable) must be on it.</summary>
    [Fact]
    public void Tier_OfThisProcess_IsTheOneThisRunClaims()
    {
        string tier = TierProbe.Tier();
        if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX512") == "0")
            Assert.Contains("avx512=False", tier, StringComparison.Ordinal);
        else if (Environment.GetEnvironmentVariable("DOTNET_EnableAVX2") == "0")
            Assert.Contains("avx2=False", tier, StringComparison.Ordinal);
        else
            Assert.StartsWith($" {tier} ", Default.Value.Tier, StringComparison.Ordinal);
    }

    private static Answer Ask(int patience, params (string Knob, string Value)[] environment)
    {
        ChildRun child = ChildRun.Of(TierProbe.Variable, patience.ToString(CultureInfo.InvariantCulture), environment);
        string[] words = child.Output.Split(' ', 3, StringSplitOptions.TrimEntries);
        Assert.True(words.Length == 3 && words[0] == TierProbe.Variable, child.ToString());
        return new(words[1], " " + words[2]);
    }

    private sealed record Answer(string Hash, string Tier);
}

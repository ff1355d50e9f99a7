using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using NormKit.Tests.Golden;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

public class TorchRandomTests
{
    [Theory]
    [InlineData(0ul)]
    [InlineData(1ul)]
    [InlineData(42ul)]
    public void Rand_OfEachGoldenSeed_IsTorchToTheBit(ulong seed)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(GoldenCase.Folder, "rand.json")));
        JsonElement stream = json.RootElement.GetProperty("streams").EnumerateArray().Single(s => s.GetProperty("seed").GetUInt64() == seed);
        float[] values = Placing.Logical(new TorchRandom(seed).Rand(16, 32, 64, 64));
        Assert.Equal(stream.GetProperty("first").EnumerateArray().Select(v => v.GetSingle()), values[..8]);
        Assert.Equal(stream.GetProperty("last").EnumerateArray().Select(v => v.GetSingle()), values[^3..]);
        Assert.Equal(stream.GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan()))));
    }

    /// <summary>The reference implementation's own test: the 10,000th number of mt19937 with its default seed 5489 is 4123659995 (C++ standard, [rand.predef]).</summary>
    [Fact]
    public void Fill_TenThousandthNumber_IsThatOfTheStandard()
    {
        float[] values = new float[10_000];
        new TorchRandom(5489).Fill(values);
        Assert.Equal((4123659995u & 0xFF_FFFF) / 16777216f, values[^1]);
    }

    [Fact]
    public void Rand_InParts_IsOneStream()
    {
        TorchRandom whole = new(7), parts = new(7);
        float[] expected = Placing.Logical(whole.Rand(2, 3, 631));
        float[] rest = new float[2 * 3 * 631 - 4 - 1];
        float[] first = Placing.Logical(parts.Rand(2, 2)), second = Placing.Logical(parts.Rand(1));
        parts.Fill(rest);
        Assert.Equal(expected, first.Concat(second).Concat(rest));
    }

    [Fact]
    public void Rand_OfSeedsBeyond32Bits_UsesTheLow32() =>
        Assert.Equal(Placing.Logical(new TorchRandom(42).Rand(5)), (IEnumerable<float>)Placing.Logical(new TorchRandom((1ul << 32) + 42).Rand(5)));

    [Fact]
    public void Rand_OfLengthZero_IsEmptyAndDrawsNothing()
    {
        TorchRandom random = new(3);
        Tensor<float> empty = random.Rand(3, 0, 2);
        Assert.Equal([3, 0, 2], empty.Lengths.ToArray());
        Assert.Equal(Placing.Logical(new TorchRandom(3).Rand(2)), (IEnumerable<float>)Placing.Logical(random.Rand(2)));
    }

    [Fact]
    public void Rand_OfNegativeOrHugeShape_Throws()
    {
        Assert.Contains("[2, -3]", Assert.Throws<ArgumentException>(() => new TorchRandom().Rand(2, -3)).Message, StringComparison.Ordinal);
        Assert.Contains("[4294967296, 4294967296]", Assert.Throws<ArgumentException>(() => new TorchRandom().Rand((nint)1 << 32, (nint)1 << 32)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Rand_WithoutLengths_GivesTheNextNumber()
    {
        TorchRandom one = new(7), many = new(7);
        Tensor<float> scalar = one.Rand();
        Assert.Equal([1], scalar.Lengths.ToArray());
        Assert.Equal(many.Rand(2)[0], scalar[0]);
        Assert.Equal(new TorchRandom(7).Rand(2)[1], one.Rand(1)[0]);
    }
}

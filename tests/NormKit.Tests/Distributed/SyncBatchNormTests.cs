using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Distributed;

/// <summary>Batch norm over ranks against batch norm of the whole batch, bit for bit. One test forces levels of certainty, which all threads share.</summary>
[Collection(nameof(SameNumbersTests))]
public class SyncBatchNormTests
{
    private static readonly nint[][] Shapes = [[13, 5, 7, 3], [12, 37], [7, 3, 1100], [5, 2, 2, 2, 2]];

    public static MatrixTheoryData<int, int, Placement> Cases { get; } = new([.. Enumerable.Range(0, Shapes.Length)], [1, 2, 3, 4, 7], Enum.GetValues<Placement>());

    [Theory, MemberData(nameof(Cases))]
    public void Split_AnyRanksShapeAndLayout_HasTheBitsOfTheWholeBatch(int shape, int ranks, Placement placement)
    {
        SplitBatch<float, float> batch = new(Shapes[shape], 100 + shape) { Placement = placement, Offset = 3 };
        batch.Whole().Check(batch.Split(Cut((int)Shapes[shape][0], ranks, seed: ranks)), $"{ranks} ranks");
    }

    [Theory]
    [InlineData(new int[] { 0, 13 })]
    [InlineData(new int[] { 13, 0, 0 })]
    [InlineData(new int[] { 0, 1, 0, 12, 0 })]
    [InlineData(new int[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })]
    public void Split_EmptyAndUnequalParts_HasTheBitsOfTheWholeBatch(int[] samples)
    {
        foreach (bool masked in (bool[])[false, true])
        {
            SplitBatch<float, float> batch = new([13, 5, 7], 21) { Masked = masked };
            batch.Whole().Check(batch.Split(samples), $"[{string.Join(", ", samples)}], masked: {masked}");
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1000)]
    [InlineData(1e6)]
    public void Split_Offsets_HasTheBitsOfTheWholeBatch(double offset)
    {
        SplitBatch<float, float> batch = new([12, 5, 9, 11], 31) { Offset = offset };
        batch.Whole().Check(batch.Split(5, 4, 3), $"offset {offset}");
    }

    [Fact]
    public void Split_SixteenBits_HasTheBitsOfTheWholeBatch()
    {
        SplitBatch<float, Half> halves = new([12, 5, 9, 11], 41) { Masked = true };
        halves.Whole().Check(halves.Split(5, 0, 7), "Half");
        SplitBatch<float, BFloat16> upper = new([12, 5, 9, 11], 42) { Placement = Placement.ChannelsLast };
        upper.Whole().Check(upper.Split(2, 9, 1), "BFloat16");
    }

    [Fact]
    public void Split_WithActivation_HasTheBitsOfTheWholeBatch()
    {
        SplitBatch<float, float> batch = new([12, 5, 9, 11], 51) { Activation = Activation.Gelu };
        batch.Whole().Check(batch.Split(5, 4, 3), "Gelu");
    }

    [Fact]
    public void Split_WithActivationOfSetsInDouble_HasTheBitsOfTheWholeBatch()
    {
        // Deviations of 1e-25: the factor leaves floats, so gradients pass the activation in double, with more digits than a message has.
        SplitBatch<float, float> batch = new([12, 5, 9], 52) { Activation = Activation.Gelu, Eps = 0, Change = (x, dy) => Scale(x, 1e-25f) };
        batch.Whole().Check(batch.Split(5, 4, 3), "tiny values, Gelu");
        SplitBatch<float, float> plain = batch with { Activation = default, Change = (x, dy) => { Scale(x, 1e-30f); Scale(dy, 1e-30f); } };
        plain.Whole().Check(plain.Split(1, 4, 7), "tiny values and gradients");
        SplitBatch<float, float> large = batch with { Activation = default, Change = (x, dy) => Scale(x, 1e37f) };
        large.Whole().Check(large.Split(1, 4, 7), "large values");
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Split_NotFinite_HasTheBitsOfTheWholeBatch(float value)
    {
        foreach (bool inGradient in (bool[])[false, true])
        {
            SplitBatch<float, float> batch = new([12, 5, 9], 61) { Change = (x, dy) => (inGradient ? dy : x)[300] = value };
            StepResults whole = batch.Whole(), split = batch.Split(5, 4, 3);
            for (int i = 0; i < whole.OfSamples.Count; i++)
                SameBits.Check(whole.OfSamples[i], split.OfSamples[i], $"{value}, in the gradient: {inGradient}, result {i}");
        }
    }

    [Fact]
    public void Split_SetsNextToAThreshold_HasTheBitsOfTheWholeBatch()
    {
        foreach ((string name, float[] x) in HardSets.All().Where(set => set.X.Length > 1))
        {
            SplitBatch<float, float> batch = new([x.Length, 1], 71) { Eps = 0, Change = (values, _) => x.CopyTo(values, 0) };
            batch.Whole().Check(batch.Split(1, x.Length - 1), name);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Split_ForcedLevels_HaveTheSameBits(int level)
    {
        SplitBatch<float, float> batch = new([12, 5, 9, 11], 81) { Masked = level == 3 };
        StepResults whole = batch.Whole();
        Certainty.ForcedLevel = level;
        try
        {
            whole.Check(batch.Split(out int exchanges, 5, 4, 3), $"level {level}");
            // Two steps of two passes; when all is in doubt, each takes a second message.
            Assert.InRange(exchanges, level == 1 ? 4 : 8, level == 1 ? 6 : 8);
        }
        finally
        {
            Certainty.ForcedLevel = 1;
        }
    }

    [Fact]
    public void Split_OfDoubles_IsTheSameForEachSplitAndNearBatchNorm()
    {
        SplitBatch<double, double> batch = new([12, 5, 9, 11], 91) { Offset = 1000, Masked = true };
        StepResults one = batch.Split(12), whole = batch.Whole();
        one.Check(batch.Split(5, 4, 3), "three ranks");
        one.Check(batch.Split(1, 0, 6, 5), "four ranks");
        for (int i = 0; i < whole.OfSamples.Count; i++)
        {
            double largest = whole.OfSamples[i].Max(Math.Abs);
            Assert.All(whole.OfSamples[i].Zip(one.OfSamples[i]), pair => Assert.Equal(pair.First, pair.Second, largest * 1e-14));
        }
    }

    [Theory]
    [InlineData(1000, 2)]
    [InlineData(4096, 1)]
    public void Split_ThousandsOfRanks_HasTheBitsOfTheWholeBatch(int ranks, int steps)
    {
        SplitBatch<float, float> batch = new([ranks, 3, 2], 7) { Offset = 1, Steps = steps };
        batch.Whole().Check(batch.Split([.. Enumerable.Repeat(1, ranks)]), $"{ranks} ranks");
    }

    private static int[] Cut(int samples, int ranks, int seed)
    {
        Random random = new(seed);
        int[] cuts = [0, .. Enumerable.Range(1, ranks - 1).Select(_ => random.Next(samples + 1)).Order(), samples];
        return [.. Enumerable.Range(0, ranks).Select(rank => cuts[rank + 1] - cuts[rank])];
    }

    private static void Scale(float[] values, float factor)
    {
        for (int i = 0; i < values.Length; i++)
            values[i] *= factor;
    }
}

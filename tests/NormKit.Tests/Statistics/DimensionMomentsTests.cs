namespace NormKit.Tests.Statistics;

public sealed class DimensionMomentsTests
{
    /// <summary>Four threads add to three indices at once, and merge: no number is lost.</summary>
    [Fact]
    public void Add_BySeveralThreads_LosesNothing()
    {
        const int length = 3, rounds = 400;
        float[] values = [.. Enumerable.Range(0, 300).Select(i => (i * 0.37f) - 40)];
        DimensionMoments all = new(length), one = new(length);
        Parallel.For(0, rounds, new() { MaxDegreeOfParallelism = 4 }, round =>
        {
            all.Add(round % length, values.AsSpan(0, 100 + (round / 2)));
            DimensionMoments part = new(length);
            part.Add(1, [(double)round]);
            part.Add(2, [(Half)round, Half.NaN]);
            all.Merge(part);
        });
        for (int round = 0; round < rounds; round++)
        {
            foreach (float value in values.AsSpan(0, 100 + (round / 2)))
                one[round % length].Add(value);
            one[1].Add(round);
            one[2].Add(round);
            one[2].Add(double.NaN);
        }
        for (int i = 0; i < length; i++)
            Assert.Equal(one[i].ToArray(), all[i].ToArray());
    }

    [Fact]
    public void New_OfStatistics_KeepsThem()
    {
        ExactMoments first = new(), second = new();
        second.Add(5);
        DimensionMoments both = new([first, second]);
        both.Add(0, [(BFloat16)2]);
        Assert.Equal((2, 2.0, 5.0), (both.Length, first.Mean, both[1].Mean));
        Assert.Throws<ArgumentException>(() => new DimensionMoments([first, first]));
    }
}

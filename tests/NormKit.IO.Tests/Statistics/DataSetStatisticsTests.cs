namespace NormKit.IO.Tests.Statistics;

public sealed class DataSetStatisticsTests
{
    private static readonly int[] Shape = [3, 5, 4, 7];

    public static TheoryData<string, bool> Types()
    {
        TheoryData<string, bool> data = [];
        foreach (string type in (string[])["<f2", "<f4", "<f8", ">f2", ">f4", ">f8", "|i1", "<i2", ">i4", "<i8", "|u1", ">u2", "<u4", ">u8", "|b1"])
        {
            data.Add(type, false);
            data.Add(type, true);
        }
        return data;
    }

    /// <summary>Every type of .npy, both byte orders, both memory orders, every dimension from both ends.</summary>
    [Theory, MemberData(nameof(Types))]
    public void OfFiles_Npy_AreThoseOfEachElement(string type, bool fortranOrder)
    {
        using TemporaryDirectory directory = new();
        double[] values = Values(type, 3 * 5 * 4 * 7, type.GetHashCode(StringComparison.Ordinal));
        string path = directory.Write("x.npy", DataSetArrays.Npy(values, Shape, type, fortranOrder));
        foreach (int? dimension in (int?[])[null, 0, 1, 2, 3, -1, -2, -4])
            Assert.Equal(DataSetArrays.Naive([(values, Shape)], dimension).ToArray(), DataSetStatistics.OfFiles([path], new() { Dimension = dimension }).ToArray());
    }

    /// <summary>Shapes whose arrays are read in several pieces: long runs, short runs, rows that fit and rows that do not, a dimension of 1.</summary>
    [Theory]
    [InlineData("200,3,900", 1)]        // long runs
    [InlineData("700,3,250", 1)]        // short runs, put together
    [InlineData("150000,3", 1)]         // no runs
    [InlineData("3,140000", 0)]         // runs longer than a piece
    [InlineData("40,1,9000", 1)]
    [InlineData("2,60000,3", 1)]        // rows longer than a piece
    [InlineData("1,60000,3", 1)]        // one row: each run on its own
    [InlineData("9,33,40,30", 1)]       // more indices than a thread keeps for itself
    public void OfFiles_ManyPieces_AreThoseOfEachElement(string lengths, int dimension)
    {
        using TemporaryDirectory directory = new();
        int[] shape = [.. lengths.Split(',').Select(length => int.Parse(length, null))];
        double[] values = Values("<f4", shape.Aggregate(1, (product, length) => product * length), 3);
        string path = directory.Write("x.npy", DataSetArrays.Npy(values, shape, "<f4")), wide = directory.Write("w.npz", HandMade.Zip(ZipEntry.Deflated("a.npy", DataSetArrays.Npy(values, shape, ">f8"))));
        byte[] expected = DataSetArrays.Naive([(values, shape)], dimension).ToArray();
        foreach (int threads in (int[])[1, 3])
        {
            Assert.Equal(expected, DataSetStatistics.OfFiles([path], new() { Dimension = dimension, Threads = threads }).ToArray());
            Assert.Equal(expected, DataSetStatistics.OfFiles([wide], new() { Dimension = dimension, Threads = threads }).ToArray());
        }
    }

    /// <summary>The same numbers, cut and ordered anyhow, in files of any kind and type, read by any number of threads, merged in any order: the same bytes.</summary>
    [Fact]
    public void ToArray_AnyOrderCutTypeThreadsAndMerge_IsTheSame()
    {
        using TemporaryDirectory directory = new();
        Random random = new(11);
        const int count = 97, channels = 3, positions = 31;
        double[] values = Values("<f2", count * channels * positions, 5);
        (values[7], values[300], values[301], values[302]) = (double.NaN, double.PositiveInfinity, double.NegativeInfinity, -0.0);
        byte[] expected = DataSetArrays.Naive([(values, [count, channels, positions])], 1).ToArray();
        for (int trial = 0; trial < 12; trial++)
        {
            int[] order = [.. Enumerable.Range(0, count)];
            random.Shuffle(order);
            int[] cuts = [0, .. Enumerable.Range(0, random.Next(6)).Select(_ => random.Next(count + 1)).Order(), count];
            string[] paths = [.. cuts.Zip(cuts.Skip(1)).Select((cut, i) =>
            {
                double[] part = [.. order[cut.First..cut.Second].SelectMany(sample => values.Skip(sample * channels * positions).Take(channels * positions))];
                return Write(directory, $"{trial}-{i}", part, [cut.Second - cut.First, channels, positions], random);
            })];
            random.Shuffle(paths);
            DataSetStatistics all = DataSetStatistics.OfFiles(paths, new() { Dimension = random.Next(2) == 0 ? 1 : -2, Threads = 1 + random.Next(4), Name = "x" });
            Assert.Equal(expected, all.ToArray());
            DataSetStatistics merged = new(channels);
            foreach (string path in paths)
                merged.Merge(DataSetStatistics.FromArray(DataSetStatistics.OfFiles([path], new() { Dimension = 1, Name = "x" }).ToArray()));
            Assert.Equal(expected, merged.ToArray());
        }
    }

    /// <summary>Two files about 0 and 10 with deviations 1 and 3: their mean is 2, and the deviation of all about 5.5.</summary>
    [Fact]
    public void FileDeviations_OfTwoFiles_AreTheirOwn()
    {
        using TemporaryDirectory directory = new();
        string a = directory.Write("a.npy", DataSetArrays.Npy([-1, 1], [2], "<f4")), b = directory.Write("b.npy", DataSetArrays.Npy([7, 13, double.NaN], [3], "<f8"));
        string none = directory.Write("n.npy", DataSetArrays.Npy([double.NaN], [1], "<f8"));
        DataSetStatistics all = DataSetStatistics.OfFiles([a, b, none]);
        Assert.Equal((2L, 2.0), (all.FileDeviations![0].Count, all.FileDeviations[0].Mean));
        Assert.Equal(Math.Sqrt(30), all.Moments[0].PopulationStandardDeviation);
        Assert.Null(DataSetStatistics.OfFiles([a]).FileDeviations);
    }

    [Fact]
    public void OfFiles_Integers_AreExactUpToThoseOfADouble()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("x.npy", DataSetArrays.Npy([1L << 60, -(1L << 62), (1L << 53) - 1], [3], "<i8"));
        ExactMoments moments = DataSetStatistics.OfFiles([path]).Moments[0];
        Assert.Equal((-(double)(1L << 62), (double)(1L << 60)), (moments.Minimum, moments.Maximum));
        byte[] odd = HandMade.Npy("<i8", "(2, )", [.. BitConverter.GetBytes(3L), .. BitConverter.GetBytes((1L << 53) + 1)]);
        string wrong = directory.Write("y.npy", odd);
        Assert.Contains("element 1 in the order of the file is 9007199254740993", Assert.Throws<TensorFileException>(() => DataSetStatistics.OfFiles([wrong])).Message, StringComparison.Ordinal);
    }

    /// <summary>Ranks share the files, of which there may be fewer: each has the statistics of all, and a damaged file is an error on each.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public void OfFiles_OnRanks_AreThoseOfOneProcess(int size)
    {
        using TemporaryDirectory directory = new();
        string[] paths = [.. Enumerable.Range(0, 5).Select(i => directory.Write($"{i}.npy", DataSetArrays.Npy(Values("<f4", 60 * i, i), [i, 3, 20], "<f4")))];
        DataSetStatistics alone = DataSetStatistics.OfFiles(paths, new() { Dimension = 1 });
        DataSetStatistics[] shared = LocalCommunicator.Run(size, communicator => DataSetStatistics.OfFiles(paths, new() { Dimension = 1, Communicator = communicator }));
        Assert.All(shared, each => Assert.Equal((Convert.ToHexString(alone.ToArray()), alone.FileDeviations![2].Mean), (Convert.ToHexString(each.ToArray()), each.FileDeviations![2].Mean)));
        string damaged = directory.Write("crc.npz", HandMade.Zip(ZipEntry.Stored("x.npy", DataSetArrays.Npy([1, 2, 3], [1, 3], "<f4")) with { Crc = 1 }));
        string?[] errors = LocalCommunicator.Run(size, communicator =>
            Record.Exception(() => DataSetStatistics.OfFiles([.. paths, damaged], new() { Dimension = 1, Communicator = communicator }))?.Message);
        Assert.All(errors, error => Assert.Contains("crc.npz:x: zip entry: checksum", error, StringComparison.Ordinal));
    }

    [Fact]
    public void OfFiles_Progress_EndsAtOne()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("x.npy", DataSetArrays.Npy(Values("<f4", 200_000, 1), [200_000], "<f4"));
        List<double> told = [];
        DataSetStatistics.OfFiles([path, path], new() { Threads = 1 }, told.Add);
        Assert.True(told.Count > 2);
        Assert.Equal(told.Order(), told);
        Assert.Equal(1, told[^1]);
    }

    [Fact]
    public void OfFiles_Cancelled_EndsWithoutResult()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("x.npy", DataSetArrays.Npy(Values("<f4", 200_000, 1), [200_000], "<f4"));
        using CancellationTokenSource stop = new();
        Assert.ThrowsAny<OperationCanceledException>(() => DataSetStatistics.OfFiles([path], null, _ => stop.Cancel(), stop.Token));
        File.Delete(path);      // nothing holds it open
    }

    [Fact]
    public void Merge_OfAnotherKind_IsRefused()
    {
        DataSetStatistics all = new(), three = new(3);
        Assert.Contains("over everything", Assert.Throws<ArgumentException>(() => all.Merge(three)).Message, StringComparison.Ordinal);
        Assert.Contains("length 2", Assert.Throws<ArgumentException>(() => three.Merge(new(2))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new DataSetStatistics(1).Merge(all));
    }

    private static string Write(TemporaryDirectory directory, string name, double[] values, int[] shape, Random random)
    {
        string type = ((string[])["<f2", ">f4", "<f8"])[random.Next(3)];
        byte[] npy = DataSetArrays.Npy(values, shape, type, fortranOrder: random.Next(2) == 0);
        byte[] other = DataSetArrays.Npy([1, 2], [2], "<f4");
        switch (random.Next(4))
        {
            case 0: return directory.Write(name + ".npy", npy);
            case 1: return directory.Write(name + ".npz", HandMade.Zip(ZipEntry.Deflated("y.npy", other), ZipEntry.Deflated("x.npy", npy)));
            case 2: return directory.Write(name + ".npz", HandMade.Zip(ZipEntry.Stored("x.npy", npy), ZipEntry.Stored("y.npy", other)));
            default:
                byte[] data = DataSetArrays.Bytes(values, "<f4");
                string header = $$$"""{"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[{{{string.Join(',', shape)}}}],"data_offsets":[4,{{{4 + data.Length}}}]}}""";
                return directory.Write(name + ".safetensors", HandMade.Safetensors(header, [0, 0, 0, 0, .. data]));
        }
    }

    // Numbers that the type holds.
    private static double[] Values(string type, int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => type[1..] switch
        {
            "f2" => (double)(Half)(random.NextDouble() - 0.3),
            "f4" => (float)((random.NextDouble() - 0.3) * Math.Exp(random.Next(9))),
            "f8" => (random.NextDouble() - 0.3) * Math.Exp(random.Next(99) - 50),
            "b1" => random.Next(2),
            "u1" => random.Next(256),
            "i1" => random.Next(-128, 128),
            "u2" => random.Next(65536),
            "i2" => random.Next(-32768, 32768),
            "u4" or "u8" => random.Next(int.MaxValue),
            _ => random.Next(int.MinValue, int.MaxValue),
        })];
    }
}

namespace NormKit.IO.Tests.Statistics;

/// <summary>Files that are no data set together.</summary>
public sealed class DataSetRefusalTests
{
    private static string Npy(TemporaryDirectory directory, string name, params int[] shape) =>
        directory.Write(name, DataSetArrays.Npy(new double[shape.Aggregate(1, (product, length) => product * length)], shape, "<f4"));

    private static void Refused(string[] paths, DataSetOptions? options, params string[] fragments)
    {
        TensorFileException error = Assert.Throws<TensorFileException>(() => DataSetStatistics.OfFiles(paths, options));
        Assert.All(fragments, fragment => Assert.Contains(fragment, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void OfFiles_WrongFiles_AreNamed()
    {
        using TemporaryDirectory directory = new();
        string good = Npy(directory, "a.npy", 4, 3);
        Refused([], null, "no file is given");
        Refused([directory["b.npy"]], null, "b.npy", "there is no such file");
        Refused([good, directory.Write("empty.npy", [])], null, "empty.npy", "magic and version");
        Refused([good, directory.Root], null, directory.Root, "is a directory", "*.npy");
        Refused([good, directory.Write("x.csv", [1])], null, "x.csv", "unknown file extension");
        Refused([directory.Write("short.npy", File.ReadAllBytes(good)[..^3])], null, "short.npy", "data");
        Refused([directory.Write("long.npy", [.. File.ReadAllBytes(good), 1])], null, "long.npy", "1 bytes after");
        Refused([good + ":x"], null, "without a name");
    }

    [Fact]
    public void OfFiles_WrongDimensions_NameTheFiles()
    {
        using TemporaryDirectory directory = new();
        string a = Npy(directory, "a.npy", 4, 3), b = Npy(directory, "b.npy", 4, 2), scalar = Npy(directory, "s.npy"), none = Npy(directory, "n.npy", 4, 0);
        Refused([a, b], new() { Dimension = 1 }, "b.npy", "length 2", "a.npy", "3");
        DataSetStatistics.OfFiles([a, b], new() { Dimension = 0 });
        DataSetStatistics.OfFiles([a, b, scalar, none]);
        Refused([a], new() { Dimension = 2 }, "a.npy", "[4, 3]", "no dimension 2", "-2 to 1");
        Refused([a], new() { Dimension = -3 }, "no dimension -3");
        Refused([scalar], new() { Dimension = 0 }, "s.npy", "scalar");
        Refused([none], new() { Dimension = 1 }, "n.npy", "length 0");
        Assert.Equal(0, DataSetStatistics.OfFiles([none], new() { Dimension = 0 }).Moments[3].Count);
    }

    [Fact]
    public void OfFiles_Archives_NeedAName()
    {
        using TemporaryDirectory directory = new();
        byte[] one = DataSetArrays.Npy([1, 2], [2], "<f4"), two = DataSetArrays.Npy([5], [1], "<f4");
        string zip = directory.Write("a.npz", HandMade.Zip(ZipEntry.Deflated("one.npy", one), ZipEntry.Stored("two.npy", two)));
        Refused([zip], null, "a.npz", "holds 2 arrays", "'one', 'two'");
        Refused([zip], new() { Name = "three" }, "a.npz", "'three'", "'one', 'two'");
        Refused([directory.Write("none.npz", HandMade.Zip())], null, "none.npz", "holds no array");
        Assert.Equal(2, DataSetStatistics.OfFiles([zip], new() { Name = "one" }).Moments[0].Count);
        Assert.Equal(5, DataSetStatistics.OfFiles([zip + ":two"], new() { Name = "one" }).Moments[0].Mean);
        Assert.Equal(3, DataSetStatistics.OfFiles([zip, directory.Write("x.npy", two)], new() { Name = "one" }).Moments[0].Count);
        string safetensors = directory.Write("s.safetensors", HandMade.Safetensors("""{"f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[2,6]}}""", [0, 0, 0x80, 0x3F, 0, 0x40]));
        Refused([safetensors], null, "holds 2 arrays");
        Refused([safetensors], new() { Name = "f8" }, "F8_E4M3 is not supported");
        Assert.Equal(1.5, DataSetStatistics.OfFiles([safetensors], new() { Name = "b" }).Moments[0].Mean);
    }

    [Fact]
    public void OfFiles_DamagedArchives_AreRefused()
    {
        using TemporaryDirectory directory = new();
        byte[] npy = DataSetArrays.Npy([1, 2, 3], [3], "<f4");
        Refused([directory.Write("crc.npz", HandMade.Zip(ZipEntry.Stored("x.npy", npy) with { Crc = 1 }))], null, "crc.npz:x", "checksum");
        Refused([directory.Write("more.npz", HandMade.Zip(ZipEntry.Stored("x.npy", [.. npy, 0])))], null, "more.npz:x", "after the data");
        Refused([directory.Write("less.npz", HandMade.Zip(ZipEntry.Stored("x.npy", npy[..^1])))], null, "less.npz:x", "data");
        Refused([directory.Write("secret.npz", HandMade.Zip(ZipEntry.Stored("x.npy", npy) with { Flags = 1 }))], null, "secret.npz:x", "encrypted");
        Refused([directory.Write("zip.npz", [1, 2, 3])], null, "zip.npz");
        byte[] packed = HandMade.Zip(ZipEntry.Deflated("x.npy", DataSetArrays.Npy(new double[5000], [5000], "<f8")));
        for (int at = 35; at < 60; at++)
            packed[at] = 0xEE;
        Refused([directory.Write("bytes.npz", packed)], null, "bytes.npz");
    }

    [Fact]
    public void Threads_FewerThanOne_IsRefused() => Assert.Throws<ArgumentOutOfRangeException>(() => new DataSetOptions { Threads = 0 });
}

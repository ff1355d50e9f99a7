using System.IO.Compression;

namespace NormKit.IO.Tests;

public class NpzFileTests
{
    private static readonly byte[] One = HandMade.Npy("|u1", "(1,)", [1]);
    private static readonly byte[] Two = HandMade.Npy("|u1", "(1,)", [2]);

    [Fact]
    public void ReadAll_HandMadeArchive_GivesItsArraysAndPassesOverTheRest()
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.npz", HandMade.Zip(
            ZipEntry.Stored("b.npy", One),
            ZipEntry.Stored("readme.txt", [1, 2, 3]),
            ZipEntry.Stored("dir/", []),
            ZipEntry.Deflated("dir/a.npy", Two),
            ZipEntry.Stored("x.npy.npy", One)));

        IReadOnlyDictionary<string, StoredTensor> arrays = NpzFile.ReadAll(path);

        Assert.Equal(["b", "dir/a", "x.npy"], NpzFile.Names(path));
        Assert.Equal(3, arrays.Count);
        Assert.Equal([1d], arrays["b"].ToArray<double>());
        Assert.Equal([2d], NpzFile.Read(path, "dir/a").ToArray<double>());
        Refusal.Of(() => NpzFile.Read(path, "readme.txt"), "a.npz", "'readme.txt'", "'b', 'dir/a', 'x.npy'");
    }

    [Theory]
    [InlineData("../../escaped")]
    [InlineData("/tmp/normkit-escaped")]
    [InlineData("..\\escaped")]
    [InlineData("C:\\escaped")]
    [InlineData("")]
    public void Read_NameThatLooksLikeAPath_IsOnlyAName(string name)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.npz", HandMade.Zip(ZipEntry.Stored(name + ".npy", One)));

        Assert.Equal([name], NpzFile.Names(path));
        Assert.Equal([1d], NpzFile.Read(path, name).ToArray<double>());
        Assert.Equal(["a.npz"], directory.FileNames);
        Assert.False(File.Exists("/tmp/normkit-escaped.npy"));
    }

    [Fact]
    public void Read_EntryNamedTwice_IsRefused() =>
        Refuse("a", [ZipEntry.Stored("a.npy", One), ZipEntry.Stored("a.npy", Two)], "zip directory", "'a.npy' occurs twice");

    [Fact]
    public void Read_EntriesThatShareTheirBytes_AreRefused()
    {
        ZipEntry bomb = ZipEntry.Deflated("a.npy", HandMade.Npy("|u1", "(100000,)", new byte[100_000]));
        ZipEntry copy = bomb with { SharesBytes = true, DeclaredCompressed = 1000 };
        ZipEntry[] copies = [.. Enumerable.Range(0, 99).Select(i => copy with { Name = $"{i}.npy" })];

        Refuse("a", [bomb, .. copies], "claim more bytes than the file has");
    }

    [Fact]
    public void Read_WrongChecksum_IsRefused()
    {
        ZipEntry entry = ZipEntry.Stored("a.npy", One);

        Refuse("a", [entry with { Crc = entry.Crc ^ 1 }], ":a: zip entry: checksum", "damaged");
    }

    [Fact]
    public void Read_BitFlippedInTheData_IsRefused()
    {
        ZipEntry entry = ZipEntry.Stored("a.npy", One);
        byte[] damaged = [.. One];
        damaged[^1] ^= 0x10;

        Refuse("a", [entry with { Content = damaged }], "checksum");
    }

    [Fact]
    public void Read_ZipBombBehindASmallHeader_IsCutOffAtTheDeclaredEnd()
    {
        byte[] content = new byte[16 << 20];
        HandMade.Npy("<f4", "(3,)", []).CopyTo(content, 0);

        Refuse("a", [ZipEntry.Deflated("a.npy", content)], ":a: more bytes after the data");
    }

    /// <summary>300 MiB of zeros in some 300 KB: more than 100 to 1 and 256 MiB beyond.</summary>
    [Fact]
    public void Read_EntryThatExpandsBeyondTheLimits_IsRefusedUnlessTheCallerAllowsIt()
    {
        using TemporaryDirectory directory = new();
        string path = directory["bomb.npz"];
        const int count = 300 << 20;
        NpzFile.Write(path, [new("a", new StoredTensor(ElementType.UInt8, [count], new byte[count]))], compress: true);
        Assert.InRange(new FileInfo(path).Length, 1, 500_000);

        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (Action read in (Action[])[() => NpzFile.Read(path, "a"), () => NpzFile.ReadAll(path), () => TensorFile.Read(path)])
            Refusal.Of(read, "bomb.npz:a: data", $"of {count} bytes", "NpzLimits", "without compression");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 << 20);

        Assert.Equal(count, NpzFile.Read(path, "a", NpzLimits.None).Count);
        Assert.Equal(count, NpzFile.ReadAll(path, new NpzLimits { MaxRatio = 2000, FreeBytes = 0 })["a"].Count);
    }

    /// <summary>What is free is free once: the arrays of one call share it. What is not compressed needs none.</summary>
    [Fact]
    public void ReadAll_ArraysThatExpandTogether_ShareTheLimit()
    {
        using TemporaryDirectory directory = new();
        StoredTensor zeros = new(ElementType.UInt8, [100_000], new byte[100_000]);
        NpzFile.Write(directory["two.npz"], [new("a", zeros), new("b", zeros)], compress: true);
        NpzFile.Write(directory["stored.npz"], [new("a", zeros), new("b", zeros)]);
        NpzLimits tight = new() { MaxRatio = 1, FreeBytes = 150_000 };

        Assert.Equal(100_000, NpzFile.Read(directory["two.npz"], "b", tight).Count);
        Refusal.Of(() => NpzFile.ReadAll(directory["two.npz"], tight), "two.npz:b: data");
        Assert.Equal(2, NpzFile.ReadAll(directory["two.npz"], new NpzLimits { MaxRatio = 1, FreeBytes = 200_000 }).Count);
        Assert.Equal(2, NpzFile.ReadAll(directory["stored.npz"], new NpzLimits { MaxRatio = 1, FreeBytes = 0 }).Count);
    }

    [Fact]
    public void Read_EntryShorterThanItsHeaderDeclares_IsRefusedWithoutAllocatingIt()
    {
        byte[] content = HandMade.Npy("<f8", "(200000000,)", new byte[64]);
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.npz", HandMade.Zip(ZipEntry.Deflated("a.npy", content)));
        long before = GC.GetAllocatedBytesForCurrentThread();

        TensorFileException error = Assert.Throws<TensorFileException>(() => NpzFile.Read(path, "a", NpzLimits.None));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3 << 20);
        Assert.Contains("bad.npz:a: data", error.Message, StringComparison.Ordinal);
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, null)]
    [InlineData(5u, null)]
    [InlineData(0xFFFFFFF0u, null)]
    [InlineData(null, 1u)]
    [InlineData(null, 0u)]
    [InlineData(null, 0xFFFFFFF0u)]
    public void Read_LyingSizesInTheDirectory_GiveTheArrayOrARefusal(uint? declaredLength, uint? declaredCompressed)
    {
        foreach (ZipEntry honest in new[] { ZipEntry.Stored("a.npy", One), ZipEntry.Deflated("a.npy", One) })
            ArrayOrRefusal(honest with { DeclaredLength = declaredLength, DeclaredCompressed = declaredCompressed });
    }

    [Theory]
    [InlineData(long.MaxValue, 100)]
    [InlineData(100, long.MaxValue)]
    [InlineData(-1, -1)]
    [InlineData(long.MinValue, 10)]
    public void Read_LyingZip64Sizes_GiveTheArrayOrARefusal(long length, long compressed)
    {
        byte[] extra = [1, 0, 16, 0, .. BitConverter.GetBytes(length), .. BitConverter.GetBytes(compressed)];

        foreach (ZipEntry honest in new[] { ZipEntry.Stored("a.npy", One), ZipEntry.Deflated("a.npy", One) })
            ArrayOrRefusal(honest with { DeclaredLength = uint.MaxValue, DeclaredCompressed = uint.MaxValue, Extra = extra });
    }

    [Fact]
    public void Read_EncryptedEntry_IsRefused() =>
        Refuse("a", [ZipEntry.Stored("a.npy", One) with { Flags = 1 }], ":a: zip entry", "encrypted");

    [Fact]
    public void Read_UnknownCompression_IsRefused() =>
        Refuse("a", [ZipEntry.Stored("a.npy", One) with { Method = 99 }], "bad.npz", "compression");

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4 })]
    [InlineData(new byte[] { 0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 })]
    public void Names_NoZipArchive_IsRefused(byte[] file)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.npz", file);

        Refusal.Of(() => NpzFile.Names(path), path, "zip archive");
    }

    [Fact]
    public void Read_ArrayInsideThatIsBad_NamesArchiveArrayAndField() =>
        Refuse("w", [ZipEntry.Stored("w.npy", HandMade.Npy("|O", "(1,)", [1]))], "bad.npz:w: header, descr", "Python objects");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_Arrays_AreEntriesAsNumpyNamesThem(bool compress)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.npz"];
        StoredTensor tensor = StoredTensor.From<float>(new float[1000], [10, 100]);

        NpzFile.Write(path, [new("z", tensor), new("é/ü", StoredTensor.From<double>([0.5], []))], compress);

        using ZipArchive archive = ZipFile.OpenRead(path);
        Assert.Equal(["z.npy", "é/ü.npy"], archive.Entries.Select(entry => entry.FullName));
        ZipArchiveEntry first = archive.Entries[0];
        Assert.Equal(4128, first.Length);
        Assert.InRange(first.CompressedLength, compress ? 1 : 4128, compress ? 200 : 4128);
        Assert.Equal(1980, first.LastWriteTime.Year);
        using Stream content = first.Open();
        Assert.Equal(new float[1000], NpyFile.Read(content, "z").ToArray<float>());
    }

    [Fact]
    public void Write_TheSameTwice_GivesTheSameBytes()
    {
        using TemporaryDirectory directory = new();
        NpzFile.Write(directory["a.npz"], [new("x", StoredTensor.From<float>([1], [1]))]);
        NpzFile.Write(directory["b.npz"], [new("x", StoredTensor.From<float>([1], [1]))]);

        Assert.Equal(File.ReadAllBytes(directory["a.npz"]), File.ReadAllBytes(directory["b.npz"]));
    }

    [Fact]
    public void Write_BadNames_Throw()
    {
        using TemporaryDirectory directory = new();
        StoredTensor tensor = StoredTensor.From<float>([1], [1]);

        Assert.Throws<ArgumentException>("name", () => NpzFile.Write(directory["a.npz"], [new("x", tensor), new("x", tensor)]));
        Assert.Throws<ArgumentException>("name", () => NpzFile.Write(directory["a.npz"], [new("\ud800", tensor)]));
        Assert.Throws<ArgumentException>("tensors", () => NpzFile.Write(directory["a.npz"], [new("x", null!)]));
        Assert.Empty(directory.FileNames);
    }

    [Fact]
    public void Crc32_AnyLength_EqualsTheBitwiseDefinition()
    {
        byte[] bytes = new byte[100];
        new Random(3).NextBytes(bytes);

        Assert.Equal(0xCBF43926, Crc32.Append(0, "123456789"u8)); // the check value of the polynomial's catalogues
        for (int length = 0; length <= bytes.Length; length++)
        {
            uint inTwoParts = Crc32.Append(Crc32.Append(0, bytes.AsSpan(0, length / 3)), bytes.AsSpan(length / 3, length - (length / 3)));
            Assert.Equal(ZipEntry.BitwiseCrc(bytes.AsSpan(0, length)), inTwoParts);
        }
    }

    private static void ArrayOrRefusal(ZipEntry entry)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.npz", HandMade.Zip(entry));
        try
        {
            Assert.Equal([1d], NpzFile.Read(path, "a").ToArray<double>());
        }
        catch (TensorFileException error)
        {
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        }
    }

    private static void Refuse(string name, ZipEntry[] entries, params string[] fragments)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.npz", HandMade.Zip(entries));

        Refusal.Of(() => NpzFile.Read(path, name), fragments);
    }
}

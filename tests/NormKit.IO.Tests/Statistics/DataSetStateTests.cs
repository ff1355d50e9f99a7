using System.Buffers.Binary;

namespace NormKit.IO.Tests.Statistics;

/// <summary>The bytes of statistics of a data set.</summary>
public sealed class DataSetStateTests
{
    /// <summary>The state of 1 and -3 over everything, written out by the tables in docs/stats.md and docs/exact-moments.md.</summary>
    [Fact]
    public void ToArray_OfTwoNumbers_HasTheDocumentedBytes()
    {
        DataSetStatistics statistics = new();
        statistics.Moments.Add(0, [1f, float.NaN, -3f]);
        byte[] body = Convert.FromHexString(
            "4E4B5354" + "01" + "00" + "0000"               // NKST, version 1, over everything
            + "0100000000000000"                            // one entry
            + "4A000000"                                    // of 74 bytes
            + "4E4B584D" + "01000000" + "0200000000000000" + "0100000000000000" + "0000000000000000" + "0000000000000000"
            + "00000000000008C0" + "000000000000F03F" + "01000000" + "01000000" + "FF" + "01000000" + "01000000" + "05");
        Assert.Equal(Convert.ToHexString(Sealed(body)), Convert.ToHexString(statistics.ToArray()));
        DataSetStatistics indexed = new(1);
        indexed.Moments.Add(0, [1f, float.NaN, -3f]);
        body[5] = 1;
        Assert.Equal(Sealed(body), indexed.ToArray());
    }

    [Fact]
    public void FromArray_OfToArray_IsTheSame()
    {
        DataSetStatistics statistics = Three();
        DataSetStatistics read = DataSetStatistics.FromArray(statistics.ToArray());
        Assert.Equal((true, 3), (read.IsIndexed, read.Moments.Length));
        Assert.Equal(statistics.ToArray(), read.ToArray());
        Assert.Equal(0, read.Moments[2].Count);
    }

    [Fact]
    public void FromArray_EveryPrefixAndMore_IsRefused()
    {
        byte[] bytes = Three().ToArray();
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<FormatException>(() => DataSetStatistics.FromArray(bytes.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => DataSetStatistics.FromArray([.. bytes, 0]));
    }

    [Fact]
    public void FromArray_AnyOneByteChanged_IsRefused()
    {
        byte[] bytes = Three().ToArray();
        for (int i = 0; i < bytes.Length; i++)
        {
            for (int bit = 0; bit < 8; bit++)
            {
                bytes[i] ^= (byte)(1 << bit);
                Assert.Throws<FormatException>(() => DataSetStatistics.FromArray(bytes));
                bytes[i] ^= (byte)(1 << bit);
            }
        }
    }

    /// <summary>Bytes changed by someone who computes the checksum too: refused, or the bytes that would be written again.</summary>
    [Fact]
    public void FromArray_ChangedAndSealed_IsRefusedOrCanonical()
    {
        byte[] bytes = Three().ToArray();
        Random random = new(8);
        int read = 0;
        for (int trial = 0; trial < 4000; trial++)
        {
            byte[] changed = bytes[..^4];
            for (int i = random.Next(3); i >= 0; i--)
                changed[random.Next(changed.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : random.Next(4));
            changed = Sealed(random.Next(4) == 0 ? changed[..random.Next(changed.Length)] : changed);
            try
            {
                Assert.Equal(changed, DataSetStatistics.FromArray(changed).ToArray());
                read++;
            }
            catch (FormatException)
            {
            }
        }
        Assert.InRange(read, 1, 3999);
    }

    [Theory]
    [InlineData(0, 'P', "does not begin with \"NKST\"")]
    [InlineData(4, 2, "has version 2")]
    [InlineData(5, 2, "reserved")]
    [InlineData(5, 0, "claims 3 indices")]
    [InlineData(7, 1, "reserved")]
    [InlineData(8, 0, "claims 0 indices")]
    [InlineData(8, 2, "follow the last index")]
    [InlineData(8, 4, "index 3 claims")]
    [InlineData(9, 1, "claims 259 indices")]
    [InlineData(15, 0x80, "indices")]
    [InlineData(16, 9, "index 0: ExactMoments")]
    [InlineData(19, 0x7F, "index 0 claims")]
    [InlineData(24, 9, "index 0: ExactMoments")]
    public void FromArray_BrokenField_NamesIt(int at, byte value, string reason)
    {
        byte[] bytes = Three().ToArray()[..^4];
        bytes[at] = value;
        Assert.Contains(reason, Assert.Throws<FormatException>(() => DataSetStatistics.FromArray(Sealed(bytes))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OfSave_IsTheSame()
    {
        using TemporaryDirectory directory = new();
        Three().Save(directory["x.nks"]);
        Assert.Equal(Three().ToArray(), File.ReadAllBytes(directory["x.nks"]));
        Assert.Equal(Three().ToArray(), DataSetStatistics.Load(directory["x.nks"]).ToArray());
        Refusal.Of(() => DataSetStatistics.Load(directory["y.nks"]), "y.nks", "there is no such file");
        Refusal.Of(() => DataSetStatistics.Load(directory.Write("e.nks", [])), "e.nks", "is empty");
        Refusal.Of(() => DataSetStatistics.Load(directory.Write("t.nks", Three().ToArray()[..99])), "t.nks", "truncated");
        Refusal.Of(() => Three().Save(directory["no/x.nks"]), "its directory does not exist");
    }

    private static DataSetStatistics Three()
    {
        DataSetStatistics statistics = new(3);
        statistics.Moments.Add(0, [1.5, -2.25, 1e-300]);
        statistics.Moments.Add(1, [7f, float.PositiveInfinity]);
        return statistics;
    }

    private static byte[] Sealed(byte[] body)
    {
        byte[] bytes = [.. body, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(body.Length), ZipEntry.BitwiseCrc(body));
        return bytes;
    }
}

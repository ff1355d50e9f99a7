namespace NormKit.IO.Tests;

public class NpyFileRefusalTests
{
    [Theory]
    [InlineData("(3)", "shape", "(3,)")]
    [InlineData("3", "shape", "expected '('")]
    [InlineData("[3]", "shape", "expected '('")]
    [InlineData("(-1,)", "shape", "non-negative")]
    [InlineData("(2, -1)", "shape", "non-negative")]
    [InlineData("(+2,)", "shape", "non-negative")]
    [InlineData("(2*1,)", "shape", "found '*'")]
    [InlineData("(2 1,)", "shape", "expected ',' or ')'")]
    [InlineData("(1,,2)", "shape", "non-negative")]
    [InlineData("(,)", "shape", "non-negative")]
    [InlineData("(1.0,)", "shape", "found '.'")]
    [InlineData("(1e3,)", "shape", "found 'e'")]
    [InlineData("(0x10,)", "shape", "found 'x'")]
    [InlineData("(1_0,)", "shape", "found '_'")]
    [InlineData("(010,)", "shape", "begins with 0")]
    [InlineData("(True,)", "shape", "found 'T'")]
    [InlineData("('1',)", "shape", "non-negative")]
    [InlineData("(1LL,)", "shape", "found 'L'")]
    [InlineData("((1,),)", "shape", "found '('")]
    [InlineData("(9223372036854775808,)", "shape", "9223372036854775808")]
    [InlineData("(4294967296, 4294967296)", "shape [4294967296, 4294967296]", "larger than an array can be here")]
    [InlineData("(9223372036854775807, 2)", "shape", "larger than an array can be here")]
    [InlineData("(536870912,)", "shape", "larger than an array can be here")]
    [InlineData("(1000000,)", "data", "needs 4000000 bytes but only 4 follow")]
    [InlineData("(2,)", "data", "truncated")]
    public void Read_BadShape_IsRefused(string shape, string field, string rule) =>
        Refuse(HandMade.Npy("<f4", shape, new byte[4]), field, rule);

    [Theory]
    [InlineData("'|O'", "Python objects")]
    [InlineData("'<V2'", "bfloat16")]
    [InlineData("'|V2'", "--v2-as bfloat16")]
    [InlineData("'>V2'", "may be bfloat16")]
    [InlineData("'<g2'", "may be bfloat16")]
    [InlineData("'bfloat16'", "may be bfloat16")]
    [InlineData("'|V1'", "a float of 8 bits")]
    [InlineData("'float8_e4m3fn'", "a float of 8 bits")]
    [InlineData("'|V8'", "void")]
    [InlineData("'<U3'", "text")]
    [InlineData("'|S4'", "text")]
    [InlineData("'<M8[ns]'", "dates")]
    [InlineData("'<m8[s]'", "dates")]
    [InlineData("'<c8'", "complex")]
    [InlineData("'<f16'", "long double; save as float64")]
    [InlineData("'<f3'", "is not supported")]
    [InlineData("'=f4'", "'<' or '>'")]
    [InlineData("'|f4'", "'<' or '>'")]
    [InlineData("'f4'", "is not supported")]
    [InlineData("'float32'", "is not supported")]
    [InlineData("''", "no element type")]
    [InlineData("'<'", "no element type")]
    [InlineData("[('x', '<f4'), ('y', '<f4')]", "structured")]
    [InlineData("('<f4', (2,))", "a shape of their own")]
    [InlineData("None", "quoted string")]
    [InlineData("b'<f4'", "quoted string")]
    [InlineData("'<f4", "the string does not end")]
    public void Read_UnsupportedDescr_IsRefused(string descr, string rule) =>
        Refuse(HandMade.Npy($"{{\"fortran_order\": False, \"shape\": (1,), \"descr\": {descr}}}", new byte[4]), "descr", rule);

    // The byte is where the reader is: before what it does not expect, after what it has understood and cannot use.
    [Theory]
    [InlineData("", "dictionary, near byte 10: expected '{', found the end")]
    [InlineData("                ", "dictionary, near byte 26: expected '{', found the end")]
    [InlineData("[]", "dictionary, near byte 10: expected '{', found '['")]
    [InlineData("{}", "dictionary, near byte 12: the key 'descr' is missing")]
    [InlineData("{", "key, near byte 11: expected a quoted string, found the end")]
    [InlineData("{'descr': '<f4', 'shape': (1,)}", "dictionary, near byte 41: the key 'fortran_order' is missing")]
    [InlineData("{'descr': '<f4', 'fortran_order': False}", "dictionary, near byte 50: the key 'shape' is missing")]
    [InlineData("{'fortran_order': False, 'shape': (1,)}", "dictionary, near byte 49: the key 'descr' is missing")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "key, near byte 69: 'x' is unknown; a header has descr, fortran_order and shape")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", "key, near byte 79: 'shape' occurs twice")]
    [InlineData("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "key, near byte 41: 'descr' occurs twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': True, 'fortran_order': True, 'shape': (1,)}", "key, near byte 71: 'fortran_order' occurs twice")]
    [InlineData("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "fortran_order, near byte 44: expected True or False, found '0'")]
    [InlineData("{'descr': '<f4', 'fortran_order': not True, 'shape': (1,)}", "fortran_order, near byte 44: expected True or False, found 'n'")]
    [InlineData("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", "dictionary, near byte 26: expected ',' or '}', found '''")]
    [InlineData("{'descr' '<f4', 'fortran_order': False, 'shape': (1,)}", "descr, near byte 19: expected ':', found '''")]
    [InlineData("{'descr': '<f4', 'fortran_order' False, 'shape': (1,)}", "fortran_order, near byte 43: expected ':', found 'F'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape' (1,)}", "shape, near byte 59: expected ':', found '('")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", "dictionary, near byte 64: expected ',' or '}', found the end")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}}", "dictionary, near byte 65: expected only spaces after the dictionary, found '}'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} # note", "dictionary, near byte 66: expected only spaces after the dictionary, found '#'")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\0", "dictionary, near byte 65: expected only spaces after the dictionary")]
    [InlineData("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\u00E9", "dictionary, near byte 65: expected only spaces after the dictionary, found '\u00E9'")]
    [InlineData("{'d\\x65scr': '<f4', 'fortran_order': False, 'shape': (1,)}", "key, near byte 21: 'd\\x65scr' is unknown")]
    [InlineData("__import__('os').system('true')", "dictionary, near byte 10: expected '{', found '_'")]
    public void Read_BadDictionary_IsRefused(string header, string rule) => Refuse(HandMade.Npy(header, new byte[4]), $": header, {rule}");

    [Fact]
    public void Read_KeyWithLineBreak_StaysOnOneLine() =>
        Refuse(HandMade.Npy("{'a\nERROR: forged': 1}", []), "'a?ERROR: forged' is unknown");

    [Fact]
    public void Read_FiveThousandNestedParentheses_AreRefusedAtTheSecond() =>
        Refuse(HandMade.Npy($"{{'shape': {new string('(', 5000)}", []), "shape", "found '('");

    [Fact]
    public void Read_SixtyFiveDimensions_AreRefused() =>
        Refuse(HandMade.Npy("|u1", $"({string.Concat(Enumerable.Repeat("1,", 65))})", [7]), "shape", "more than 64 dimensions");

    [Theory]
    [InlineData(2, 0x80000000u)]
    [InlineData(2, uint.MaxValue)]
    [InlineData(3, 10_001u)]
    [InlineData(1, 10_001u)]
    public void Read_HugeHeaderLength_IsRefusedBeforeItIsRead(byte major, uint length) =>
        Refuse(HandMade.Npy(new string(' ', 20_000), [], major, headerLength: length), "header length", "exceeds 10000");

    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 0)]
    [InlineData(1, 1)]
    [InlineData(4, 0)]
    public void Read_UnknownVersion_IsRefused(byte major, byte minor) =>
        Refuse(HandMade.Npy("{}", [], major, minor), "byte 6", $"version {major}.{minor}");

    [Theory]
    [InlineData(new byte[0], "magic and version")]
    [InlineData(new byte[] { 0x93, 0x4E, 0x55 }, "magic and version")]
    [InlineData(new byte[] { 0x94, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0 }, "magic bytes")]
    [InlineData(new byte[] { 0x50, 0x4B, 3, 4, 0, 0, 0, 0 }, "magic bytes")]
    [InlineData(new byte[] { 0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 7 }, "header length")]
    [InlineData(new byte[] { 0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 7, 0, 0x7B }, "header at byte 10 needs 7 bytes")]
    public void Read_BadBeginning_IsRefused(byte[] file, string field) => Refuse(file, field);

    [Fact]
    public void Read_EveryTruncation_IsRefused()
    {
        byte[] whole = HandMade.Npy("<f4", "(3,)", new byte[12]);

        for (int length = 0; length < whole.Length; length++)
            Refuse(whole[..length], "needs");
    }

    [Fact]
    public void Read_BytesAfterTheData_AreRefused()
    {
        byte[] file = HandMade.Npy("<f4", "(3,)", new byte[15]);

        Refuse(file, ": 3 bytes after the data, which ends at byte 80;"); // 10 bytes, 58 of header, 12 of data
        using ForwardOnlyStream pipe = new(new MemoryStream(file));
        Refusal.Of(() => NpyFile.Read(pipe, "pipe"), "pipe: more bytes after the data, which ends at byte 80;");
    }

    [Fact]
    public void Read_DataThatLacksItsLastByte_IsRefusedBeforeItIsAllocated() =>
        Refuse(HandMade.Npy("|u1", "(1000000,)", new byte[999_999]), "needs 1000000 bytes but only 999999 follow");

    [Theory]
    [InlineData(10, null)]
    [InlineData(11, "x: data at byte 2 needs 11 bytes but only 10 follow; the file is truncated or damaged.")]
    [InlineData(9, "x: 1 bytes after the data, which ends at byte 11; the file is damaged.")]
    public void RequireRest_OtherThanWhatFollows_IsRefused(int count, string? message)
    {
        using MemoryStream stream = new(new byte[12]);
        ByteSource source = ByteSource.Of(stream, "x");
        source.Fill(new byte[2], "header");

        Assert.Equal(message, Record.Exception(() => source.RequireRest(count, "data"))?.Message);
    }

    [Theory]
    [InlineData(100)]
    [InlineData((1 << 20) + 100)] // more than is allocated at first
    public void Read_PipeThatDeclaresTwoGibibytes_AllocatesOnlyWhatArrives(int arriving)
    {
        using ForwardOnlyStream pipe = new(new MemoryStream(HandMade.Npy("|u1", "(2147483591,)", new byte[arriving])));
        long before = GC.GetAllocatedBytesForCurrentThread();

        TensorFileException error = Assert.Throws<TensorFileException>(() => NpyFile.Read(pipe, "pipe"));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
        Assert.Contains("truncated", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_PathThatCannotBeOpened_SaysWhyInOneLine()
    {
        using TemporaryDirectory directory = new();

        Refusal.Of(() => NpyFile.Read(directory["none.npy"]), "none.npy", "there is no such file");
        Refusal.Of(() => NpyFile.Read(directory["no/none.npy"]), "none.npy", "directory does not exist");
        Refusal.Of(() => NpyFile.Read(directory.Root), directory.Root, "it is a directory");
    }

    private static void Refuse(byte[] file, params string[] fragments)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("bad.npy", file);

        Refusal.Of(() => NpyFile.Read(path), [path, .. fragments]);
    }
}

using System.IO.Pipes;

namespace NormKit.IO.Tests;

public class TensorFileTests
{
    private static readonly StoredTensor One = StoredTensor.From<float>([1], [1]);
    private static readonly StoredTensor Two = StoredTensor.From<float>([2], [1]);

    [Theory]
    [InlineData("a.npy", "a.npy")]
    [InlineData("a.NPY", "a.NPY")]
    [InlineData("a.npz", "a.npz")]
    [InlineData("a.npz", "a.npz:arr_0")]
    [InlineData("a.safetensors", "a.safetensors")]
    [InlineData("a.safetensors", "a.safetensors:tensor")]
    [InlineData("b.npz:c.npy", "b.npz:c.npy")] // such a file exists: its colon is no separator
    [InlineData("x:y.npz", "x:y.npz")]
    [InlineData("x:y.npz", "x:y.npz:arr_0")]
    [InlineData("x.npz:y.npz", "x.npz:y.npz:arr_0")]
    public void Read_WhatWriteWrote_IsFound(string file, string location)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() && file.Contains(':', StringComparison.Ordinal), "Windows has no such file names");
        using TemporaryDirectory directory = new();

        TensorFile.Write(directory[file], One);

        Assert.Equal([1f], TensorFile.Read(directory[location]).ToArray<float>());
    }

    [Theory]
    [InlineData(".npz")]
    [InlineData(".safetensors")]
    public void Read_SeveralArrays_NeedsAName(string extension)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a" + extension];
        TensorFile.Write(path, [new("x", One), new("y.npz:z", Two)]);

        Assert.Equal([1f], TensorFile.Read(path + ":x").ToArray<float>());
        Assert.Equal([2f], TensorFile.Read(path + ":y.npz:z").ToArray<float>());
        Refusal.Of(() => TensorFile.Read(path), path, "holds 2 arrays", $"a{extension}:x of 'x', 'y.npz:z'.");
        Refusal.Of(() => TensorFile.Read(path + ":w"), path, "'w'", "'x', 'y.npz:z'.");
        Refusal.Of(() => TensorFile.Read(path + ":"), path, "''");
    }

    [Theory]
    [InlineData(".npz")]
    [InlineData(".safetensors")]
    public void Read_NoArrays_SaysSo(string extension)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a" + extension];
        TensorFile.Write(path, Array.Empty<KeyValuePair<string, StoredTensor>>());

        Refusal.Of(() => TensorFile.Read(path), path, "holds no array");
    }

    [Theory]
    [InlineData(20, "'n18', 'n19'.")]
    [InlineData(21, "'n19' and 1 more.")]
    [InlineData(100, "'n19' and 80 more.")]
    public void Read_ManyNames_ListsTwenty(int count, string end)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a.npz"];
        NpzFile.Write(path, Enumerable.Range(0, count).Select(i => KeyValuePair.Create($"n{i}", One)));

        TensorFileException error = Assert.Throws<TensorFileException>(() => TensorFile.Read(path));

        Assert.EndsWith(end, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(80, "")]
    [InlineData(81, "...")] // a file could have names of any length
    public void Read_LongName_ShowsEightyCharacters(int length, string more)
    {
        using TemporaryDirectory directory = new();
        TensorFile.Write(directory["a.npz"], One);

        Refusal.Of(() => TensorFile.Read(directory["a.npz:" + new string('n', length)]), $"no array is named '{new string('n', 80)}{more}';");
    }

    [Fact]
    public void Read_Pipe_ReadsNpyAndRefusesWhatNeedsAnEnd()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no paths of open pipes");
        using AnonymousPipeServerStream pipe = new(PipeDirection.In);
        using (AnonymousPipeClientStream writer = new(PipeDirection.Out, pipe.ClientSafePipeHandle))
            NpyFile.Write(writer, One);
        string path = $"/dev/fd/{pipe.SafePipeHandle.DangerousGetHandle()}";

        Refusal.Of(() => NpzFile.Names(path), $"{path}: is a pipe or device; a .npz file is read from its end and must be a regular file.");
        Refusal.Of(() => SafetensorsFile.Names(path), $"{path}: is a pipe or device; a .safetensors file must be a regular file.");
        Assert.Equal([1f], NpyFile.Read(path).ToArray<float>());
    }

    [Fact]
    public void Read_NameForANpyFile_IsRefused()
    {
        using TemporaryDirectory directory = new();
        TensorFile.Write(directory["a.npy"], One);

        Refusal.Of(() => TensorFile.Read(directory["a.npy:x"]), "a.npy", "without a name", "':x'");
    }

    [Theory]
    [InlineData("C:\\none\\x.npy", "C:\\none\\x.npy: cannot be read")]
    [InlineData("C:\\none\\x.npz:w", "C:\\none\\x.npz: cannot be read")]
    [InlineData("none.safetensors:a.npz:b", "none.safetensors: cannot be read")]
    [InlineData("none.npz", "none.npz: cannot be read")]
    [InlineData(":none.npz:a", ":none.npz: cannot be read")]
    public void Read_MissingFile_NamesThePathAlone(string location, string message) => Refusal.Of(() => TensorFile.Read(location), message);

    [Theory]
    [InlineData("a.txt")]
    [InlineData("a")]
    [InlineData("a.npy.gz")]
    [InlineData("C:\\a:b")]
    public void ReadAndWrite_UnknownExtension_NamesTheThree(string path)
    {
        Refusal.Of(() => TensorFile.Read(path), path, ".npy", ".npz", ".safetensors");
        Refusal.Of(() => TensorFile.Write(path, One), path, ".npy", ".npz", ".safetensors");
        Refusal.Of(() => TensorFile.Write(path, [new("x", One)]), path, ".npy", ".npz", ".safetensors");
    }

    [Fact]
    public void Write_SeveralArraysToNpy_IsRefused() =>
        Refusal.Of(() => TensorFile.Write("a.npy", [new("x", One)]), "a.npy", "one array", ".npz or .safetensors");

    [Fact]
    public void Write_OneTensor_HasTheDocumentedName()
    {
        using TemporaryDirectory directory = new();
        TensorFile.Write(directory["a.npz"], One);
        TensorFile.Write(directory["a.safetensors"], One);

        Assert.Equal(["arr_0"], NpzFile.Names(directory["a.npz"]));
        Assert.Equal(["tensor"], SafetensorsFile.Names(directory["a.safetensors"]));
    }
}

namespace NormKit.IO.Tests;

/// <summary>A write that fails leaves the old file whole and nothing else behind.</summary>
public class AtomicWriteTests
{
    private static readonly StoredTensor Tensor = StoredTensor.From<float>(new float[20_000], [20_000]);

    public static TheoryData<string> FileNames => ["a.npz", "a.safetensors"];

    [Theory, MemberData(nameof(FileNames))]
    public void Write_TensorsThatEndInAnError_LeaveTheOldFile(string file)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write(file, [1, 2, 3]);

        InvalidOperationException error = Assert.Throws<InvalidOperationException>(
            () => Write(path, Failing(new InvalidOperationException("mid-write"))));

        Assert.Equal("mid-write", error.Message);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Equal([file], directory.FileNames);
    }

    [Theory, MemberData(nameof(FileNames))]
    public void Write_ErrorOfTheDisk_NamesTheFile(string file)
    {
        using TemporaryDirectory directory = new();

        foreach ((Exception cause, string reason) in new (Exception, string)[] { (new IOException("disk full"), "disk full"), (new UnauthorizedAccessException(), "access is denied.") })
        {
            TensorFileException error = Assert.Throws<TensorFileException>(() => Write(directory[file], Failing(cause)));

            Assert.Equal($"{directory[file]}: cannot be written: {reason}", error.Message);
            Assert.Same(cause, error.InnerException);
        }

        Assert.Empty(directory.FileNames);
    }

    [Theory]
    [InlineData("a.npy")]
    [InlineData("a.npz")]
    [InlineData("a.safetensors")]
    public void Write_OverAnExistingFile_ReplacesIt(string file)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write(file, new byte[1_000_000]);

        TensorFile.Write(path, StoredTensor.From<float>([5], [1]));

        Assert.Equal([5f], TensorFile.Read(path).ToArray<float>());
        Assert.Equal([file], directory.FileNames);
    }

    [Theory]
    [InlineData("a.npy")]
    [InlineData("a.npz")]
    [InlineData("a.safetensors")]
    public void Write_TargetThatCannotBeReplaced_SaysWhyAndLeavesNothing(string file)
    {
        using TemporaryDirectory directory = new();
        Directory.CreateDirectory(directory[file]);

        Refusal.Of(() => TensorFile.Write(directory[file], Tensor), directory[file], "it is a directory");
        Refusal.Of(() => TensorFile.Write(directory["none/" + file], Tensor), file, "directory does not exist");

        Assert.Empty(directory.FileNames);
        Assert.Empty(Directory.GetFileSystemEntries(directory[file]));
    }

    [Fact]
    public void Write_RelativePath_IsBesideTheCaller()
    {
        string name = $"normkit-{Guid.NewGuid():N}.npy";
        try
        {
            TensorFile.Write(name, Tensor);

            Assert.True(File.Exists(Path.Combine(Environment.CurrentDirectory, name)));
        }
        finally
        {
            File.Delete(name);
        }
    }

    [Fact]
    public void Write_ThroughLinks_ReplacesWhatTheyPointTo()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows lets few users make links");
        using TemporaryDirectory directory = new();
        string target = directory.Write("target.npy", [1]);
        File.CreateSymbolicLink(directory["link.npy"], target);
        File.CreateSymbolicLink(directory["to-link.npy"], directory["link.npy"]);

        TensorFile.Write(directory["to-link.npy"], Tensor);

        Assert.Equal(20_000, NpyFile.Read(target).Count);
        Assert.Equal(target, new FileInfo(directory["link.npy"]).LinkTarget);
        Assert.Equal(["link.npy", "target.npy", "to-link.npy"], directory.FileNames);
    }

    [Theory]
    [InlineData("a.npy")]
    [InlineData("a.npz")]
    [InlineData("a.safetensors")]
    public void Write_OverAnExistingFile_KeepsItsMode(string file)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes");
            return;
        }
        using TemporaryDirectory directory = new();
        string path = directory.Write(file, [1]);
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(path, mode);

        TensorFile.Write(path, Tensor);

        Assert.Equal(mode, File.GetUnixFileMode(path));
        Assert.Equal(20_000, TensorFile.Read(path).Count);
    }

    private static void Write(string path, IEnumerable<KeyValuePair<string, StoredTensor>> tensors)
    {
        if (path.EndsWith(".npz", StringComparison.Ordinal))
            NpzFile.Write(path, tensors);
        else
            SafetensorsFile.Write(path, tensors);
    }

    private static IEnumerable<KeyValuePair<string, StoredTensor>> Failing(Exception error)
    {
        yield return new("first", Tensor);
        throw error;
    }
}

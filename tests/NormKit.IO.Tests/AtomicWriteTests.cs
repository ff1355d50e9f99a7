using System.Diagnostics;

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

    /// <summary>A reader at the other end of a pipe gets the file's bytes, and the pipe stays one.</summary>
    [Theory]
    [InlineData("a.npy")]
    [InlineData("a.npz")]
    [InlineData("a.safetensors")]
    public async Task Write_ToAPipe_SendsTheFile(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes among its files");
        using TemporaryDirectory directory = new();
        Shell("mkfifo", directory[file]);
        Task<byte[]> reader = Task.Run(() => File.ReadAllBytes(directory[file]), TestContext.Current.CancellationToken);

        TensorFile.Write(directory[file], Tensor);

        byte[] sent = await reader.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Equal(20_000, TensorFile.Read(directory.Write("read-" + file, sent)).Count);
        Shell("test", "-p", directory[file]);
        Assert.Equal(2, directory.FileNames.Length);
    }

    [Fact]
    public void Write_ToADevice_LeavesTheDevice()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the numbers of devices are Linux's");
        using TemporaryDirectory directory = new();
        Assert.SkipUnless(IsDone("mknod", directory["null.npy"], "c", "1", "3") && CanBeOpened(directory["null.npy"]), "only root may make devices");

        NpyFile.Write(directory["null.npy"], Tensor);

        Shell("test", "-c", directory["null.npy"]);
        Assert.Equal(["null.npy"], directory.FileNames);

        static bool CanBeOpened(string device) => Record.Exception(() => File.OpenWrite(device).Dispose()) is null;
    }

    [Theory]
    [InlineData("a.npy")]
    [InlineData("a.npz")]
    [InlineData("a.safetensors")]
    public void Write_OverAFileOfTwoNames_ChangesBoth(string file)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "names of a file are counted on Linux and macOS only");
        using TemporaryDirectory directory = new();
        string path = directory.Write(file, new byte[1_000_000]);
        Shell("ln", path, directory["b" + Path.GetExtension(file)]);

        TensorFile.Write(path, Tensor);

        Assert.Equal(20_000, TensorFile.Read(path).Count);
        Assert.Equal(File.ReadAllBytes(path), File.ReadAllBytes(directory["b" + Path.GetExtension(file)]));
        Assert.Equal(2, directory.FileNames.Length);
    }

    [Fact]
    public void Write_OverAFileOfAnotherUser_KeepsItsOwner()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such owners");
        using TemporaryDirectory directory = new();
        string path = directory.Write("a.npy", [1]);
        Assert.SkipUnless(IsDone("chown", "12345:23456", path), "only root may give files away");

        TensorFile.Write(path, Tensor);

        Assert.Equal("12345:23456", Shell("stat", OperatingSystem.IsMacOS() ? "-f" : "-c", "%u:%g", path).Trim());
        Assert.Equal(20_000, TensorFile.Read(path).Count);
    }

    private static bool IsDone(string program, params string[] arguments) => Run(program, arguments).ExitCode == 0;

    private static string Shell(string program, params string[] arguments)
    {
        (int exitCode, string output) = Run(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: {output}");
        return output;
    }

    private static (int ExitCode, string Output) Run(string program, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
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

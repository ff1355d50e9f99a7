using System.Diagnostics;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli.Tests;

public sealed class OutputFilesTests
{
    private static readonly StoredTensor Array = StoredTensor.From<double>([1, 2, 3], [3], ElementType.Float64);

    [Fact]
    public void Declare_SameFileThroughALinkedDirectory_IsRefused()
    {
        using Workplace work = new();
        Directory.CreateDirectory(work["dd"]);
        Directory.CreateDirectory(work["up"]);
        Directory.CreateSymbolicLink(work["de"], "dd");
        Directory.CreateSymbolicLink(work["far"], work["up/../de"]);
        foreach (string other in (string[])["de/a.npy", "far/a.npy", "./dd//a.npy"])
        {
            using OutputFiles files = new();
            files.Declare("-o", work["dd/a.npy"], ElementType.Float64);
            UsageException error = Assert.Throws<UsageException>(() => files.Declare("--other", work[other], ElementType.Float64));
            Assert.StartsWith("--other and -o both name", error.Message, StringComparison.Ordinal);
        }
        using OutputFiles different = new();
        different.Declare("-o", work["dd/a.npy"], ElementType.Float64);
        different.Declare("--other", work["de/b.npy"], ElementType.Float64);
    }

    [Fact]
    public void Declare_OtherCase_IsTheSameFileWhereTheSystemSaysSo()
    {
        using Workplace work = new();
        using OutputFiles files = new();
        files.Declare("-o", work["a.npy"], ElementType.Float64);
        Exception? error = Record.Exception(() => files.Declare("--other", work["A.npy"], ElementType.Float64));
        Assert.Equal(OperatingSystem.IsWindows() || OperatingSystem.IsMacOS(), error is UsageException);
    }

    [Fact]
    public void Declare_LinksInACircle_IsRefused()
    {
        using Workplace work = new();
        Directory.CreateSymbolicLink(work["a"], work["b"]);
        Directory.CreateSymbolicLink(work["b"], work["a"]);
        using OutputFiles files = new();
        Assert.Contains(
            "links lead in a circle", Assert.Throws<UsageException>(() => files.Declare("-o", work["a/x.npy"], ElementType.Float64)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Commit_ExistingFile_KeepsItsMode()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no modes.");
            return;
        }
        using Workplace work = new();
        File.WriteAllText(work["a.npy"], "old");
        const UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite;
        File.SetUnixFileMode(work["a.npy"], mode);
        using (OutputFiles files = new())
        {
            files.Declare("-o", work["a.npy"], ElementType.Float64);
            files.Write(work["a.npy"], Array);
            files.Commit();
        }
        Assert.Equal(mode, File.GetUnixFileMode(work["a.npy"]));
        Assert.Equal([1, 2, 3], Workplace.Read(work["a.npy"]));
        Assert.Equal(["a.npy"], work.Files);
    }

    [Fact]
    public void Commit_SeveralFiles_ReplacesOldAndMakesNew()
    {
        using Workplace work = new();
        File.WriteAllText(work["a.npy"], "old");
        using (OutputFiles files = new())
        {
            files.Declare("-o", work["a.npy"], ElementType.Float64);
            files.Declare("--other", work["b.npz"], ElementType.Float64);
            files.Write(work["a.npy"], Array);
            files.Write(work["b.npz"], Array);
            Assert.Equal("old", File.ReadAllText(work["a.npy"]));
            files.Commit();
        }
        Assert.Equal(["a.npy", "b.npz"], work.Files);
        Assert.Equal([1, 2, 3], Workplace.Read(work["a.npy"]));
        Assert.Equal([1, 2, 3], Workplace.Read(work["b.npz:arr_0"]));
    }

    [Fact]
    public void Dispose_NotCommitted_LeavesEverythingAsItWas()
    {
        using Workplace work = new();
        File.WriteAllText(work["a.npy"], "old");
        using (OutputFiles files = new())
        {
            files.Declare("-o", work["a.npy"], ElementType.Float64);
            files.Declare("--other", work["b.npy"], ElementType.Float64);
            files.Write(work["a.npy"], Array);
            files.Write(work["b.npy"], Array);
            Assert.Equal(3, work.Files.Length);
        }
        Assert.Equal(["a.npy"], work.Files);
        Assert.Equal("old", File.ReadAllText(work["a.npy"]));
    }

    [Fact]
    public void Commit_LastRenameFails_TakesBackTheOthers()
    {
        using Workplace work = new();
        File.WriteAllText(work["a.npy"], "old");
        using (OutputFiles files = new())
        {
            foreach (string name in (string[])["a.npy", "b.npy", "c.npy"])
            {
                files.Declare(name, work[name], ElementType.Float64);
                files.Write(work[name], Array);
            }

            // Someone makes a directory of that name meanwhile.
            Directory.CreateDirectory(work["c.npy"]);
            UsageException error = Assert.Throws<UsageException>(files.Commit);
            Assert.Contains("c.npy: cannot be written", error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(["a.npy", "c.npy"], work.Files);
        Assert.Equal("old", File.ReadAllText(work["a.npy"]));
    }

    /// <summary>A reader at the other end of a pipe gets the array, and the pipe stays one; also of an array that is mapped while it is computed.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Commit_Pipe_SendsTheArray(bool isMapped)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes among its files.");
        using Workplace work = new();
        Shell("mkfifo", work["a.npy"]);
        Task<byte[]> reader = Task.Run(() => File.ReadAllBytes(work["a.npy"]), TestContext.Current.CancellationToken);
        using (OutputFiles files = new())
        {
            files.Declare("-o", work["a.npy"], ElementType.Float64);
            if (isMapped)
                files.WriteMapped(work["a.npy"], ElementType.Float64, [3], array => Tensor.Create([1.0, 2, 3]).CopyTo(array.View<double>(new ArrayOrder(ChannelsLast: false))));
            else
                files.Write(work["a.npy"], Array);
            files.Commit();
        }
        File.WriteAllBytes(work["read.npy"], await reader.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        Assert.Equal([1, 2, 3], Workplace.Read(work["read.npy"]));
        Shell("test", "-p", work["a.npy"]);
        Assert.Equal(["a.npy", "read.npy"], work.Files);
    }

    /// <summary>Both names lead to the new array, or, where a later file cannot be written, to the old one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Commit_FileOfTwoNames_ChangesBothOrNone(bool fails)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Names of a file are counted on Linux and macOS only.");
        using Workplace work = new();
        File.WriteAllText(work["a.npy"], "old, and longer than the new file will be" + new string('.', 1000));
        string old = File.ReadAllText(work["a.npy"]);
        Shell("ln", work["a.npy"], work["other.npy"]);
        using (OutputFiles files = new())
        {
            foreach (string name in (string[])["a.npy", "b.npy"])
            {
                files.Declare(name, work[name], ElementType.Float64);
                files.Write(work[name], Array);
            }
            if (fails)
            {
                Directory.CreateDirectory(work["b.npy"]);
                Assert.Throws<UsageException>(files.Commit);
            }
            else
            {
                files.Commit();
            }
        }
        Assert.Equal(File.ReadAllBytes(work["a.npy"]), File.ReadAllBytes(work["other.npy"]));
        if (fails)
            Assert.Equal(old, File.ReadAllText(work["a.npy"]));
        else
            Assert.Equal([1, 2, 3], Workplace.Read(work["other.npy"]));
        Assert.Equal(["a.npy", "b.npy", "other.npy"], work.Files);
    }

    private static void Shell(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void Commit_Link_KeepsTheLink()
    {
        using Workplace work = new();
        File.WriteAllText(work["real.npy"], "old");
        File.CreateSymbolicLink(work["link.npy"], work["real.npy"]);
        using OutputFiles files = new();
        files.Declare("-o", work["link.npy"], ElementType.Float64);
        files.Write(work["link.npy"], Array);
        files.Commit();
        Assert.Equal(work["real.npy"], new FileInfo(work["link.npy"]).LinkTarget);
        Assert.Equal([1, 2, 3], Workplace.Read(work["real.npy"]));
    }
}

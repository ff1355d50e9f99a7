using NormKit.IO;

namespace NormKit.Cli.Tests;

/// <summary>A directory of its own for a test, and the tool run in this process on files there.</summary>
internal sealed class Workplace : IDisposable
{
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("normkit-cli-").FullName;

    public string this[string name] => Path.Combine(Directory, name);

    public string[] Files => [.. System.IO.Directory.GetFileSystemEntries(Directory).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>Writes an array and returns its path.</summary>
    public string Array(string name, double[] values, nint[] shape, ElementType type = ElementType.Float32)
    {
        TensorFile.Write(this[name], StoredTensor.From<double>(values, shape, type));
        return this[name];
    }

    public static ToolResult Run(params string[] args) => Run(CancellationToken.None, args);

    public static ToolResult Run(CancellationToken stop, params string[] args)
    {
        using StringWriter output = new() { NewLine = "\n" }, error = new() { NewLine = "\n" };
        int exitCode = Tool.Run(args, new ToolOutput(output, error), stop);
        return new(exitCode, output.ToString(), error.ToString());
    }

    /// <summary>Runs a call that must succeed in silence.</summary>
    public static void Succeed(params string[] args)
    {
        ToolResult result = Run(args);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Out, result.Error));
    }

    public static double[] Read(string location) => TensorFile.Read(location).ToArray<double>();

    public void Dispose() => System.IO.Directory.Delete(Directory, recursive: true);
}

/// <summary>What a run of the tool left.</summary>
internal sealed record ToolResult(int ExitCode, string Out, string Error)
{
    /// <summary>Asserts a refusal: exit code 2, nothing on standard output, and one line on standard error.</summary>
    /// <returns>The line.</returns>
    public string Refusal()
    {
        Assert.Equal((2, ""), (ExitCode, Out));
        Assert.StartsWith("normkit: ", Error, StringComparison.Ordinal);
        Assert.Equal(1, Error.Count(c => c == '\n'));
        Assert.EndsWith("\n", Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return Error.TrimEnd('\n');
    }
}

using System.Diagnostics;
using System.Text.Json;

namespace NormKit.Cli.Tests;

/// <summary>The tool as a process of its own: what only the border to the system shows.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task Process_Compare_PipesPlainTextAndExits0()
    {
        ToolResult result = await Run("compare", "--shape", "4,8,5,3");
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.DoesNotContain('\u001b', result.Out);
        Assert.Contains("arXiv:1803.08494", result.Out, StringComparison.Ordinal);
        Assert.All(result.Out.Split('\n'), line => Assert.InRange(line.Length, 0, 100));
        Assert.Equal(Workplace.Run("compare", "--shape", "4,8,5,3").Out, result.Out.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task Process_Json_IsOneObject()
    {
        ToolResult result = await Run("compare", "--shape", "4,6", "--json");
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(result.Out).RootElement.ValueKind);
        Assert.Contains("normkit: note: instance norm is left out", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("comapre")]
    [InlineData("compare --eps x")]
    [InlineData("apply batch-norm missing.npy -o y.npy")]
    public async Task Process_Refused_Exits2WithOneLine(string line)
    {
        ToolResult result = await Run(line.Split(' '));
        (result with { Error = result.Error.ReplaceLineEndings("\n") }).Refusal();
    }

    [Fact]
    public async Task Process_Apply_RunsFromAnotherCulture()
    {
        using Workplace work = new();
        work.Array("x.npy", Near.Random(12, 81), [3, 4]);
        ToolResult result = await Run("apply", "layer-norm", work["x.npy"], "-o", work["y.npy"], "--eps", "0.5");
        Assert.Equal((0, "", ""), (result.ExitCode, result.Out, result.Error));
        Near.Equal(new Reference("layer-norm", [3, 4]).Forward(Workplace.Read(work["x.npy"]), null, null, 0.5), Workplace.Read(work["y.npy"]), Near.Float);
    }

    [Fact]
    public async Task Process_FullDevice_IsRefusedInOneLine()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full on this system.");
        using Process process = Start("/bin/sh", "-c", $"'{Host}' '{Assembly}' compare --shape 4,6 > /dev/full");
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, process.ExitCode);
        Assert.Matches("^normkit: standard output cannot be written: [^\n]+\n$", error);
    }

    [Theory]
    [InlineData("-INT")]
    [InlineData("-TERM")]
    public async Task Process_Interrupted_Exits130WithoutFiles(string signal)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Signals are sent with kill.");
        using Workplace work = new();
        Assert.SkipWhen(signal == "-INT" && IgnoresInterrupts(), "SIGINT is ignored here, as in a background job, and so it is in what this process starts.");
        using Process process = Start(Host, Assembly, "compare", "--shape", "16,64,96,96");

        // Processor time, not time on the clock: it tells of work done however loaded the machine is. Starting takes less than this.
        Stopwatch waited = Stopwatch.StartNew();
        while (!process.HasExited && process.TotalProcessorTime < TimeSpan.FromSeconds(0.7) && waited.Elapsed < TimeSpan.FromMinutes(2))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
            process.Refresh();
        }
        Assert.False(process.HasExited, "The run was over before it could be interrupted.");
        using (Process kill = Start("kill", signal, $"{process.Id}"))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((130, ""), (process.ExitCode, output));
    }

    [Fact]
    public async Task Process_Lab_ServesUntilInterruptedAndExits0()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() || OperatingSystem.IsMacOS(), "Signals are sent with kill.");
        using Workplace work = new();
        await File.WriteAllTextAsync(work["index.html"], "page", TestContext.Current.CancellationToken);
        using Process process = Start(Host, [Assembly, "lab", "--no-browser"], ("NORMKIT_LAB", work.Directory));
        string address = (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!["The lab is at ".Length..];
        using HttpClient client = new();
        Assert.Equal("page", await client.GetStringAsync(address, TestContext.Current.CancellationToken));
        using (Process kill = Start("kill", IgnoresInterrupts() ? "-TERM" : "-INT", $"{process.Id}"))
            await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, ""), (process.ExitCode, error));
    }

    [Fact]
    public async Task Process_LabThatIsNotThere_IsRefusedInOneLine()
    {
        using Workplace work = new();
        using Process process = Start(Host, [Assembly, "lab", "--no-browser"], ("NORMKIT_LAB", work.Directory));
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains(work.Directory, new ToolResult(process.ExitCode, output, error.ReplaceLineEndings("\n")).Refusal(), StringComparison.Ordinal);
    }

    /// <summary>Bit 2 of the mask of ignored signals, which Linux shows.</summary>
    private static bool IgnoresInterrupts() => File.Exists("/proc/self/status")
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is string mask
        && (Convert.ToUInt64(mask["SigIgn:".Length..].Trim(), 16) & 0x2) != 0;

    private static string Host => Environment.ProcessPath is string path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private static string Assembly => typeof(Tool).Assembly.Location;

    private static Process Start(string program, params string[] args) => Start(program, args, []);

    private static Process Start(string program, string[] args, params (string Name, string Value)[] environment)
    {
        ProcessStartInfo start = new(program, args) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "de_DE.UTF-8";
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "0";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static async Task<ToolResult> Run(params string[] args)
    {
        using Process process = Start(Host, [Assembly, .. args]);
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(process.ExitCode, await output, error);
    }
}

using System.Diagnostics;
using System.Text;

namespace NormKit.Mpi.Tests;

/// <summary>The program of a rank, started by a launcher.</summary>
internal static class MpiRun
{
    public const string OpenMpi = "mpirun.openmpi", Mpich = "mpirun.mpich";

    private static string Program => Path.Combine(AppContext.BaseDirectory, "Rank.dll");

    /// <summary>Runs it and returns the exit code and all that it printed; skips the test where there is no such launcher.</summary>
    /// <param name="launcher">The launcher; none to start the program alone.</param>
    /// <param name="ranks">How many processes.</param>
    /// <param name="options">More options of the launcher.</param>
    /// <param name="arguments">Those of the program.</param>
    /// <param name="environment">Variables that are set in it, "name=value".</param>
    public static (int Code, string Output) Start(string? launcher, int ranks, string[] options, string[] arguments, params string[] environment)
    {
        Assert.SkipUnless(launcher is null || IsInstalled(launcher), $"{launcher} is not installed: apt-get install openmpi-bin mpich");
        ProcessStartInfo start = new(launcher ?? "dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        if (launcher is not null)
        {
            foreach (string argument in (string[])["-n", $"{ranks}", .. options, "dotnet"])
                start.ArgumentList.Add(argument);
        }
        foreach (string argument in (string[])[Program, .. arguments])
            start.ArgumentList.Add(argument);
        // More ranks than cores, and in a container as root.
        foreach (string variable in (string[])["OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1", "TERM=dumb", .. environment])
        {
            string[] pair = variable.Split('=', 2);
            start.Environment[pair[0]] = pair[1];
        }
        using Process process = Process.Start(start)!;
        StringBuilder output = new();
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(TimeSpan.FromSeconds(100)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{launcher} with {ranks} ranks, {string.Join(' ', arguments)}: not done after 100 s.\n{output}");
        }
        process.WaitForExit();
        return (process.ExitCode, output.ToString());

        void Note(object sender, DataReceivedEventArgs line)
        {
            lock (output)
                output.AppendLine(line.Data);
        }
    }

    private static bool IsInstalled(string launcher) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, launcher)));
}

using System.Diagnostics;
using System.Globalization;

namespace NormKit.Cli.Tests;

/// <summary>The sample that repeats the notebook's four cells runs, and its figures are those of the arithmetic.</summary>
public sealed class NotebookTests
{
    /// <summary>
    /// A standardized uniform variable has a mean magnitude of sqrt(3) / 2, and dividing by n - 1 in place of n scales it by sqrt((n - 1) / n). Each of
    /// the 32,768 rows of 64 then lies 8 * sqrt(1 + ...) away, with the distance's own eps of 1e-6 added to each difference.
    /// </summary>
    [Fact]
    public void Sample_OfTheFourCells_PrintsTheFiguresOfTheArithmetic()
    {
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "samples", "notebook.cs")))
            root = Path.GetDirectoryName(root);
        Assert.SkipWhen(root is null, "The samples are not here.");
        (int exitCode, string output) = Run(root!, []);
        Assert.True(exitCode == 0, output);

        double[] figures = [.. output.Split('\n').Where(line => line.TrimStart().StartsWith("sum ", StringComparison.Ordinal))
            .Select(line => double.Parse(line.Split(':')[1].Split("notebook", StringSplitOptions.TrimEntries)[0], CultureInfo.InvariantCulture))];
        Assert.Equal(8, figures.Length);
        int[] elementsOfASet = [16 * 64 * 64, 32 * 64 * 64, 64 * 64, 4 * 64 * 64];
        for (int cell = 0; cell < 4; cell++)
        {
            double share = 1 - Math.Sqrt(1 - (1.0 / elementsOfASet[cell]));
            // Some is lost to float32: a share of 4e-6 is some thirty units in the last place.
            Within(0.02, 16 * 32 * 64 * 64 * Math.Sqrt(3) / 2 * share, figures[2 * cell]);
            Within(0.02, 32_768 * 8 * Math.Sqrt((share * share) + 1e-12), figures[(2 * cell) + 1]);
        }

        // What the notebook printed, from other random numbers; its last distance is that of the wrong pair, which the sample says.
        double[] printed = [13.8286, 2.0101, 6.9151, 1.0266, 221.6718, 31.9452, 55.4126];
        for (int i = 0; i < printed.Length; i++)
            Within(0.02, printed[i], figures[i]);
        Assert.Contains("pdist(gn, gn_)", output, StringComparison.Ordinal);

        static void Within(double tolerance, double expected, double actual) => Assert.InRange(actual / expected, 1 - tolerance, 1 + tolerance);
    }

    private static (int ExitCode, string Output) Run(string root, string[] cells)
    {
        string configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        ProcessStartInfo start = new("dotnet", ["run", "-c", configuration, Path.Combine("samples", "notebook.cs"), "--", .. cells])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = root,
        };
        using Process run = Process.Start(start)!;
        Task<string> errors = run.StandardError.ReadToEndAsync();
        string output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        return (run.ExitCode, output + errors.Result);
    }
}

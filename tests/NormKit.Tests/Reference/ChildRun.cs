using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NormKit.Tests.Reference;

/// <summary>The test executable started again with a variable set, which makes it answer a question and end before any test runner begins.</summary>
internal sealed record ChildRun(int ExitCode, string Output, string Errors)
{
    /// <param name="variable">What the child is asked by.</param>
    /// <param name="value">And with which argument.</param>
    /// <param name="environment">What else is set there.</param>
    public static ChildRun Of(string variable, string value, params ReadOnlySpan<(string Knob, string Value)> environment)
    {
        string host = Environment.ProcessPath!;
        bool isDotnet = Path.GetFileNameWithoutExtension(host).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        ProcessStartInfo start = new(host) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (isDotnet)
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(typeof(ChildRun).Assembly.Location);
        }
        // A suite that runs on a tier of its own does not hand it on.
        foreach (string inherited in start.Environment.Keys.Where(k => k.StartsWith("DOTNET_Enable", StringComparison.Ordinal) || k.StartsWith("DOTNET_Tiered", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(inherited);
        start.Environment[variable] = value;
        foreach ((string knob, string setting) in environment)
            start.Environment[knob] = setting;
        using Process child = Process.Start(start)!;
        Task<string> errors = child.StandardError.ReadToEndAsync();
        string output = child.StandardOutput.ReadToEnd();
        child.WaitForExit();
        return new(child.ExitCode, output, errors.Result);
    }

    public override string ToString() => $"The child ended with {ExitCode} and said: {Output}{Errors} ({RuntimeInformation.ProcessArchitecture})";
}

using System.Runtime.InteropServices.JavaScript;

namespace NormKit.Lab;

/// <summary>What the page can ask of dropped files. The page loads the assemblies that <see cref="DroppedFiles"/> needs when it first asks, so no member here names
/// their types.</summary>
internal static partial class Dropped
{
    [JSExport]
    internal static string Open(string name, byte[] content) => DroppedFiles.Open(name, content);

    [JSExport]
    internal static string Example() => DroppedFiles.Example();

    [JSExport]
    internal static string Diagnose(string input, string output, string weight, string bias, string runningMean, string runningVar) =>
        DroppedFiles.Diagnose(input, output, weight, bias, runningMean, runningVar);
}

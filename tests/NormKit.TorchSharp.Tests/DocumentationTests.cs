using System.Runtime.CompilerServices;

namespace NormKit.TorchSharp.Tests;

public class DocumentationTests
{
    [Fact]
    public void QuickStart_OfTheDocumentation_IsTheSample()
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "../.."));
        string page = File.ReadAllText(Path.Combine(root, "docs/torchsharp.md")).ReplaceLineEndings("\n");
        string sample = File.ReadAllText(Path.Combine(root, "samples/TorchQuickStart/Program.cs")).ReplaceLineEndings("\n");
        string[] parts = [.. sample.Split("// <docs>\n").Skip(1).Select(part => part.Split("// </docs>")[0])];
        Assert.Contains("```csharp\n" + string.Concat(parts) + "```", page, StringComparison.Ordinal);
    }

    private static string Here([CallerFilePath] string path = "") => path;
}

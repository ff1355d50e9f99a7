namespace NormKit.TorchSharp.Tests;

public class DocumentationTests
{
    [Fact]
    public void QuickStart_OfTheDocumentation_IsTheSample()
    {
        string page = Read("torchsharp.md"), sample = Read("Program.cs");
        string[] parts = [.. sample.Split("// <docs>\n").Skip(1).Select(part => part.Split("// </docs>")[0])];
        Assert.NotEmpty(parts);
        Assert.Contains("```csharp\n" + string.Concat(parts) + "```", page, StringComparison.Ordinal);
    }

    private static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, file)).ReplaceLineEndings("\n");
}

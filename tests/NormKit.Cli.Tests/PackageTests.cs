using System.Diagnostics;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace NormKit.Cli.Tests;

/// <summary>What is inside the packages: these files and no other, README and licence among them, and assemblies that the same source makes again.</summary>
public sealed class PackageTests : IClassFixture<PackageTests.Packages>
{
    private readonly Packages packages;

    public PackageTests(Packages packages) => this.packages = packages;

    [Theory]
    [InlineData("NormKit", "System.Numerics.Tensors")]
    [InlineData("NormKit.IO", "NormKit System.Numerics.Tensors")]
    [InlineData("NormKit.Diagnosis", "NormKit")]
    [InlineData("NormKit.Mpi", "NormKit")]
    public void Package_OfALibrary_HoldsItsFilesAndNoOther(string id, string dependencies)
    {
        using ZipArchive package = packages.Open(id, ".nupkg"), symbols = packages.Open(id, ".snupkg");
        Assert.Equal(["LICENSE", $"{id}.nuspec", "README.md", $"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"], Contents(package));
        Assert.Equal([$"{id}.nuspec", $"lib/net10.0/{id}.pdb"], Contents(symbols));
        XElement[] metadata = [.. Nuspec(package).Descendants()];
        Assert.Equal("MIT", Value("license"));
        Assert.Equal("README.md", Value("readme"));
        Assert.NotEmpty(Value("description"));
        Assert.Equal(dependencies.Split(' '), metadata.Where(e => e.Name.LocalName == "dependency").Select(e => e.Attribute("id")!.Value).Order(StringComparer.Ordinal));

        string Value(string name) => metadata.Single(e => e.Name.LocalName == name).Value;
    }

    [Fact]
    public void Package_OfTheTool_HoldsTheToolAndWhatItNeeds()
    {
        using ZipArchive package = packages.Open("NormKit.Cli", ".nupkg");
        string[] contents = [.. Contents(package).Select(f => f.StartsWith("tools/", StringComparison.Ordinal) ? Path.GetFileName(f) : f)];
        string[] expected =
        [
            "LICENSE", "README.md", "NormKit.Cli.nuspec", "DotnetToolSettings.xml", "NormKit.Cli.dll", "NormKit.Cli.deps.json", "NormKit.Cli.runtimeconfig.json", "NormKit.dll", "NormKit.Diagnosis.dll", "NormKit.IO.dll", "NormKit.Mpi.dll",
            "System.CommandLine.dll", "System.Numerics.Tensors.dll", "Spectre.Console.dll", "Spectre.Console.Ansi.dll",
        ];
        // Symbols and documentation lie beside their assemblies.
        Assert.Equal(expected.Order(StringComparer.Ordinal), contents.Where(f => Path.GetExtension(f) is not (".pdb" or ".xml") || f.StartsWith("Dotnet", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("NormKit")]
    [InlineData("NormKit.IO")]
    [InlineData("NormKit.Diagnosis")]
    [InlineData("NormKit.Mpi")]
    public void Assembly_OfAPackage_IsDeterministic(string id)
    {
        using ZipArchive package = packages.Open(id, ".nupkg");
        using MemoryStream copy = new();
        using (Stream assembly = package.GetEntry($"lib/net10.0/{id}.dll")!.Open())
            assembly.CopyTo(copy);
        copy.Position = 0;
        using PEReader reader = new(copy);
        Assert.Contains(reader.ReadDebugDirectory(), entry => entry.Type == DebugDirectoryEntryType.Reproducible);
    }

    /// <summary>The symbols say where on the web each source file of their commit is.</summary>
    [Theory]
    [InlineData("NormKit")]
    [InlineData("NormKit.IO")]
    [InlineData("NormKit.Diagnosis")]
    [InlineData("NormKit.Mpi")]
    public void Symbols_OfAPackage_LinkToTheirSources(string id)
    {
        Assert.SkipUnless(HasGitHubRemote(), "Source links need a clone of a repository on GitHub.");
        using ZipArchive symbols = packages.Open(id, ".snupkg");
        using MemoryStream copy = new();
        using (Stream pdb = symbols.GetEntry($"lib/net10.0/{id}.pdb")!.Open())
            pdb.CopyTo(copy);
        copy.Position = 0;
        using MetadataReaderProvider provider = MetadataReaderProvider.FromPortablePdbStream(copy);
        MetadataReader reader = provider.GetMetadataReader();
        // Portable PDB, custom debug information: Source Link.
        Guid sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");
        CustomDebugInformation[] links =
        [
            .. reader.GetCustomDebugInformation(EntityHandle.ModuleDefinition).Select(reader.GetCustomDebugInformation).Where(i => reader.GetGuid(i.Kind) == sourceLink),
        ];
        Assert.Contains("https://raw.githubusercontent.com/", System.Text.Encoding.UTF8.GetString(reader.GetBlobBytes(Assert.Single(links).Value)), StringComparison.Ordinal);
    }

    private static bool HasGitHubRemote()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string config = Path.Combine(folder.FullName, ".git", "config");
            if (File.Exists(config))
                return File.ReadAllText(config).Contains("github.com", StringComparison.Ordinal);
        }
        return false;
    }

    private static string[] Contents(ZipArchive package) =>
    [
        .. package.Entries.Select(e => e.FullName).Where(f => f is not "[Content_Types].xml" && !f.StartsWith("_rels/", StringComparison.Ordinal) && !f.StartsWith("package/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal),
    ];

    private static XDocument Nuspec(ZipArchive package)
    {
        using Stream stream = package.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(stream);
    }

    /// <summary>All packages, made once from what is built.</summary>
    public sealed class Packages : IDisposable
    {
        private readonly string directory = Directory.CreateTempSubdirectory("normkit-packages-").FullName;
        private readonly string? refusal;

        public Packages()
        {
            string? root = AppContext.BaseDirectory, configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
            while (root is not null && !File.Exists(Path.Combine(root, "NormKit.slnx")))
                root = Path.GetDirectoryName(root);
            if (root is null)
            {
                refusal = "The sources that the packages are made of are not here.";
                return;
            }
            foreach (string project in (string[])["NormKit", "NormKit.IO", "NormKit.Diagnosis", "NormKit.Mpi", "NormKit.Cli"])
            {
                ProcessStartInfo start = new("dotnet", ["pack", Path.Combine(root, "src", project), "--no-build", "-c", configuration, "-o", directory, "-v", "q", "-nologo"]) { RedirectStandardOutput = true };
                using Process pack = Process.Start(start)!;
                string said = pack.StandardOutput.ReadToEnd();
                pack.WaitForExit();
                Assert.True(pack.ExitCode == 0, said);
            }
        }

        public ZipArchive Open(string id, string extension)
        {
            Assert.SkipWhen(refusal is not null, refusal ?? "");
            return ZipFile.OpenRead(Directory.GetFiles(directory, $"{id}.0*{extension}").Single());
        }

        public void Dispose() => Directory.Delete(directory, recursive: true);
    }
}

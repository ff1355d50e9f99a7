namespace NormKit.IO.Tests;

/// <summary>A directory of a test's own, removed with all that is in it.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("normkit-io-").FullName;

    public string[] FileNames => [.. Directory.GetFiles(Root).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    public string this[string name] => Path.Combine(Root, name);

    public string Write(string name, byte[] content)
    {
        File.WriteAllBytes(this[name], content);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

namespace NormKit.Cli.Diagnose;

/// <summary>Writes a page whole or not at all.</summary>
internal static class HtmlFile
{
    /// <summary>Refuses a path that cannot be written, before anything is computed.</summary>
    /// <exception cref="UsageException">It cannot.</exception>
    public static void Require(string path)
    {
        if (!path.EndsWith(".html", StringComparison.OrdinalIgnoreCase) && !path.EndsWith(".htm", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--report '{path}' is no HTML file; give a name that ends in .html.");
        string full = Path.GetFullPath(path);
        if (Directory.Exists(full))
            throw new UsageException($"--report {path}: is a directory; give a file in it.");
        if (!Directory.Exists(Path.GetDirectoryName(full)))
            throw new UsageException($"--report {path}: directory {Path.GetDirectoryName(full)} does not exist; make it first.");
    }

    /// <exception cref="UsageException">It cannot be written.</exception>
    public static void Write(string path, string page)
    {
        string full = Path.GetFullPath(path), beside = Path.Combine(Path.GetDirectoryName(full)!, $".normkit-{Path.GetRandomFileName()}.html");
        try
        {
            File.WriteAllText(beside, page);
            File.Move(beside, full, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(beside);
            throw new UsageException($"--report {path}: cannot be written: {error.Message.Replace(beside, path, StringComparison.Ordinal)}");
        }
    }
}

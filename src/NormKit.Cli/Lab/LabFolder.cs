namespace NormKit.Cli.Lab;

/// <summary>Where the published lab is on this machine.</summary>
internal static class LabFolder
{
    /// <summary>The command that publishes the lab, in a clone of the repository.</summary>
    public const string Publish = "dotnet publish src/NormKit.Lab -c Release -o artifacts/lab";

    /// <summary>Returns the folder that NORMKIT_LAB names; without that, the folder in the tool's package; without that, artifacts/lab/wwwroot of the repository
    /// that the program was built in. Returns null where the lab is not there.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable("NORMKIT_LAB") is { Length: > 0 } given)
            return IfPublished(given);
        if (IfPublished(Path.Combine(AppContext.BaseDirectory, "lab")) is string packed)
            return packed;
        string? root = AppContext.BaseDirectory;
        while (root is not null && !File.Exists(Path.Combine(root, "NormKit.slnx")))
            root = Path.GetDirectoryName(root);
        return root is null ? null : IfPublished(Path.Combine(root, "artifacts", "lab", "wwwroot"));
    }

    private static string? IfPublished(string folder) => File.Exists(Path.Combine(folder, "index.html")) ? folder : null;
}

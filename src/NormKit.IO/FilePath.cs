namespace NormKit.IO;

/// <summary>Opens files for reading and replaces them whole. A failure of the file system becomes one line that names the file.</summary>
internal static class FilePath
{
    internal static TResult Read<TResult>(string path, Func<FileStream, TResult> read)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return read(stream);
        }
        catch (Exception error) when (IsOfTheFileSystem(error))
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>Writes a temporary file beside the target and renames it over the target, so that a failed run changes nothing.</summary>
    internal static void Replace(string path, Action<FileStream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string? temporary = null;
        try
        {
            // Through a link the file it points to is replaced, not the link.
            FileInfo named = new(path);
            string target = named.LinkTarget is null ? named.FullName : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
            if (Directory.Exists(target))
                throw new TensorFileException($"{path}: cannot be written: it is a directory.");

            string beside = Path.Combine(Path.GetDirectoryName(target)!, $".normkit-{Path.GetRandomFileName()}.tmp");
            using (FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                temporary = beside;
                KeepMode(target, stream);
                write(stream);
            }

            File.Move(temporary, target, overwrite: true);
            temporary = null;
        }
        catch (Exception error) when (IsOfTheFileSystem(error))
        {
            throw new TensorFileException($"{path}: cannot be written: {Reason(path, error)}", error);
        }
        finally
        {
            if (temporary is not null)
                File.Delete(temporary);
        }
    }

    /// <summary>Gives a file that is to replace another that one's permissions, before it holds anything: what was private stays so.</summary>
    private static void KeepMode(string target, FileStream stream)
    {
        if (OperatingSystem.IsWindows() || !File.Exists(target))
            return;

        // Some file systems know one mode only and refuse any change, to the same one too.
        UnixFileMode mode = File.GetUnixFileMode(target);
        if (mode != File.GetUnixFileMode(stream.SafeFileHandle))
            File.SetUnixFileMode(stream.SafeFileHandle, mode);
    }

    internal static TensorFileException Unreadable(string path, Exception error) => new($"{path}: cannot be read: {Reason(path, error)}", error);

    internal static bool IsOfTheFileSystem(Exception error) =>
        error is UnauthorizedAccessException or (IOException and not TensorFileException);

    private static string Reason(string path, Exception error) => error switch
    {
        FileNotFoundException => "there is no such file.",
        DirectoryNotFoundException => "its directory does not exist.",
        UnauthorizedAccessException when Directory.Exists(path) => "it is a directory.",
        UnauthorizedAccessException => "access is denied.",
        _ => error.Message,
    };
}

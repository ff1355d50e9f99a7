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

    /// <summary>Opens a file to be read in pieces; the caller closes it.</summary>
    internal static FileStream OpenRead(string path)
    {
        try
        {
            return new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception error) when (IsOfTheFileSystem(error))
        {
            throw Unreadable(path, error);
        }
    }

    /// <summary>
    /// Writes a temporary file beside the target, has the disk store it, and renames it over the target, so that a failed run changes nothing.
    /// A target with several names, or an owner that cannot be kept, is overwritten with it instead; a pipe or a device is written to.
    /// </summary>
    internal static void Replace(string path, Action<FileStream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string? temporary = null;
        try
        {
            if (FilePlace.IsStream(path))
            {
                using FileStream stream = FilePlace.OpenStream(path);
                write(stream);
                return;
            }

            string target = Target(path);
            using (FileStream stream = CreateBeside(target))
            {
                temporary = stream.Name;
                KeepMode(target, stream);
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            FilePlace.Put(temporary, target);
            temporary = null;
        }
        catch (HalfWrittenException error)
        {
            temporary = null;
            throw new TensorFileException($"{path}: cannot be written: {error.Message}", error);
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

    /// <summary>The file that a path leads to: through a link that one is replaced, not the link.</summary>
    private static string Target(string path)
    {
        FileInfo named = new(path);
        string target = named.LinkTarget is null ? named.FullName : named.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        return Directory.Exists(target) ? throw new TensorFileException($"{path}: cannot be written: it is a directory.") : target;
    }

    private static FileStream CreateBeside(string target) => new(
        Path.Combine(Path.GetDirectoryName(target)!, $".normkit-{Path.GetRandomFileName()}.tmp"), FileMode.CreateNew, FileAccess.Write, FileShare.None);

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

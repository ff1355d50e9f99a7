namespace NormKit.IO;

/// <summary>Puts a file that was written beside its target in the target's place. Copies it where it cannot be renamed.</summary>
internal static class FilePlace
{
    /// <summary>Whether a path leads to a pipe, a device or a socket. Bytes are sent to it; a file renamed over it would remove it.</summary>
    public static bool IsStream(string path) => !Directory.Exists(path) && UnixFile.Of(path) is { IsRegular: false };

    /// <summary>Opens a pipe, a device or a socket for writing.</summary>
    public static FileStream OpenStream(string path) => new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);

    /// <summary>
    /// Gives a finished file the owner of its target, and says whether it may then be renamed over it. It may not where the target has other names,
    /// which would keep the old content, or where its owner cannot be kept.
    /// </summary>
    public static bool MayRename(string temporary, string target)
    {
        if (UnixFile.Of(target) is not UnixFile old || UnixFile.Of(temporary) is not UnixFile made)
            return true;
        return old.Links == 1
            && ((old.Owner, old.Group) == (made.Owner, made.Group) || UnixFile.ChangeOwner(temporary, old.Owner, old.Group));
    }

    /// <summary>Renames a finished file over its target, or copies it where <see cref="MayRename"/> says no.</summary>
    /// <exception cref="HalfWrittenException">The target has lost its old content and not got all of the new.</exception>
    public static void Put(string temporary, string target)
    {
        if (MayRename(temporary, target))
        {
            File.Move(temporary, target, overwrite: true);
            return;
        }
        Overwrite(temporary, target);
        File.Delete(temporary);
    }

    /// <summary>Copies a finished file into another, which keeps its names, owner and mode.</summary>
    /// <exception cref="HalfWrittenException">The target has lost its old content and not got all of the new.</exception>
    public static void Overwrite(string temporary, string target)
    {
        using FileStream from = new(temporary, FileMode.Open, FileAccess.Read, FileShare.Read);
        using FileStream to = new(target, FileMode.Open, FileAccess.Write, FileShare.None);
        try
        {
            from.CopyTo(to);
            to.SetLength(from.Length);
            to.Flush(flushToDisk: true);
        }
        catch (IOException error)
        {
            throw new HalfWrittenException($"{error.Message} Its new content is whole in {temporary}.", error);
        }
    }

    /// <summary>Sends a finished file to a pipe, a device or a socket.</summary>
    public static void Send(string temporary, string path)
    {
        using FileStream from = new(temporary, FileMode.Open, FileAccess.Read, FileShare.Read);
        using FileStream to = OpenStream(path);
        from.CopyTo(to);
    }
}

/// <summary>Copying into a file failed on the way: the finished file beside it is all that there is, and stays.</summary>
internal sealed class HalfWrittenException(string message, Exception innerException) : IOException(message, innerException);

using NormKit.IO;

namespace NormKit.Cli;

/// <summary>
/// The files that a command writes: all of them or none. Paths are checked before anything is computed; each file is written beside its
/// target under another name; renaming them all is the last step, and is undone if one fails. Output to a pipe or a device is sent first.
/// </summary>
internal sealed class OutputFiles : IDisposable
{
    /// <summary>How many links a path may lead through, as in Linux; more are a circle.</summary>
    private const int MostLinks = 40;

    public const string StateExtension = ".nks";

    private static readonly string[] Extensions = [".npy", ".npz", ".safetensors"];

    private static readonly StringComparison SameFile =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;

    private readonly Dictionary<string, (string Role, string Target)> declared = [];
    private readonly List<(string Temporary, string Target, string Path)> written = [];
    private readonly List<(string Temporary, string Path)> toSend = [];

    /// <summary>Checks all of a path that can be checked before there is anything to write.</summary>
    /// <param name="role">The option that named it, for errors.</param>
    /// <param name="path">The file.</param>
    /// <param name="type">What it is to hold, or the narrowest of that.</param>
    /// <param name="several">Whether it is to hold named arrays.</param>
    /// <exception cref="UsageException">It cannot be written.</exception>
    public void Declare(string role, string path, ElementType type, bool several = false)
    {
        if (path.Length == 0)
            throw new UsageException($"{role} is empty; give a file.");
        string? extension = Array.Find(Extensions, known => path.EndsWith(known, StringComparison.OrdinalIgnoreCase));
        if (extension is null)
        {
            bool named = Array.Exists(Extensions, known => path.Contains(known + ":", StringComparison.OrdinalIgnoreCase));
            throw new UsageException(named
                ? $"{role} {path}: an output file is written whole; leave out the name behind the colon."
                : $"{role} {path}: unknown file extension; use {(several ? ".npz or .safetensors" : ".npy, .npz or .safetensors")}.");
        }
        if (several && extension == ".npy")
            throw new UsageException($"{role} {path}: a .npy file holds one array only; use .npz or .safetensors.");
        if (type == ElementType.BFloat16 && extension != ".safetensors")
            throw new UsageException($"{role} {path}: {extension} has no bfloat16, which this array is; use .safetensors, or another type by --dtype.");
        DeclareTarget(role, path);
    }

    /// <summary>The same for the state of statistics.</summary>
    /// <inheritdoc cref="Declare"/>
    public void DeclareState(string role, string path)
    {
        if (!path.EndsWith(StateExtension, StringComparison.OrdinalIgnoreCase))
            throw new UsageException(path.Length == 0 ? $"{role} is empty; give a file." : $"{role} {path}: unknown file extension; use {StateExtension}.");
        DeclareTarget(role, path);
    }

    private void DeclareTarget(string role, string path)
    {
        // Through a link the file it points to is replaced, not the link.
        string target = Resolve(path) ?? throw new UsageException($"{role} {path}: its links lead in a circle; give another file.");
        string directory = Path.GetDirectoryName(target)!;
        if (Directory.Exists(target))
            throw new UsageException($"{role} {path}: is a directory; give a file in it.");
        if (!Directory.Exists(directory))
            throw new UsageException($"{role} {path}: directory {directory} does not exist; make it first.");
        if (declared.FirstOrDefault(other => string.Equals(other.Value.Target, target, SameFile)) is { Key: not null } same)
            throw new UsageException($"{role} and {same.Value.Role} both name {path}; give each a file of its own.");
        declared.Add(path, (role, target));
    }

    /// <summary>Writes one array beside a declared path.</summary>
    public void Write(string path, StoredTensor tensor) => Write(path, temporary => TensorFile.Write(temporary, tensor));

    /// <summary>Writes named arrays beside a declared path.</summary>
    public void Write(string path, IReadOnlyList<KeyValuePair<string, StoredTensor>> tensors) =>
        Write(path, temporary => TensorFile.Write(temporary, tensors));

    /// <summary>Makes a .npy file of the right size beside a declared path, and has its elements written in place.</summary>
    public void WriteMapped(string path, ElementType type, nint[] shape, Action<MappedNpy> fill) => Write(path, temporary =>
    {
        using MappedNpy array = MappedNpy.Create(temporary, type, shape);
        fill(array);
    });

    /// <summary>Puts all files in their places.</summary>
    /// <exception cref="IOException">One could not be; then the others are as they were.</exception>
    public void Commit()
    {
        SendAll();
        List<(string Target, string? Backup, bool IsOverwritten)> done = [];
        string current = "";
        try
        {
            foreach ((string temporary, string target, string path) in written)
            {
                current = path;
                string? backup = File.Exists(target) ? BesideOf(target) : null;
                if (backup is null)
                {
                    File.Move(temporary, target);
                    done.Add((target, null, false));
                }
                else if (FilePlace.MayRename(temporary, target))
                {
                    File.Replace(temporary, target, backup, ignoreMetadataErrors: true);
                    done.Add((target, backup, false));
                }
                else
                {
                    // Taken back as well if it fails on its way.
                    File.Copy(target, backup);
                    done.Add((target, backup, true));
                    FilePlace.Overwrite(temporary, target);
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            foreach ((string target, string? backup, bool isOverwritten) in done)
                TakeBack(target, backup, isOverwritten);
            throw new UsageException($"{current}: cannot be written: {(error is HalfWrittenException ? error.InnerException!.Message : error.Message)}");
        }
        foreach ((_, string? backup, _) in done)
        {
            if (backup is not null)
                File.Delete(backup);
        }
        Dispose();
        written.Clear();
    }

    private void SendAll()
    {
        foreach ((string temporary, string path) in toSend)
        {
            try
            {
                FilePlace.Send(temporary, path);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new UsageException($"{path}: cannot be written: {error.Message}");
            }
        }
    }

    private static void TakeBack(string target, string? backup, bool isOverwritten)
    {
        if (backup is null)
        {
            File.Delete(target);
        }
        else if (isOverwritten)
        {
            try
            {
                FilePlace.Overwrite(backup, target);
            }
            catch (UnauthorizedAccessException)
            {
                // It could not be opened before either, and is as it was.
            }
            File.Delete(backup);
        }
        else
        {
            File.Move(backup, target, overwrite: true);
        }
    }

    /// <summary>Removes what was written but not committed.</summary>
    public void Dispose()
    {
        foreach ((string temporary, _, _) in written)
            File.Delete(temporary);
        foreach ((string temporary, _) in toSend)
            File.Delete(temporary);
    }

    /// <summary>Has a file written beside a declared path.</summary>
    /// <param name="path">The path.</param>
    /// <param name="write">Writes the file of the name that it is given.</param>
    public void Write(string path, Action<string> write)
    {
        string target = declared[path].Target;
        bool isStream = FilePlace.IsStream(path);
        string temporary = isStream ? BesideOf(Path.Combine(Path.GetTempPath(), Path.GetFileName(path))) : BesideOf(target);
        if (isStream)
            toSend.Add((temporary, path));
        else
            written.Add((temporary, target, path));
        try
        {
            // In a directory of everybody's only this user is to read it.
            if (isStream && !OperatingSystem.IsWindows())
                File.Open(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }).Dispose();

            // The new file takes the old one's permissions before it holds anything: what was private is so at every moment.
            if (!isStream && !OperatingSystem.IsWindows() && File.Exists(target))
            {
                File.Create(temporary).Dispose();
                UnixFileMode mode = File.GetUnixFileMode(target);

                // Some file systems know one mode only and refuse any change, to the same one too.
                if (mode != File.GetUnixFileMode(temporary))
                    File.SetUnixFileMode(temporary, mode);
            }
            write(temporary);
        }
        catch (TensorFileException error)
        {
            // The user named path, and does not know the name beside it.
            throw new UsageException(error.Message.Replace(temporary, path, StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot be written: {error.Message}");
        }
    }

    /// <summary>The path that a path leads to through the links of its directories and its own; null where they go in a circle.</summary>
    public static string? Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        string resolved = Path.GetPathRoot(full)!;
        Stack<string> ahead = new(Parts(full[resolved.Length..]));
        for (int links = 0; ahead.TryPop(out string? part);)
        {
            string next = part == ".." ? Path.GetDirectoryName(resolved) ?? resolved : Path.Combine(resolved, part);
            if (part == ".." || new FileInfo(next).LinkTarget is not string link)
            {
                resolved = next;
                continue;
            }
            if (++links > MostLinks)
                return null;
            if (Path.IsPathRooted(link))
            {
                resolved = Path.GetPathRoot(link)!;
                link = link[resolved.Length..];
            }
            foreach (string step in Parts(link))
                ahead.Push(step);
        }
        return resolved;
    }

    /// <summary>The steps of a path, the last first.</summary>
    private static IEnumerable<string> Parts(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar]).Where(part => part is not ("" or ".")).Reverse();

    private static string BesideOf(string target) =>
        Path.Combine(Path.GetDirectoryName(target)!, $".normkit-{Path.GetRandomFileName()}{Path.GetExtension(target)}");
}

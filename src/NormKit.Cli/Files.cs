using NormKit.IO;

namespace NormKit.Cli;

/// <summary>Reads the arrays that the command line names.</summary>
internal static class Files
{
    /// <param name="location">x.npy, x.npz:name or x.safetensors:name.</param>
    /// <param name="role">The argument or option, for errors.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged or of an unsupported kind.</exception>
    public static StoredTensor Read(string location, string role)
    {
        if (location.Length == 0)
            throw new UsageException($"{role} is empty; give a file: x.npy, x.npz:name or x.safetensors:name.");
        return TensorFile.Read(location);
    }
}

using NormKit.IO;

namespace NormKit.Cli;

/// <summary>Reads the arrays that the command line names.</summary>
internal static class Files
{
    /// <param name="location">x.npy, x.npz:name or x.safetensors:name.</param>
    /// <param name="role">The argument or option, for errors.</param>
    /// <param name="v2As">What two bytes without a meaning are in .npy and .npz files; null to refuse them.</param>
    /// <exception cref="TensorFileException">The file is missing, damaged or of an unsupported kind.</exception>
    public static StoredTensor Read(string location, string role, ElementType? v2As = null)
    {
        if (location.Length == 0)
            throw new UsageException($"{role} is empty; give a file: x.npy, x.npz:name or x.safetensors:name.");
        return v2As is ElementType type ? TensorFile.Read(location, type) : TensorFile.Read(location);
    }
}

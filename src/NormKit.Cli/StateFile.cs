using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>A layer's state in a .safetensors file, under PyTorch's names.</summary>
internal static class StateFile
{
    private const string Extension = ".safetensors";
    private const int Shown = 4;

    /// <summary>What of a layer a file holds.</summary>
    /// <param name="location">model.safetensors, or model.safetensors:layer1.0.bn1, the layer's path in the model.</param>
    /// <param name="request">The call, whose other files may not give the same.</param>
    /// <exception cref="UsageException">It holds nothing of the layer, or something twice.</exception>
    /// <exception cref="TensorFileException">It is missing or damaged.</exception>
    public static IEnumerable<NamedFile> Of(string location, LayerRequest request)
    {
        int at = location.LastIndexOf(Extension + ":", StringComparison.OrdinalIgnoreCase);
        string path = at < 0 ? location : location[..(at + Extension.Length)];
        string prefix = at < 0 ? "" : location[(at + Extension.Length + 1)..];
        if (!path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--state {location}: not a .safetensors file; give FILE{Extension} or FILE{Extension}:PREFIX.");
        prefix = prefix.Length == 0 || prefix.EndsWith('.') ? prefix : prefix + ".";

        HashSet<string> names = [.. SafetensorsFile.Names(path)];
        NamedFile[] found =
        [
            .. request.Entry.Parameters.Where(parameter => !parameter.IsInput && names.Contains(prefix + parameter.Key))
                .Select(parameter => new NamedFile(parameter.Name, "--state", $"{path}:{prefix}{parameter.Key}")),
        ];
        if (found.Length == 0)
        {
            string keys = string.Join(", ", request.Entry.Parameters.Where(parameter => !parameter.IsInput).Select(parameter => prefix + parameter.Key));
            string has = string.Join(", ", names.Order(StringComparer.Ordinal).Take(Shown)) + (names.Count > Shown ? ", ..." : "");
            throw new UsageException($"--state {location}: holds nothing of {request.Entry.Name}, neither of {keys}; it holds {has}.");
        }
        NamedFile? twice = Array.Find(found, file => request.Parameters.Any(other => other.Name == file.Name));
        if (twice is not null)
            throw new UsageException($"--state and {request.Parameters.First(other => other.Name == twice.Name).Role} both give {twice.Name}; leave one of them out.");
        if (request.Eval && request.Entry.Running.FirstOrDefault(running =>
            !found.Concat(request.Parameters).Any(file => file.Name == running.Name)) is ParameterEntry missing)
            throw new UsageException($"--state {location}: has no {prefix}{missing.Key}, by which {request.Entry.Name} --eval normalizes; give another file, or leave out --eval.");
        return found;
    }
}

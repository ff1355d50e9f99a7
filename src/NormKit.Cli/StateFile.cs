using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>A layer's state in a .safetensors file, under PyTorch's names.</summary>
internal static class StateFile
{
    private const string Extension = ".safetensors";

    /// <summary>What of a layer a file holds.</summary>
    /// <param name="location">model.safetensors, or model.safetensors:layer1.0.bn1, the layer's path in the model.</param>
    /// <param name="request">The call, whose other files may not give the same.</param>
    /// <exception cref="UsageException">It holds nothing of the layer, or something twice.</exception>
    /// <exception cref="TensorFileException">It is missing or damaged.</exception>
    public static IEnumerable<NamedFile> Of(string location, LayerRequest request)
    {
        int at = location.LastIndexOf(Extension + ":", StringComparison.OrdinalIgnoreCase);
        string path = at < 0 ? location : location[..(at + Extension.Length)];
        if (!path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"--state {location}: not a .safetensors file; give FILE{Extension} or FILE{Extension}:PREFIX.");
        string asked = at < 0 ? "" : StateValue.Path(location[(at + Extension.Length + 1)..]);

        ParameterEntry[] parameters = [.. request.Entry.Parameters.Where(parameter => !parameter.IsInput)];
        string[] keys = [.. parameters.SelectMany(Keys)];
        HashSet<string> names = [.. SafetensorsFile.Names(path)];
        string prefix = new StatePaths(names).Find(asked, keys);
        NamedFile[] found =
        [
            .. parameters.Select(parameter => (parameter.Name, Key: Keys(parameter).FirstOrDefault(key => names.Contains(prefix + key))))
                .Where(named => named.Key is not null).Select(named => new NamedFile(named.Name, "--state", $"{path}:{prefix}{named.Key}")),
        ];
        if (found.Length == 0)
            throw Nothing(location, path, asked, request.Entry, parameters, names);
        NamedFile? twice = Array.Find(found, file => request.Parameters.Any(other => other.Name == file.Name));
        if (twice is not null)
            throw new UsageException($"--state and {request.Parameters.First(other => other.Name == twice.Name).Role} both give {twice.Name}; leave one of them out.");
        if (request.Eval && request.Entry.Running.FirstOrDefault(running =>
            !found.Concat(request.Parameters).Any(file => file.Name == running.Name)) is ParameterEntry missing)
            throw new UsageException($"--state {location}: has no {prefix}{missing.Key}, by which {request.Entry.Name} --eval normalizes; give another file, or leave out --eval.");
        return found;
    }

    private static IEnumerable<string> Keys(ParameterEntry parameter) => parameter.OtherKeys.Prepend(parameter.Key);

    /// <summary>The refusal of a file without the layer's keys: which it has instead, and how to name these.</summary>
    private static UsageException Nothing(
        string location, string path, string prefix, LayerEntry entry, ParameterEntry[] parameters, HashSet<string> names)
    {
        string none = parameters.Length == 1 ? $"no {prefix}{parameters[0].Key}" : $"none of {string.Join(", ", parameters.Select(parameter => prefix + parameter.Key))}";
        string start = $"--state {location}: holds nothing of {entry.Name}, {none};";
        if (names.Count == 0)
            return new($"{start} it holds no tensors at all. Give another file.");
        StatePaths paths = new(names);
        IReadOnlyList<string> likely = paths.Likely(prefix, [.. parameters.SelectMany(Keys)]);
        return new(likely.Count > 0 && !paths.Has(prefix)
            ? $"{start} it has such keys under {StatePaths.Text(likely)}: give --state {path}{(likely[0].Length == 0 ? "" : $":{likely[0].TrimEnd('.')}")}."
            : $"{start} it holds {paths.Text(prefix)}. Give one that is meant as --param {parameters[0].Name}={path}:KEY.");
    }
}

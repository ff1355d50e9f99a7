namespace NormKit.IO;

/// <summary>Where in a file a layer's keys are, and which keys of the file a layer that was not found may have meant.</summary>
/// <param name="fileKeys">All keys of the file.</param>
internal sealed class StatePaths(IEnumerable<string> fileKeys)
{
    private const int Shown = 4;

    // torch.nn.DataParallel and torch.compile put these parts into the keys of a model.
    private static readonly string[] Wrappers = ["module", "_orig_mod"];

    private readonly string[] keys = [.. fileKeys.Order(StringComparer.Ordinal)];

    /// <summary>The path under which the file holds the layer: the one given, or the only one that differs from it by "module." and "_orig_mod."
    /// alone; the one given if there is none.</summary>
    /// <param name="path">The layer's path in its model, with its dot, or empty.</param>
    /// <param name="layerKeys">The keys of the layer without the path, older names included.</param>
    public string Find(string path, IReadOnlyCollection<string> layerKeys)
    {
        if (layerKeys.Any(key => Array.BinarySearch(keys, path + key, StringComparer.Ordinal) >= 0))
            return path;
        string[] candidates = [.. Paths(layerKeys).Where(candidate => Unwrap(candidate) == Unwrap(path))];
        return candidates.Length == 1 ? candidates[0] : path;
    }

    /// <summary>The layers of the file that have one of the keys, the likeliest path first.</summary>
    public IReadOnlyList<string> Likely(string path, IReadOnlyCollection<string> layerKeys) =>
        [.. Paths(layerKeys).OrderByDescending(candidate => Alike(Unwrap(candidate), Unwrap(path))).ThenBy(candidate => candidate, StringComparer.Ordinal)];

    /// <summary>Whether any key stands under a path that is not empty: then the layer is there, and its keys have other names.</summary>
    public bool Has(string path) => path.Length > 0 && Array.Exists(keys, key => key.StartsWith(path, StringComparison.Ordinal));

    /// <summary>Some keys that stand under a path; where none do, some of the file.</summary>
    public string Text(string path) => Text(Has(path) ? [.. keys.Where(key => key.StartsWith(path, StringComparison.Ordinal))] : keys);

    /// <summary>"'a', 'b', 'c', 'd' and 3 more".</summary>
    public static string Text(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(Shown).Select(TensorFileException.Quote)) + (names.Count > Shown ? $" and {names.Count - Shown} more" : "");

    private IEnumerable<string> Paths(IReadOnlyCollection<string> layerKeys) => keys
        .SelectMany(key => layerKeys
            .Where(layerKey => key.EndsWith(layerKey, StringComparison.Ordinal) && (key.Length == layerKey.Length || key[^(layerKey.Length + 1)] == '.'))
            .Select(layerKey => key[..^layerKey.Length]))
        .Distinct();

    private static string Unwrap(string path) => string.Join('.', path.Split('.').Where(part => !Wrappers.Contains(part)));

    /// <summary>How much two paths have in common: the parts of the end first, then the letters of the beginning.</summary>
    private static (int Parts, int Letters) Alike(string a, string b)
    {
        (string[] left, string[] right) = (a.Split('.'), b.Split('.'));
        int parts = 0;
        while (parts < Math.Min(left.Length, right.Length) && left[^(parts + 1)] == right[^(parts + 1)])
            parts++;
        int letters = 0;
        while (letters < Math.Min(a.Length, b.Length) && a[letters] == b[letters])
            letters++;
        return (parts, letters);
    }
}

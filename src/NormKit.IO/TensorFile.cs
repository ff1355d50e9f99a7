namespace NormKit.IO;

/// <summary>Reads and writes tensors in the format that the file's extension names: .npy, .npz or .safetensors.</summary>
public static class TensorFile
{
    private const string Npy = ".npy";
    private const string Npz = ".npz";
    private const string Safetensors = ".safetensors";
    private const string Expected = "expected .npy, .npz or .safetensors";

    /// <summary>Reads one tensor.</summary>
    /// <param name="location"><c>file.npy</c>, <c>file.npz:name</c> or <c>file.safetensors:name</c>; the name may be left out when the
    /// file holds exactly one tensor. A colon in the path itself (C:\x.npy) is no separator, nor is any where a file of the whole
    /// text exists.</param>
    /// <exception cref="TensorFileException">The extension is unknown, the name is missing or wrong, or the file is missing, damaged or
    /// of an unsupported element type.</exception>
    public static StoredTensor Read(string location) => ReadOne(location, v2As: null);

    /// <summary>Reads one tensor, of a .npy or .npz file also one whose elements are of the type V2: two bytes without a meaning, as which NumPy
    /// saves bfloat16.</summary>
    /// <param name="location">As in <see cref="Read(string)"/>.</param>
    /// <param name="v2As">What these elements are: a type of two bytes. Elements of other types stay what they are.</param>
    /// <exception cref="TensorFileException">As in <see cref="Read(string)"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="v2As"/> has not two bytes.</exception>
    public static StoredTensor Read(string location, ElementType v2As)
    {
        NpyFile.RequireTwoBytes(v2As);
        return ReadOne(location, v2As);
    }

    private static StoredTensor ReadOne(string location, ElementType? v2As)
    {
        ArgumentException.ThrowIfNullOrEmpty(location);
        (string path, Format format, string? name) = Locate(location);
        return format switch
        {
            Format.Npy => v2As is ElementType type ? NpyFile.Read(path, type) : NpyFile.Read(path),
            Format.Npz => NpzFile.ReadWithV2As(path, name ?? OnlyName(path, NpzFile.Names(path)), v2As),
            _ => SafetensorsFile.Read(path, name ?? OnlyName(path, SafetensorsFile.Names(path))),
        };
    }

    /// <summary>Writes one tensor: in a .npz file under the name "arr_0", in a .safetensors file under "tensor".</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="tensor">Not bfloat16 in .npy and .npz.</param>
    /// <exception cref="TensorFileException">The extension is unknown, the file cannot be written, or the tensor is bfloat16 and the
    /// format lacks it.</exception>
    public static void Write(string path, StoredTensor tensor)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensor);
        switch (Extension(path))
        {
            case Npy: NpyFile.Write(path, tensor); break;
            case Npz: NpzFile.Write(path, [new("arr_0", tensor)]); break;
            case Safetensors: SafetensorsFile.Write(path, [new("tensor", tensor)]); break;
            default: throw new TensorFileException($"{path}: unknown file extension; {Expected}.");
        }
    }

    /// <summary>Writes named tensors to a .npz or .safetensors file.</summary>
    /// <param name="path">Replaced whole, or left as it was if writing fails.</param>
    /// <param name="tensors">Names and tensors; not bfloat16 in .npz.</param>
    /// <exception cref="TensorFileException">The extension is another, the file cannot be written, or a tensor is bfloat16 and the
    /// format lacks it.</exception>
    /// <exception cref="ArgumentException">A name occurs twice or is none that the format can hold.</exception>
    public static void Write(string path, IReadOnlyList<KeyValuePair<string, StoredTensor>> tensors)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(tensors);
        switch (Extension(path))
        {
            case Npz: NpzFile.Write(path, tensors); break;
            case Safetensors: SafetensorsFile.Write(path, tensors); break;
            case Npy: throw new TensorFileException($"{path}: a .npy file holds one array without a name; write .npz or .safetensors.");
            default: throw new TensorFileException($"{path}: unknown file extension; {Expected}.");
        }
    }

    /// <summary>The formats of tensor files.</summary>
    internal enum Format
    {
        Npy,
        Npz,
        Safetensors,
    }

    /// <summary>The file, its format and the array's name, if there is one, of a location that <see cref="Read(string)"/> takes.</summary>
    internal static (string Path, Format Format, string? Name) Locate(string location)
    {
        (string path, string? name) = Split(location);
        Format format = Extension(path) switch
        {
            Npy => Format.Npy,
            Npz => Format.Npz,
            Safetensors => Format.Safetensors,
            _ => throw new TensorFileException($"{path}: unknown file extension; {Expected}, the last two with ':name' behind."),
        };
        return format == Format.Npy && name is not null
            ? throw new TensorFileException($"{path}: a .npy file holds one array without a name; leave out {TensorFileException.Quote(':' + name)}.")
            : (path, format, name);
    }

    private static (string Path, string? Name) Split(string location)
    {
        if (File.Exists(location))
            return (location, null);

        // A colon separates only behind an extension that we know; where several do, the one whose file exists.
        List<int> separators = [];
        for (int colon = location.IndexOf(':'); colon >= 0; colon = location.IndexOf(':', colon + 1))
        {
            if (Extension(location[..colon]).Length > 0)
                separators.Add(colon);
        }

        if (separators.Count == 0)
            return (location, null);
        int existing = separators.FindIndex(colon => File.Exists(location[..colon]));
        int separator = separators[Math.Max(0, existing)];
        return (location[..separator], location[(separator + 1)..]);
    }

    private static string Extension(string path) =>
        Array.Find([Npy, Npz, Safetensors], known => path.EndsWith(known, StringComparison.OrdinalIgnoreCase)) ?? "";

    internal static string OnlyName(string path, IReadOnlyList<string> names) => names.Count == 1
        ? names[0]
        : throw new TensorFileException(names.Count == 0
            ? $"{path}: holds no array."
            : $"{path}: holds {names.Count} arrays; name one as {Path.GetFileName(path)}:{names[0]} of {TensorFileException.List(names)}.");
}

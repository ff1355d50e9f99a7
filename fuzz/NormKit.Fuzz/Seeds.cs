using System.Text;
using NormKit.IO;

namespace NormKit.Fuzz;

/// <summary>Small valid files of each format.</summary>
internal static class Seeds
{
    public static void Write(string folder)
    {
        string Of(string format, string name) => Path.Combine(Directory.CreateDirectory(Path.Combine(folder, format)).FullName, name);
        StoredTensor single = StoredTensor.From<float>([1, 2, 3, 4, 5, 6], [2, 3]), wide = StoredTensor.From<double>([1.5], []), half = StoredTensor.From<float>([1, -2], [2], ElementType.Float16);
        StoredTensor narrow = StoredTensor.From<float>([1, -2], [2], ElementType.BFloat16), none = StoredTensor.From<float>([], [0, 4]);
        NpyFile.Write(Of("npy", "single"), single);
        NpyFile.Write(Of("npy", "scalar"), wide);
        NpyFile.Write(Of("npy", "half"), half);
        NpyFile.Write(Of("npy", "empty"), none);
        foreach ((string name, string dtype, int size) in ((string, string, int)[])[("fortran", "'<f4', 'fortran_order': True", 4), ("big", "'>i8', 'fortran_order': False", 8), ("bool", "'|b1', 'fortran_order': False", 1)])
            File.WriteAllBytes(Of("npy", name), [0x93, .. "NUMPY"u8, 1, 0, 118, 0, .. Encoding.ASCII.GetBytes($"{{'descr': {dtype}, 'shape': (2, 2), }}".PadRight(117) + "\n"), .. new byte[4 * size]]);
        NpzFile.Write(Of("npz", "stored"), [new("a", single), new("b", wide)]);
        NpzFile.Write(Of("npz", "deflated"), [new("a", single), new("e", none)], compress: true);
        SafetensorsFile.Write(Of("safetensors", "two"), [new("weight", single), new("bias", narrow)], new Dictionary<string, string> { ["format"] = "pt" });
        SafetensorsFile.Write(Of("safetensors", "scalar"), [new("x", wide), new("e", none)]);
    }
}

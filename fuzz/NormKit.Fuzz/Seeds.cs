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
        SafetensorsFile.Write(Of("model", "batch"), [.. ((string[])["weight", "bias", "running_mean", "running_var"]).Select(part => new KeyValuePair<string, StoredTensor>($"layer1.0.bn1.{part}", half))]);
        SafetensorsFile.Write(Of("model", "llama"), [new("model.layers.0.input_layernorm.weight", half), new("model.layers.0.self_attn.q_proj.weight", single), new("model.norm.weight", narrow)]);
        File.WriteAllBytes(Of("gguf", "norms"), Gguf());
        File.WriteAllBytes(Of("onnx", "batch"), Onnx("BatchNormalization", "x", "s", "s", "s", "s"));
        File.WriteAllBytes(Of("onnx", "skip"), Onnx("SkipLayerNormalization", "x", "x", "s"));
    }

    private static byte[] Gguf()
    {
        using MemoryStream file = new();
        using BinaryWriter writer = new(file);
        void Text(string text)
        {
            writer.Write((ulong)text.Length);
            writer.Write(Encoding.ASCII.GetBytes(text));
        }
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(2ul);
        writer.Write(2ul);
        Text("general.architecture");
        writer.Write(8u);
        Text("llama");
        Text("tokens");
        writer.Write(9u);
        writer.Write(8u);
        writer.Write(1ul);
        Text("a");
        foreach ((string name, uint type, ulong offset) in ((string, uint, ulong)[])[("blk.0.attn_norm.weight", 0, 0), ("output_norm.weight", 1, 32)])
        {
            Text(name);
            writer.Write(1u);
            writer.Write(2ul);
            writer.Write(type);
            writer.Write(offset);
        }
        writer.Write(new byte[128]);
        return file.ToArray();
    }

    private static byte[] Onnx(string op, params string[] inputs)
    {
        static byte[] Field(int number, byte[] content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];
        static byte[] Text(int number, string text) => Field(number, Encoding.ASCII.GetBytes(text));
        byte[] node = [.. inputs.SelectMany(input => Text(1, input)), .. Text(2, "y"), .. Text(4, op), .. Field(5, [.. Text(1, "epsilon"), 0x15, 0, 0, 0x80, 0x3A])];
        byte[] tensor = [8, 2, 16, 1, .. Text(8, "s"), .. Field(9, [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])];
        return [8, 8, .. Field(7, [.. Field(1, node), .. Field(5, tensor), .. Field(11, Text(1, "x")), .. Field(12, Text(1, "y"))]), .. Field(8, [16, 17])];
    }
}

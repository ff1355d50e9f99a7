using System.Text;

namespace NormKit.IO;

/// <summary>The rules for names of tensors that the formats share.</summary>
internal static class TensorNames
{
    internal static void RequireNew(HashSet<string> known, string name, StoredTensor tensor)
    {
        if (name is null || tensor is null)
            throw new ArgumentException("A name or a tensor is null.", "tensors");
        if (!IsUnicode(name))
            throw new ArgumentException($"The name {TensorFileException.Quote(name)} is no valid Unicode text.", nameof(name));
        if (!known.Add(name))
            throw new ArgumentException($"The name {TensorFileException.Quote(name)} occurs twice.", nameof(name));
    }

    internal static TensorFileException Unknown(string path, string name, IReadOnlyCollection<string> known) =>
        new($"{path}: no array is named {TensorFileException.Quote(name)}; it holds {TensorFileException.List(known)}.");

    internal static bool IsUnicode(string text)
    {
        ReadOnlySpan<char> rest = text;
        while (Rune.DecodeFromUtf16(rest, out _, out int consumed) == System.Buffers.OperationStatus.Done)
            rest = rest[consumed..];
        return rest.IsEmpty;
    }
}

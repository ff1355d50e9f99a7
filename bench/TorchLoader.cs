using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace NormKit.Torch;

/// <summary>Loads libtorch for programs of this repository, on systems with an older C++ library too.</summary>
internal static class TorchLoader
{
    private const string Shim = "libLibTorchSharp.so";
    private const string NewestVersion = "GLIBCXX_3.4.32";

    private static readonly Lazy<string?> Reason = new(Load);

    /// <summary>Loads it.</summary>
    /// <returns>Why it does not load here; null if it does.</returns>
    public static string? WhyNot() => Reason.Value;

    private static string? Load()
    {
        try
        {
            if (OperatingSystem.IsLinux())
                MakeOptional(NewestVersion, Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", Shim));
            global::TorchSharp.torch.set_num_threads(Environment.ProcessorCount);
            return null;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or NotSupportedException or BadImageFormatException or EntryPointNotFoundException or IOException or UnauthorizedAccessException)
        {
            return (e.InnerException ?? e).Message.Split('\n')[0];
        }
    }

    /// <summary>
    /// TorchSharp's shim asks for a version of libstdc++ that distributions of 2023 and before lack, for the sake of one symbol that nothing in it
    /// calls. Its copy in the output of the build is marked as content without.
    /// </summary>
    private static void MakeOptional(string version, string file)
    {
        if (!File.Exists(file))
            return;
        byte[] elf = File.ReadAllBytes(file);
        if (VersionFlags(elf, version) is not int flags || elf[flags] != 0)
            return;
        const byte Weak = 2;    // VER_FLG_WEAK
        elf[flags] = Weak;
        // Another process may have the file open, or be doing the same: a new file takes its place at once, and each process writes one of its own.
        string other = $"{file}.{Environment.ProcessId}.new";
        File.WriteAllBytes(other, elf);
        File.Move(other, file, overwrite: true);
    }

    /// <summary>Where the flags of a needed version are: Elf64_Vernaux in the section .gnu.version_r.</summary>
    private static int? VersionFlags(byte[] elf, string version)
    {
        const int SectionOfNeededVersions = 0x6ffffffe, SectionBytes = 64;
        int sections = (int)BinaryPrimitives.ReadInt64LittleEndian(elf.AsSpan(0x28)), count = Short(0x3c);
        for (int i = 0; i < count; i++)
        {
            int section = sections + (i * SectionBytes);
            if (Word(section + 4) != SectionOfNeededVersions)
                continue;
            for (int file = Word(section + 24), files = Word(section + 44); files > 0; files--, file += Word(file + 12))
            {
                for (int entry = file + Word(file + 8), entries = Short(file + 2); entries > 0; entries--, entry += Word(entry + 12))
                {
                    if (Word(entry) == Hash(version))
                        return entry + 4;
                }
            }
        }
        return null;

        int Word(int at) => BinaryPrimitives.ReadInt32LittleEndian(elf.AsSpan(at));

        int Short(int at) => BinaryPrimitives.ReadUInt16LittleEndian(elf.AsSpan(at));
    }

    /// <summary>The hash of the System V ABI.</summary>
    private static int Hash(string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return (int)hash;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace NormKit.IO.Tests;

/// <summary>Files put together from the format specifications, byte by byte, without the code under test.</summary>
internal static class HandMade
{
    public static byte[] Npy(string header, byte[] data, byte major = 1, byte minor = 0, uint? headerLength = null)
    {
        byte[] text = Encoding.Latin1.GetBytes(header);
        byte[] length = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(length, headerLength ?? (uint)text.Length);
        return [0x93, .. "NUMPY"u8, major, minor, .. major == 1 ? length[..2] : length, .. text, .. data];
    }

    public static byte[] Npy(string descr, string shape, byte[] data, bool fortranOrder = false) =>
        Npy($"{{'descr': '{descr}', 'fortran_order': {(fortranOrder ? "True" : "False")}, 'shape': {shape}, }}\n", data);

    public static byte[] Safetensors(string header, byte[] data, ulong? headerLength = null) =>
        Safetensors(Encoding.UTF8.GetBytes(header), data, headerLength);

    public static byte[] Safetensors(byte[] header, byte[] data, ulong? headerLength = null)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, headerLength ?? (ulong)header.Length);
        return [.. length, .. header, .. data];
    }

    /// <summary>A zip archive (APPNOTE.TXT 4.3) whose directory says whatever the entries say, true or not.</summary>
    public static byte[] Zip(params ZipEntry[] entries)
    {
        MemoryStream zip = new();
        MemoryStream directory = new();
        long first = 0;
        foreach (ZipEntry entry in entries)
        {
            if (!entry.SharesBytes)
            {
                first = zip.Position;
                WriteFields(zip, 0x04034b50u, (ushort)20, entry);
                zip.Write([0, 0]); // no extra field; the directory's sizes are what counts
                zip.Write(entry.NameBytes);
                zip.Write(entry.Content);
            }

            WriteFields(directory, 0x02014b50u, (ushort)20, entry);
            byte[] rest = new byte[16]; // extra length, comment length, disk, attributes (2 + 4), offset
            BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)entry.Extra.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(rest.AsSpan(12), (uint)first);
            directory.Write(rest);
            directory.Write(entry.NameBytes);
            directory.Write(entry.Extra);
        }

        byte[] end = new byte[22];
        BinaryPrimitives.WriteUInt32LittleEndian(end, 0x06054b50);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(8), (ushort)entries.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(end.AsSpan(10), (ushort)entries.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(12), (uint)directory.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end.AsSpan(16), (uint)zip.Length);
        return [.. zip.ToArray(), .. directory.ToArray(), .. end];
    }

    private static void WriteFields(Stream stream, uint signature, ushort version, ZipEntry entry)
    {
        bool inDirectory = signature == 0x02014b50;
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(signature);
        if (inDirectory)
            writer.Write(version); // made by
        writer.Write(version);
        writer.Write(entry.Flags);
        writer.Write(entry.Method);
        writer.Write(0x00210000u); // 1980-01-01 00:00
        writer.Write(entry.Crc);
        writer.Write(inDirectory ? entry.DeclaredCompressed ?? (uint)entry.Content.Length : (uint)entry.Content.Length);
        writer.Write(entry.DeclaredLength ?? entry.Length);
        writer.Write((ushort)entry.NameBytes.Length);
    }
}

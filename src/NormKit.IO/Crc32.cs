using System.Buffers.Binary;

namespace NormKit.IO;

/// <summary>The checksum of zip entries (ISO 3309, polynomial 0xEDB88320 reflected). ZipArchive does not check it in .NET 10.</summary>
internal static class Crc32
{
    // Tables[k][b]: what byte b contributes when k more bytes follow it. Eight at once run at memory speed (Kounavis and Berry 2005).
    private static readonly uint[][] Tables = MakeTables();

    /// <summary>Continues a checksum; the checksum of nothing is 0.</summary>
    internal static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            uint low = crc ^ BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            uint high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = Tables[7][low & 0xFF] ^ Tables[6][(low >> 8) & 0xFF] ^ Tables[5][(low >> 16) & 0xFF] ^ Tables[4][low >> 24]
                ^ Tables[3][high & 0xFF] ^ Tables[2][(high >> 8) & 0xFF] ^ Tables[1][(high >> 16) & 0xFF] ^ Tables[0][high >> 24];
        }

        foreach (byte b in bytes)
            crc = (crc >> 8) ^ Tables[0][(crc ^ b) & 0xFF];
        return ~crc;
    }

    private static uint[][] MakeTables()
    {
        uint[][] tables = new uint[8][];
        for (int k = 0; k < tables.Length; k++)
        {
            tables[k] = new uint[256];
            for (uint b = 0; b < 256; b++)
            {
                uint crc = k == 0 ? b : tables[k - 1][b];
                for (int bit = 0; bit < 8; bit++)
                    crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
                tables[k][b] = crc;
            }
        }

        return tables;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace NormKit.IO;

/// <summary>What Linux and macOS know of a file and .NET does not tell: whether it is a regular file, how many names it has, and whose it is.</summary>
/// <param name="IsRegular">Whether it is a file with bytes of its own; a pipe, a device, a socket or a directory is none.</param>
/// <param name="Links">How many names it has.</param>
/// <param name="Owner">The user that it belongs to.</param>
/// <param name="Group">The group that it belongs to.</param>
internal readonly record struct UnixFile(bool IsRegular, long Links, uint Owner, uint Group)
{
    private const int TypeMask = 0xF000, RegularType = 0x8000;

    /// <summary>Asks about the file that a path leads to, through links; null where there is none, or the system does not tell.</summary>
    public static UnixFile? Of(string path)
    {
        try
        {
            return OperatingSystem.IsLinux() ? OfLinux(path) : OperatingSystem.IsMacOS() ? OfMac(path) : null;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Gives a file to another user and group, and says whether that was allowed.</summary>
    public static bool ChangeOwner(string path, uint owner, uint group)
    {
        try
        {
            return Native.ChangeOwner(NullTerminated(path), owner, group) == 0;
        }
        catch (Exception error) when (error is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    // struct statx is laid out alike on every architecture: stx_nlink at byte 16, stx_uid at 20, stx_gid at 24, stx_mode at 28.
    private static UnixFile? OfLinux(string path)
    {
        const int currentDirectory = -100, basicStatistics = 0x7FF;
        byte[] answer = new byte[256];
        if (Native.StatX(currentDirectory, NullTerminated(path), 0, basicStatistics, answer) != 0)
            return null;
        return new(IsRegularMode(Short(answer, 28)), Word(answer, 16), Word(answer, 20), Word(answer, 24));
    }

    // struct stat with 64-bit inodes: st_mode at byte 4, st_nlink at 6, st_uid at 16, st_gid at 20.
    private static UnixFile? OfMac(string path)
    {
        byte[] answer = new byte[256];
        int failed = RuntimeInformation.ProcessArchitecture == Architecture.Arm64
            ? Native.Stat(NullTerminated(path), answer) : Native.Stat64(NullTerminated(path), answer);
        return failed != 0 ? null : new(IsRegularMode(Short(answer, 4)), Short(answer, 6), Word(answer, 16), Word(answer, 20));
    }

    private static bool IsRegularMode(int mode) => (mode & TypeMask) == RegularType;

    private static uint Word(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static ushort Short(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static byte[] NullTerminated(string path) => Encoding.UTF8.GetBytes(path + '\0');

#pragma warning disable SYSLIB1054 // generated marshalling needs unsafe code; arrays of bytes need no marshalling
    private static class Native
    {
        [DllImport("libc", EntryPoint = "statx"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int StatX(int directory, byte[] path, int flags, uint mask, byte[] answer);

        [DllImport("libc", EntryPoint = "stat"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Stat(byte[] path, byte[] answer);

        [DllImport("libc", EntryPoint = "stat$INODE64"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int Stat64(byte[] path, byte[] answer);

        [DllImport("libc", EntryPoint = "chown"), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int ChangeOwner(byte[] path, uint owner, uint group);
    }
#pragma warning restore SYSLIB1054
}

using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>
/// The handlers of the signals that the .NET runtime works with. A library below MPI may put its own in their place, and then the next
/// NullReferenceException ends the process: UCX, below Debian's MPICH, does so for SIGSEGV.
/// </summary>
internal sealed unsafe partial class ProcessSignals
{
    /// <summary>Larger than struct sigaction of every system.</summary>
    private const int ActionBytes = 512;

    // SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGSEGV, SIGTERM have these numbers everywhere; SIGBUS and SIGCHLD have not.
    private static readonly int[] Signals = [2, 3, 4, 5, 6, 8, 11, 15, .. OperatingSystem.IsMacOS() ? [10, 20] : (int[])[7, 17]];

    private readonly byte[][] actions = new byte[Signals.Length][];

    /// <summary>Asks the libraries below MPI, before they are loaded, to install no handlers. What the user has set stays.</summary>
    public static void KeepOthersOut()
    {
        if (OperatingSystem.IsWindows())
            return;
        // Environment.SetEnvironmentVariable does not reach what C code reads.
        SetEnvironment("UCX_ERROR_SIGNALS", "", 0);
        SetEnvironment("IPATH_NO_BACKTRACE", "1", 0);
        SetEnvironment("HFI_NO_BACKTRACE", "1", 0);
    }

    /// <summary>Notes the handlers of now.</summary>
    public static ProcessSignals Take()
    {
        ProcessSignals signals = new();
        for (int i = 0; i < Signals.Length && !OperatingSystem.IsWindows(); i++)
            signals.actions[i] = Of(Signals[i]);
        return signals;
    }

    /// <summary>Puts back the handlers that have changed.</summary>
    public void Restore()
    {
        for (int i = 0; i < Signals.Length && !OperatingSystem.IsWindows(); i++)
        {
            if (Of(Signals[i]).AsSpan().SequenceEqual(actions[i]))
                continue;
            fixed (byte* action = actions[i])
                _ = SetAction(Signals[i], action, null);
        }
    }

    private static byte[] Of(int signal)
    {
        byte[] action = new byte[ActionBytes];
        fixed (byte* old = action)
            _ = SetAction(signal, null, old);
        return action;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "sigaction")]
    private static partial int SetAction(int signal, byte* action, byte* old);
}

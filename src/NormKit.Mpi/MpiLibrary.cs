using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>
/// The few functions of an MPI library that a communicator needs, as function pointers. Handles are addresses in Open MPI, ints in MPICH and small
/// constants in the standard ABI; a register holds each of them, so one signature serves all.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    private const int ThreadSerialized = 2, Success = 0, Tag = 77, LongestError = 4096;

    private readonly nint library;
    private readonly MpiConstants constants;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int> isend;
    private readonly delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, void*, int> recv;
    private readonly delegate* unmanaged[Cdecl]<int, int, nint, int*, void*, int> iprobe;
    private readonly delegate* unmanaged[Cdecl]<nint*, int*, void*, int> test;
    private readonly delegate* unmanaged[Cdecl]<void*, nint, int*, int> getCount;
    private readonly delegate* unmanaged[Cdecl]<int, byte*, int*, int> errorString;

    private MpiLibrary(nint library, string path)
    {
        this.library = library;
        constants = MpiConstants.Of(library);
        Name = $"{constants.Name} ({path})";
        isend = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, nint*, int>)Export("MPI_Isend");
        recv = (delegate* unmanaged[Cdecl]<void*, int, nint, int, int, nint, void*, int>)Export("MPI_Recv");
        iprobe = (delegate* unmanaged[Cdecl]<int, int, nint, int*, void*, int>)Export("MPI_Iprobe");
        test = (delegate* unmanaged[Cdecl]<nint*, int*, void*, int>)Export("MPI_Test");
        getCount = (delegate* unmanaged[Cdecl]<void*, nint, int*, int>)Export("MPI_Get_count");
        errorString = (delegate* unmanaged[Cdecl]<int, byte*, int*, int>)Export("MPI_Error_string");
    }

    /// <summary>The library and its file, for messages.</summary>
    public string Name { get; }

    /// <exception cref="CommunicatorException">There is none.</exception>
    public static MpiLibrary Load()
    {
        ProcessSignals.KeepOthersOut();
        string[] candidates = MpiNames.Candidates;
        foreach (string candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out nint library))
                return new(library, candidate);
        }
        throw new CommunicatorException(
            $"MpiCommunicator.Start: a launcher has started this process, but no MPI library was found. Tried: {string.Join(", ", candidates)}. "
            + "Install the MPI of the launcher (Debian, Ubuntu: apt-get install libopenmpi3 openmpi-bin, or libmpich12 mpich), load its module on a cluster, "
            + "or set NORMKIT_MPI to the path of the library.");
    }

    /// <summary>Starts MPI, and leaves the signal handlers of this process as they are.</summary>
    public void Initialize()
    {
        ProcessSignals signals = ProcessSignals.Take();
        int provided = 0;
        Check("MPI_Init_thread", ((delegate* unmanaged[Cdecl]<nint, nint, int, int*, int>)Export("MPI_Init_thread"))(0, 0, constants.Threads(ThreadSerialized), &provided));
        signals.Restore();
    }

    /// <summary>A communicator of all processes that no other code sends messages in, and whose errors are returned.</summary>
    public nint DuplicateWorld()
    {
        nint world = 0;
        Check("MPI_Comm_dup", ((delegate* unmanaged[Cdecl]<nint, nint*, int>)Export("MPI_Comm_dup"))(constants.World, &world));
        Check("MPI_Comm_set_errhandler", ((delegate* unmanaged[Cdecl]<nint, nint, int>)Export("MPI_Comm_set_errhandler"))(world, constants.ErrorsReturn));
        return world;
    }

    public int RankIn(nint communicator) => Ask("MPI_Comm_rank", communicator);

    public int SizeOf(nint communicator) => Ask("MPI_Comm_size", communicator);

    /// <summary>Begins to send bytes that stay where they are until <see cref="IsDone"/>.</summary>
    public nint Send(nint bytes, int length, int destination, nint communicator)
    {
        nint request = 0;
        Check("MPI_Isend", isend((void*)bytes, length, constants.Byte, destination, Tag, communicator, &request));
        return request;
    }

    public bool IsDone(ref nint request)
    {
        Status status;
        int done = 0;
        nint own = request;
        Check("MPI_Test", test(&own, &done, &status));
        request = own;
        return done != 0;
    }

    /// <summary>The source and the length of the next message, if one has come.</summary>
    public (int Source, int Length)? Probe(nint communicator)
    {
        Status status;
        int has = 0, length = 0;
        Check("MPI_Iprobe", iprobe(constants.AnySource, Tag, communicator, &has, &status));
        if (has == 0)
            return null;
        Check("MPI_Get_count", getCount(&status, constants.Byte, &length));
        return (status.Ints[constants.SourceAt], length);
    }

    public int Receive(byte[] message, int source, nint communicator)
    {
        Status status;
        fixed (byte* to = message)
            Check("MPI_Recv", recv(to, message.Length, constants.Byte, source, Tag, communicator, &status));
        return message.Length;
    }

    /// <summary>Waits for the others, and ends MPI.</summary>
    public void Finish(nint communicator)
    {
        nint own = communicator;
        Check("MPI_Comm_free", ((delegate* unmanaged[Cdecl]<nint*, int>)Export("MPI_Comm_free"))(&own));
        Check("MPI_Finalize", ((delegate* unmanaged[Cdecl]<int>)Export("MPI_Finalize"))());
    }

    private int Ask(string function, nint communicator)
    {
        int answer = 0;
        Check(function, ((delegate* unmanaged[Cdecl]<nint, int*, int>)Export(function))(communicator, &answer));
        return answer;
    }

    private nint Export(string function) => NativeLibrary.TryGetExport(library, function, out nint address)
        ? address
        : throw new CommunicatorException($"MpiCommunicator.Start: {Name} has no function {function}; it is no MPI library of version 3 or later. Set NORMKIT_MPI to the path of one.");

    private void Check(string function, int code)
    {
        if (code == Success)
            return;
        byte* text = stackalloc byte[LongestError];
        int length = 0;
        string reason = errorString(code, text, &length) == Success ? Marshal.PtrToStringUTF8((nint)text, length) : $"error {code}";
        throw new CommunicatorException($"{function} of {Name}: {reason}");
    }

    /// <summary>MPI_Status: 20 to 32 bytes, and room for more.</summary>
    private struct Status
    {
        public fixed int Ints[32];
    }
}

using System.Runtime.InteropServices;

namespace NormKit;

/// <summary>What the header mpi.h of a library would say.</summary>
/// <param name="Name">Whose header.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN.</param>
/// <param name="AnySource">MPI_ANY_SOURCE.</param>
/// <param name="SourceAt">Which int of MPI_Status is MPI_SOURCE.</param>
/// <param name="ThreadStep">What lies between two levels of thread support.</param>
internal sealed record MpiConstants(string Name, nint World, nint Byte, nint ErrorsReturn, int AnySource, int SourceAt, int ThreadStep)
{
    /// <summary>Tells libraries apart by names that only they export.</summary>
    public static MpiConstants Of(nint library)
    {
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world))
        {
            return new(
                "Open MPI", world, NativeLibrary.GetExport(library, "ompi_mpi_byte"), NativeLibrary.GetExport(library, "ompi_mpi_errors_return"),
                AnySource: -1, SourceAt: 0, ThreadStep: 1);
        }
        // Both ABIs may be in one file, and only the standard one has this function.
        return NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out _) && !NativeLibrary.TryGetExport(library, "MPIR_Dup_fn", out _)
            ? new("MPI of the standard ABI", World: 0x101, Byte: 0x247, ErrorsReturn: 0x143, AnySource: -1, SourceAt: 0, ThreadStep: 1024)
            : new("MPICH or a relative", World: 0x44000000, Byte: 0x4c00010d, ErrorsReturn: 0x54000001, AnySource: -2, SourceAt: 2, ThreadStep: 1);
    }

    /// <summary>The constant of a level of thread support, counted from 0.</summary>
    public int Threads(int level) => level * ThreadStep;
}

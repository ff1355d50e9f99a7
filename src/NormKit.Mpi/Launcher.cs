using System.Globalization;

namespace NormKit;

/// <summary>Which MPI a launcher belongs to.</summary>
internal enum Launch
{
    /// <summary>No launcher: a process alone.</summary>
    None,

    /// <summary>Open MPI's mpirun.</summary>
    OpenMpi,

    /// <summary>mpiexec of MPICH or a relative.</summary>
    Mpich,

    /// <summary>A resource manager, which starts processes of any MPI.</summary>
    Any,
}

/// <summary>The launcher of this process, by the environment variables that it sets.</summary>
internal static class Launcher
{
    internal static Launch Current =>
        IsSet("OMPI_COMM_WORLD_SIZE") ? Launch.OpenMpi
        : IsSet("PMIX_RANK") ? Launch.Any
        : IsSet("PMI_RANK") || IsSet("PMI_SIZE") ? IsSet("SLURM_PROCID") ? Launch.Any : Launch.Mpich
        : IsSet("MPI_LOCALNRANKS") || IsSet("MSMPI_LOCALRANKS") ? Launch.Mpich
        : StepTasks > 1 ? Launch.Any
        : Launch.None;

    /// <summary>How many processes the launcher says that it has started; null where it says nothing.</summary>
    internal static int? StartedProcesses => Number("OMPI_COMM_WORLD_SIZE") ?? Number("PMI_SIZE") ?? StepTasks;

    // SLURM_NTASKS is set for a batch script too, which is one process.
    private static int? StepTasks => IsSet("SLURM_PROCID") ? Number("SLURM_STEP_NUM_TASKS") : null;

    private static bool IsSet(string name) => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name));

    private static int? Number(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}

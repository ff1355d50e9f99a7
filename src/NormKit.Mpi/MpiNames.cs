namespace NormKit;

/// <summary>The files that an MPI library may be in.</summary>
internal static class MpiNames
{
    private static readonly string[] OpenMpi = ["libmpi.so.40", "libmpi.40.dylib"];
    private static readonly string[] Mpich = ["libmpich.so.12", "libmpi.so.12", "libmpi.12.dylib", "libmpich.dylib", "msmpi.dll", "impi.dll"];
    private static readonly string[] Others = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so", "libmpi_abi.dylib", "libmpi.so", "libmpi.dylib"];

    /// <summary>Those to try, in this order: the user's choice alone, or those of the launcher first.</summary>
    public static string[] Candidates => Environment.GetEnvironmentVariable("NORMKIT_MPI") is { Length: > 0 } chosen
        ? [chosen]
        : Launcher.Current == Launch.Mpich ? [.. Mpich, .. Others] : Launcher.Current == Launch.OpenMpi ? [.. OpenMpi, .. Others] : [.. OpenMpi, .. Mpich, .. Others];
}

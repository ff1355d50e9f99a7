namespace NormKit.Mpi.Tests;

/// <summary>Processes of Open MPI and of MPICH. One at a time: ranks that wait take a core each.</summary>
public class MpiTests
{
    public static TheoryData<string, int> Launches { get; } = new()
    {
        { MpiRun.OpenMpi, 1 },
        { MpiRun.OpenMpi, 2 },
        { MpiRun.OpenMpi, 3 },
        { MpiRun.OpenMpi, 4 },
        { MpiRun.Mpich, 1 },
        { MpiRun.Mpich, 2 },
    };

    [Theory, MemberData(nameof(Launches))]
    public void SyncBatchNorm_AnyRanksAndParts_HasTheBitsOfOneProcess(string launcher, int ranks)
    {
        (int code, string output) = MpiRun.Start(launcher, ranks, [], ["train"]);
        string[] lines = [.. output.Split('\n').Where(line => line.Contains("ranks with", StringComparison.Ordinal))];
        Assert.True(code == 0 && lines.Length == (ranks == 1 ? 2 : 3), output);
        Assert.All(lines, line => Assert.EndsWith($": {Training.HashOfWhole()}", line.TrimEnd(), StringComparison.Ordinal));
        Assert.All(lines, line => Assert.StartsWith($"{ranks} ranks", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Start_WithoutALauncher_IsOneRank()
    {
        (int code, string output) = MpiRun.Start(null, 1, [], ["train"]);
        Assert.True(code == 0, output);
        Assert.Contains($"1 ranks with [17] samples: {Training.HashOfWhole()}", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi)]
    [InlineData(MpiRun.Mpich)]
    public void Start_TheRuntimesHandlers_AreKept(string launcher)
    {
        (int code, string output) = MpiRun.Start(launcher, 2, [], ["fault"]);
        Assert.True(code == 0, output);
        Assert.Contains("rank 0 of 2 caught it", output, StringComparison.Ordinal);
        Assert.Contains("rank 1 of 2 caught it", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi, 3)]
    [InlineData(MpiRun.Mpich, 2)]
    public void AnyCall_RanksDisagree_EachSaysWho(string launcher, int ranks)
    {
        (int code, string output) = MpiRun.Start(launcher, ranks, [], ["differ"]);
        Assert.NotEqual(0, code);
        // A launcher may end the job before the last rank has printed.
        Assert.Contains("Rank 1: AllGather", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi, 3)]
    [InlineData(MpiRun.Mpich, 2)]
    public void AnyCall_ARankIsKilled_TheJobEnds(string launcher, int ranks)
    {
        (int code, string output) = MpiRun.Start(launcher, ranks, [], ["die", "20"]);
        Assert.True(code != 0, output);
    }

    [Fact]
    public void AnyCall_ARankIsKilledAndTheLauncherLetsTheOthersLive_TheyNameIt()
    {
        (_, string output) = MpiRun.Start(MpiRun.OpenMpi, 3, ["--enable-recovery"], ["die", "3"]);
        foreach (int rank in (int[])[0, 1])
            Assert.Contains($"rank {rank}: SyncBatchNorm.Forward of 5 channels of Single, ", output, StringComparison.Ordinal);
        Assert.Contains("Rank 2 did not come within 3 s", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MpiRun.OpenMpi, 3)]
    [InlineData(MpiRun.Mpich, 2)]
    public void AnyCall_ARankHangs_TheOthersNameIt(string launcher, int ranks)
    {
        (int code, string output) = MpiRun.Start(launcher, ranks, [], ["sleep", "3"]);
        Assert.NotEqual(0, code);
        Assert.Contains($"Rank {ranks - 1} did not come within 3 s", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_NoLibrary_SaysWhatToInstall()
    {
        (int code, string output) = MpiRun.Start(null, 1, [], ["train"], "PMI_RANK=0", "NORMKIT_MPI=/no/such/libmpi.so");
        Assert.NotEqual(0, code);
        Assert.Contains("no MPI library was found. Tried: /no/such/libmpi.so", output, StringComparison.Ordinal);
        Assert.Contains("apt-get install", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Start_LibraryOfAnotherLauncher_SaysSo()
    {
        (int code, string output) = MpiRun.Start(MpiRun.OpenMpi, 2, [], ["train"], "NORMKIT_MPI=libmpich.so.12");
        Assert.NotEqual(0, code);
        Assert.Contains("the launcher has started 2 processes, but MPICH or a relative", output, StringComparison.Ordinal);
    }
}

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Order;
using BenchmarkDotNet.Reports;
using NormKit.Benchmarks.Peers;
using NormKit.Cli.Timing;

namespace NormKit.Benchmarks.Kernels;

/// <summary>
/// A layer's rows, one pass at a time, hot in the cache, beside what memory allows on as many threads. No machine is the same twice: compare the Ratio
/// column, never times of different runs.
/// </summary>
[Config(typeof(WholeNames))]
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByParams)]
[Orderer(SummaryOrderPolicy.Declared)]
[HideColumns("Error", "StdDev", "Median", "RatioSD", "Gen0", "Gen1", "Gen2", "Alloc Ratio")]
public abstract class KernelBenchmarks : IDisposable
{
    private Action limit = () => { }, into = () => { }, anew = () => { };
    private Crew? crew;

    [ParamsSource(nameof(Cases))]
    public string Case { get; set; } = "";

    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Names of rows, each with its passes.</summary>
    public IEnumerable<string> Cases => from row in Rows from pass in row.Passes select Name(row, pass);

    private protected abstract IEnumerable<Layer> Layers { get; }

    // The tensor form's check and timing are of row-major tensors.
    private IEnumerable<Row> Rows => RowTable.All.Where(row => Layers.Contains(row.Layer) && !row.IsChannelsLast);

    [GlobalSetup]
    public void Setup()
    {
        (Row row, Pass pass) = (from r in Rows from p in r.Passes where Name(r, p) == Case select (r, p)).First();
        RowData data = new(row, pass);
        crew = new(Threads);
        limit = RowRun.Limit(data, new(crew)).Ordinary;
        Results expected = Reference.Of(data);
        into = Checked(new(newOutput: false));
        anew = Checked(new(newOutput: true));

        Action Checked(NormKitPeer peer)
        {
            Candidate candidate = peer.For(data, Threads, [])!;
            Check.Right(candidate.Name, data, expected, candidate.Result());
            return candidate.Call.Call;
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        crew?.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, Description = "copy or d = a + b")]
    public void Limit() => limit();

    [Benchmark(Description = "destination given")]
    public void Into() => into();

    [Benchmark(Description = "new tensor")]
    public void Anew() => anew();

    private sealed class WholeNames : ManualConfig
    {
        public WholeNames() => SummaryStyle = SummaryStyle.Default.WithMaxParameterColumnWidth(60);
    }

    private static string Name(Row row, Pass pass) => $"{row.Name} {pass.ToString().ToLowerInvariant()}";
}

using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Order;

namespace NormKit.Benchmarks;

/// <summary>
/// The notebook's four layers at [16, 32, 64, 64] with a destination given, beside an ordinary copy of the same bytes on as many threads (forward)
/// and an ordinary d = a + b (backward). No machine is the same twice: compare the Ratio column, never times of different runs.
/// </summary>
[MemoryDiagnoser]
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
[Orderer(SummaryOrderPolicy.Declared)]
[HideColumns("Error", "StdDev", "Median", "RatioSD", "Gen0", "Gen1", "Gen2", "Alloc Ratio")]
public class FourLayers
{
    private static readonly nint[] Shape = [16, 32, 64, 64];

    private readonly BatchNorm2d<float> batchNorm = new(32);
    private readonly LayerNorm<float> layerNorm = new([32, 64, 64]);
    private readonly InstanceNorm2d<float> instanceNorm = new(32);
    private readonly GroupNorm<float> groupNorm = new(8, 32);
    private readonly SavedStatistics ofBatch = new(), ofLayer = new(), ofInstance = new(), ofGroup = new();
    private float[] x = [], dy = [], y = [], dx = [];

    [Params(1, 2)]
    public int Threads { get; set; }

    [Params(MemoryFormat.Contiguous, MemoryFormat.ChannelsLast)]
    public MemoryFormat Format { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        TorchRandom random = new(0);
        (x, dy, y, dx) = (new float[16 * 32 * 64 * 64], new float[16 * 32 * 64 * 64], new float[16 * 32 * 64 * 64], new float[16 * 32 * 64 * 64]);
        random.Fill(x);
        random.Fill(dy);
        foreach ((NormLayer<float> layer, SavedStatistics saved) in
            new (NormLayer<float>, SavedStatistics)[] { (batchNorm, ofBatch), (layerNorm, ofLayer), (instanceNorm, ofInstance), (groupNorm, ofGroup) })
        {
            layer.MaxDegreeOfParallelism = Threads;
            layer.Forward(x, Shape, y, saved, Format);
            // Weights are 1 and biases 0, so each set of the output has mean 0 and variance v / (v + eps).
            Dictionary<int, List<float>> sets = [];
            for (int i = 0; i < y.Length; i++)
            {
                (int n, int c) = Format == MemoryFormat.Contiguous ? (i / (32 * 4096), i / 4096 % 32) : (i / (32 * 4096), i % 32);
                int set = layer == batchNorm ? c : layer == layerNorm ? n : layer == instanceNorm ? (n * 32) + c : (n * 8) + (c / 4);
                if (!sets.TryGetValue(set, out List<float>? values))
                    sets[set] = values = [];
                values.Add(y[i]);
            }
            foreach (List<float> values in sets.Values)
            {
                Moments moments = Moments.Of<float>(values.ToArray());
                if (Math.Abs(moments.Mean) > 1e-6 || Math.Abs(moments.Variance - 1) > 1e-3)
                    throw new InvalidOperationException($"{layer.GetType().Name} gives {moments}: nothing that is wrong is worth timing.");
            }
        }
    }

    [Benchmark(Baseline = true, Description = "copy"), BenchmarkCategory("forward")]
    public void Copy() => Split((start, length) => x.AsSpan(start, length).CopyTo(y.AsSpan(start, length)));

    [Benchmark(Description = "batch norm"), BenchmarkCategory("forward")]
    public void BatchForward() => batchNorm.Forward(x, Shape, y, ofBatch, Format);

    [Benchmark(Description = "layer norm"), BenchmarkCategory("forward")]
    public void LayerForward() => layerNorm.Forward(x, Shape, y, ofLayer, Format);

    [Benchmark(Description = "instance norm"), BenchmarkCategory("forward")]
    public void InstanceForward() => instanceNorm.Forward(x, Shape, y, ofInstance, Format);

    [Benchmark(Description = "group norm, 8 groups"), BenchmarkCategory("forward")]
    public void GroupForward() => groupNorm.Forward(x, Shape, y, ofGroup, Format);

    [Benchmark(Baseline = true, Description = "d = a + b"), BenchmarkCategory("backward")]
    public void Triad() => Split((start, length) => System.Numerics.Tensors.TensorPrimitives.Add(
        x.AsSpan(start, length), dy.AsSpan(start, length), dx.AsSpan(start, length)));

    [Benchmark(Description = "batch norm"), BenchmarkCategory("backward")]
    public void BatchBackward() => batchNorm.Backward(dy, x, Shape, ofBatch, dx, Format);

    [Benchmark(Description = "layer norm"), BenchmarkCategory("backward")]
    public void LayerBackward() => layerNorm.Backward(dy, x, Shape, ofLayer, dx, Format);

    [Benchmark(Description = "instance norm"), BenchmarkCategory("backward")]
    public void InstanceBackward() => instanceNorm.Backward(dy, x, Shape, ofInstance, dx, Format);

    [Benchmark(Description = "group norm, 8 groups"), BenchmarkCategory("backward")]
    public void GroupBackward() => groupNorm.Backward(dy, x, Shape, ofGroup, dx, Format);

    private void Split(Action<int, int> part)
    {
        int length = x.Length / Threads;
        if (Threads == 1)
            part(0, length);
        else
            Parallel.For(0, Threads, thread => part(thread * length, length));
    }
}

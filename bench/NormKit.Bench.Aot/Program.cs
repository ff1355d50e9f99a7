// A line for each layer and pass: its name, a tab, and the median of its milliseconds on one thread, in the cache, where instructions count most.
using NormKit;
using NormKit.Cli.Timing;

const int Rounds = 15;

List<(string Name, Action Call)> passes = [];
Add("BN [4,32,64,64]", new BatchNorm<float>(32), [4, 32, 64, 64]);
Add("BN [4,32,64,64], channels-last", new BatchNorm<float>(32), [4, 32, 64, 64], MemoryFormat.ChannelsLast);
Add("LN [512,768]", new LayerNorm<float>(768), [512, 768]);
Add("LN [1,768]", new LayerNorm<float>(768), [1, 768]);
Add("RMS [512,768]", new RmsNorm<float>(768), [512, 768]);
Add("GN(8) [4,32,64,64]", new GroupNorm<float>(8, 32), [4, 32, 64, 64]);

double[][] times = NormKit.Cli.Timing.Rounds.Time([.. passes.Select(pass => new TimedCall(pass.Call))], Rounds, TimeSpan.MaxValue, () => { }, default);
foreach (((string name, _), double[] time) in passes.Zip(times))
    Console.WriteLine($"{name}\t{Spread.Of(time).Median:F6}");

void Add(string name, NormLayer<float> layer, nint[] shape, MemoryFormat format = MemoryFormat.Contiguous)
{
    int count = (int)shape.Aggregate((nint)1, (product, length) => product * length);
    AlignedArray<float> x = new(count), dy = new(count), result = new(count);
    TorchRandom random = new(0);
    random.Fill(x.Span);
    random.Fill(dy.Span);
    layer.MaxDegreeOfParallelism = 1;
    SavedStatistics saved = new();
    layer.Forward(x.Span, shape, result.Span, saved, format);
    passes.Add(($"{name} forward", () => layer.Forward(x.Span, shape, result.Span, saved: null, format)));
    passes.Add(($"{name} backward", () => layer.Backward(dy.Span, x.Span, shape, saved, result.Span, format)));
}

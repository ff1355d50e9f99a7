using System.Diagnostics;
using System.Numerics.Tensors;

namespace NormKit.Benchmarks;

/// <summary>
/// The cases of <see cref="FourLayers"/> in turn, round after round in one process, and the median of the quotients within a round: a machine
/// whose speed drifts then disturbs both sides of a quotient alike. The cases share 32 MiB, so no case finds all of its input in a cache.
/// </summary>
internal static class Rounds
{
    private const int Count = 81;
    private const int CallsARound = 3;

    private static readonly nint[] Shape = [16, 32, 64, 64];

    public static void Run(TextWriter output)
    {
        output.WriteLine("| threads | format | pass | copy or d = a + b, ms | batch norm | layer norm | instance norm | group norm |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (int threads in (int[])[1, 2])
        {
            foreach (MemoryFormat format in Enum.GetValues<MemoryFormat>())
                Run(output, threads, format);
        }
    }

    private static void Run(TextWriter output, int threads, MemoryFormat format)
    {
        TorchRandom random = new(0);
        int length = 16 * 32 * 64 * 64;
        float[] x = new float[length], dy = new float[length], y = new float[length], dx = new float[length];
        random.Fill(x);
        random.Fill(dy);
        NormLayer<float>[] layers = [new BatchNorm2d<float>(32), new LayerNorm<float>([32, 64, 64]), new InstanceNorm2d<float>(32), new GroupNorm<float>(8, 32)];
        SavedStatistics[] saved = [new(), new(), new(), new()];
        List<Action> forward = [() => Split((s, n) => x.AsSpan(s, n).CopyTo(y.AsSpan(s, n)))];
        List<Action> backward = [() => Split((s, n) => TensorPrimitives.Add(x.AsSpan(s, n), dy.AsSpan(s, n), dx.AsSpan(s, n)))];
        foreach ((NormLayer<float> layer, SavedStatistics statistics) in layers.Zip(saved))
        {
            layer.MaxDegreeOfParallelism = threads;
            forward.Add(() => layer.Forward(x, Shape, y, statistics, format));
            backward.Add(() => layer.Backward(dy, x, Shape, statistics, dx, format));
        }
        List<Action> cases = [.. forward, .. backward];

        // Long enough, and with rests, for the tiers of the JIT: shorter warm-ups gave times several times too long.
        for (int i = 0; i < 3; i++)
        {
            foreach (Action call in cases)
                Repeat(call, 100);
            Thread.Sleep(500);
        }
        double[][] times = [.. cases.Select(_ => new double[Count])];
        for (int round = 0; round < Count; round++)
        {
            for (int c = 0; c < cases.Count; c++)
            {
                cases[c]();
                long start = Stopwatch.GetTimestamp();
                Repeat(cases[c], CallsARound);
                times[c][round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds / CallsARound;
            }
        }
        output.WriteLine(Row("forward", times[..forward.Count]));
        output.WriteLine(Row("backward", times[forward.Count..]));

        string Row(string pass, double[][] rows) => string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"| {threads} | {format} | {pass} | {Median(rows[0]):F3} | {string.Join(" | ", rows[1..].Select(row => Median([.. row.Zip(rows[0], (a, b) => a / b)]).ToString("F2", System.Globalization.CultureInfo.InvariantCulture)))} |");

        void Split(Action<int, int> part)
        {
            int each = length / threads;
            if (threads == 1)
                part(0, each);
            else
                Parallel.For(0, threads, thread => part(thread * each, each));
        }
    }

    private static void Repeat(Action call, int times)
    {
        for (int i = 0; i < times; i++)
            call();
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);
}

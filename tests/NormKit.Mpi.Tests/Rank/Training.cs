using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace NormKit.Mpi.Tests;

/// <summary>A batch norm trained on a batch that some ranks share, and the same by one layer that sees all of it.</summary>
public static class Training
{
    private const int Samples = 17, Channels = 5, Positions = 37, Steps = 3;

    /// <summary>The hash of all results of one layer on the whole batch.</summary>
    public static string HashOfWhole() => HashOf([Run(new BatchNorm<float>(Channels), 0, Samples)]);

    /// <summary>Trains on equal, unequal and empty parts, and prints the hash of all results of each.</summary>
    public static void Train(Communicator communicator)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        foreach (int[] parts in PartsOf(communicator.Size))
        {
            SyncBatchNorm<float> layer = new(communicator, Channels);
            byte[][] mine = Run(layer, parts[..communicator.Rank].Sum(), parts[communicator.Rank]);
            byte[][][] all = [.. mine.Select(bytes => communicator.AllGather(bytes))];
            if (communicator.Rank == 0)
                Console.WriteLine($"{communicator.Size} ranks with [{string.Join(", ", parts)}] samples: {HashOf([.. Enumerable.Range(0, communicator.Size).Select(rank => all.Select(result => result[rank]).ToArray())])}");
        }
    }

    /// <summary>One forward pass.</summary>
    public static void Step(Communicator communicator)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        float[] x = Numbers(communicator.Rank, 3 * Channels);
        new SyncBatchNorm<float>(communicator, Channels).Forward(x, [3, Channels], x);
    }

    /// <summary>Prints what a step of layers of some channel counts takes, beside batch norm on one rank's part.</summary>
    public static void Measure(Communicator communicator)
    {
        ArgumentNullException.ThrowIfNull(communicator);
        foreach (int channels in (int[])[1, 64, 512, 2048])
        {
            nint[] shape = [4, channels, 4, 4];
            float[] x = Numbers(communicator.Rank, 64 * channels), y = new float[x.Length];
            double alone = Time(new BatchNorm<float>(channels)), shared = Time(new SyncBatchNorm<float>(communicator, channels));
            if (communicator.Rank == 0)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{communicator.Size} ranks, {channels} channels: a step {alone:0} us in BatchNorm, {shared:0} us in SyncBatchNorm"));

            double Time(BatchNorm<float> layer)
            {
                SavedStatistics saved = new();
                double best = double.PositiveInfinity;
                layer.MaxDegreeOfParallelism = 1;
                for (int round = 0; round < 300; round++)
                {
                    communicator.Barrier();
                    long start = Stopwatch.GetTimestamp();
                    layer.Forward(x, shape, y, saved);
                    layer.Backward(y, x, shape, saved, y);
                    best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
                }
                return best;
            }
        }
    }

    private static IEnumerable<int[]> PartsOf(int size)
    {
        yield return [.. Enumerable.Range(0, size).Select(rank => (Samples * (rank + 1) / size) - (Samples * rank / size))];
        yield return [.. Enumerable.Range(0, size).Select(rank => rank == size - 1 ? Samples : 0)];
        if (size > 1)
            yield return [1, .. new int[size - 2], Samples - 1];
    }

    // The results of the rank's samples, then those of the layer: parameters' gradients and running statistics.
    private static byte[][] Run(BatchNorm<float> layer, int first, int samples)
    {
        Numbers(1, Channels).CopyTo(layer.Weight!.Values);
        Numbers(2, Channels).CopyTo(layer.Bias!.Values);
        nint[] shape = [samples, Channels, Positions];
        int each = Channels * Positions;
        List<byte[]> results = [];
        for (int step = 0; step < Steps; step++)
        {
            float[] x = Numbers(3 + step, Samples * each)[(first * each)..((first + samples) * each)], dy = Numbers(10 + step, Samples * each)[(first * each)..((first + samples) * each)];
            float[] y = new float[x.Length], dx = new float[x.Length];
            SavedStatistics saved = new();
            layer.Forward(x, shape, y, saved);
            layer.Backward(dy, x, shape, saved, dx);
            results.Add(Bytes(y));
            results.Add(Bytes(dx));
        }
        float[] state = [.. layer.Weight.Gradients, .. layer.Bias!.Gradients, .. layer.RunningMean!, .. layer.RunningVar!];
        results.Add(Bytes(state));
        return [.. results];
    }

    // Results of samples in rank order; those of the layer once, for they are the same on each rank.
    private static string HashOf(byte[][][] ofRanks)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int result = 0; result < ofRanks[0].Length; result++)
        {
            bool isOfLayer = result == ofRanks[0].Length - 1;
            foreach (byte[][] rank in isOfLayer ? ofRanks[..1] : ofRanks)
                hash.AppendData(rank[result]);
            if (isOfLayer && ofRanks.Any(rank => !rank[result].AsSpan().SequenceEqual(ofRanks[0][result])))
                return "layers of ranks differ";
        }
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes<float>(values).ToArray();

    private static float[] Numbers(int seed, int count)
    {
        ulong state = (ulong)seed;
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++)
        {
            // SplitMix64.
            state += 0x9E3779B97F4A7C15;
            ulong mixed = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
            numbers[i] = (float)BitOperations.RotateLeft(mixed ^ (mixed >> 31), 7) / ulong.MaxValue * 3 - 1;
        }
        return numbers;
    }
}

using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Distributed;

/// <summary>Training steps of a batch norm, on a whole batch or on its parts.</summary>
/// <param name="Shape">Of the whole batch.</param>
/// <param name="Seed">What its numbers are drawn from.</param>
/// <typeparam name="T">What the layer computes in.</typeparam>
/// <typeparam name="TInput">What input and output hold.</typeparam>
internal sealed record SplitBatch<T, TInput>(nint[] Shape, int Seed)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
    where TInput : unmanaged
{
    public double Offset { get; init; }

    public bool Masked { get; init; }

    public Placement Placement { get; init; }

    public Activation Activation { get; init; }

    public double Eps { get; init; } = 1e-5;

    public int Steps { get; init; } = 2;

    /// <summary>Changes the numbers of each step before they are used.</summary>
    public Action<T[], T[]>? Change { get; init; }

    private int Channels => (int)Shape[1];

    /// <summary>By one layer that sees all of it.</summary>
    public StepResults Whole() => Run(new BatchNorm<T>(Channels, Eps), 0, (int)Shape[0], Draw());

    /// <summary>By the given numbers of samples on as many ranks; results of samples are put together in rank order.</summary>
    public StepResults Split(params int[] samples) => Split(out _, samples);

    public StepResults Split(out int exchanges, params int[] samples)
    {
        Assert.Equal((int)Shape[0], samples.Sum());
        Drawn drawn = Draw();
        (StepResults Results, int Exchanges)[] parts = LocalCommunicator.Run(samples.Length, communicator =>
        {
            SyncBatchNorm<T> layer = new(communicator, Channels, Eps);
            StepResults results = Run(layer, samples[..communicator.Rank].Sum(), samples[communicator.Rank], drawn);
            return (results, layer.Exchanges);
        }, TimeSpan.FromSeconds(60));
        exchanges = parts[0].Exchanges;
        StepResults first = parts[0].Results;
        foreach ((StepResults part, int _) in parts)
            SameBits.Check(first.OfLayer, part.OfLayer, $"the layer of one rank and of another, {this}");
        for (int step = 0; step < first.OfSamples.Count; step++)
            first.OfSamples[step] = [.. parts.SelectMany(part => part.Results.OfSamples[step])];
        return first;
    }

    private Drawn Draw()
    {
        Random random = new(Seed);
        T[] weight = Inputs<T>.Normal(random, Channels, 0.5, 1), bias = Inputs<T>.Normal(random, Channels, 0.5);
        int all = (int)Shape.Aggregate((a, b) => a * b);
        (T[] X, T[] Dy, bool[] Mask)[] steps = new (T[], T[], bool[])[Steps];
        for (int step = 0; step < steps.Length; step++)
        {
            T[] x = Inputs<T>.Normal(random, all, 1.5, Offset + step), dy = Inputs<T>.Normal(random, all, 1, 0.25);
            Change?.Invoke(x, dy);
            steps[step] = (x, dy, [.. Enumerable.Range(0, all).Select(_ => random.Next(3) > 0)]);
        }
        return new(weight, bias, steps);
    }

    private StepResults Run(BatchNorm<T> layer, int firstSample, int samples, Drawn drawn)
    {
        StepResults results = new();
        layer.Activation = Activation;
        layer.MaxDegreeOfParallelism = 2;
        drawn.Weight.CopyTo(layer.Weight!.Values);
        drawn.Bias.CopyTo(layer.Bias!.Values);
        int each = (int)Shape[1..].Aggregate((a, b) => a * b);
        nint[] shape = [samples, .. Shape[1..]];
        Range mine = (firstSample * each)..((firstSample + samples) * each);
        foreach ((T[] x, T[] dy, bool[] mask) in drawn.Steps)
        {
            Tensor<TInput> input = Placing.Place(Convert(x[mine]), shape, Placement), gradOutput = Placing.Place(Convert(dy[mine]), shape, Placement);
            Tensor<bool>? chosen = Masked ? Placing.Place(mask[mine], shape, Placement.Contiguous) : null;
            SavedStatistics saved = new();
            Tensor<TInput> output = layer.Forward<TInput>(input, saved, chosen.OrNone());
            Tensor<TInput> gradInput = layer.Backward<TInput>(gradOutput, input, saved, chosen.OrNone());
            results.OfSamples.Add(Doubles(output));
            results.OfSamples.Add(Doubles(gradInput));
            results.OfLayer.AddRange(saved.Moments.ToArray().SelectMany(SameBits.Fields));
        }
        foreach (T[] values in (T[][])[[.. layer.Weight.Gradients], [.. layer.Bias.Gradients], Placing.Logical(layer.RunningMean!), Placing.Logical(layer.RunningVar!)])
            results.OfLayer.AddRange(values.Select(double.CreateTruncating));
        results.OfLayer.Add(layer.NumBatchesTracked);
        return results;
    }

    private sealed record Drawn(T[] Weight, T[] Bias, (T[] X, T[] Dy, bool[] Mask)[] Steps);

    private static TInput[] Convert(T[] values)
    {
        TInput[] converted = new TInput[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            object value = typeof(TInput) == typeof(Half) ? (Half)double.CreateTruncating(values[i])
                : typeof(TInput) == typeof(BFloat16) ? (BFloat16)float.CreateTruncating(values[i]) : values[i];
            converted[i] = (TInput)value;
        }
        return converted;
    }

    private static double[] Doubles(Tensor<TInput> tensor) =>
        tensor.FlattenedLength == 0 ? [] : [.. Placing.Logical(tensor).Select(value => value switch
        {
            float f => f,
            double d => d,
            Half h => (double)h,
            BFloat16 b => (double)(float)b,
            _ => throw new NotSupportedException(),
        })];
}

/// <summary>What two steps leave: of the samples, output and input gradient of each step; of the layer, moments, gradients and running statistics.</summary>
internal sealed class StepResults
{
    public List<double[]> OfSamples { get; } = [];

    public List<double> OfLayer { get; } = [];

    public void Check(StepResults actual, string what)
    {
        for (int i = 0; i < OfSamples.Count; i++)
            SameBits.Check(OfSamples[i], actual.OfSamples[i], $"{what}: {(i % 2 == 0 ? "output" : "input gradient")} of step {i / 2}");
        SameBits.Check(OfLayer, actual.OfLayer, $"{what}: moments, gradients or running statistics");
    }
}

using System.Numerics;
using NormKit.Cli.Compare;
using NormKit.IO;
using Spectre.Console;

namespace NormKit.Cli;

/// <summary>What compare was asked for.</summary>
/// <param name="Input">The file; null for random numbers.</param>
/// <param name="Shape">Of the random numbers.</param>
/// <param name="Seed">Of the random numbers.</param>
/// <param name="Eps">Added to the variances.</param>
/// <param name="Groups">Group norm's; null to choose.</param>
/// <param name="Layers">Null for all that the input suits.</param>
internal sealed record CompareRequest(string? Input, nint[] Shape, ulong Seed, double Eps, int? Groups, LayerKind[]? Layers);

/// <summary>Reads or draws the input, chooses the layers that it suits, and compares each.</summary>
internal sealed class CompareRun
{
    private const int DefaultGroups = 8;
    private const int LeastRank = 2;
    private const int MostRank = 5;
    private const int MostElements = int.MaxValue / sizeof(double);

    private readonly CompareRequest request;
    private readonly StoredTensor? input;
    private readonly nint[] shape;
    private readonly List<string> remarks = [];

    /// <exception cref="UsageException">The input cannot be compared on.</exception>
    public CompareRun(CompareRequest request)
    {
        this.request = request;
        input = request.Input is null ? null : Files.Read(request.Input, "INPUT");
        shape = input is null ? request.Shape : input.Shape.ToArray();
        string what = request.Input is null ? "--shape" : $"INPUT {request.Input}: shape";
        if (shape.Length is < LeastRank or > MostRank)
            throw new UsageException($"{what} {NumberType.Text(shape)} has {Plural.Of(shape.Length, "dimension")}; it must have {LeastRank} to {MostRank}: (N, C, *).");
        if (shape.Contains(0))
            throw new UsageException($"{what} {NumberType.Text(shape)} holds no elements; compare needs at least one.");
        if (shape.Aggregate(BigInteger.One, (product, length) => product * length) > MostElements)
            throw new UsageException($"{what} {NumberType.Text(shape)} is too large; compare takes up to {MostElements} elements.");
    }

    /// <summary>Compares.</summary>
    /// <param name="terminal">Shows a bar while that takes longer than <paramref name="patience"/>; may be null.</param>
    /// <param name="patience">How long to wait for the result before the bar appears.</param>
    /// <param name="stop">Ends the comparison.</param>
    public Comparison Run(IAnsiConsole? terminal, TimeSpan patience, CancellationToken stop)
    {
        List<LayerCall> calls = Calls();
        int done = 0;
        Task<Comparison> work = Task.Run(() => input?.ElementType.ComputesInDouble() == true
            ? Compare<double>(calls, FloatingType.Float64, () => done++, stop)
            : Compare<float>(calls, FloatingType.Float32, () => done++, stop), stop);
        return Waiting.For(work, terminal, patience, "Comparing", calls.Count, () => Volatile.Read(ref done));
    }

    private Comparison Compare<T>(List<LayerCall> calls, FloatingType type, Action oneDone, CancellationToken stop)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[]? fixedInput = input?.ToArray<T>();
        TorchRandom random = new(request.Seed);
        List<LayerComparison> layers = [];
        foreach (LayerKind kind in LayerNames.All)
        {
            stop.ThrowIfCancellationRequested();
            LayerCall? call = calls.Find(c => c.Kind == kind);
            if (fixedInput is null && kind <= calls[^1].Kind)
            {
                // A layer that is left out takes its draw all the same, so the others see what they always see.
                float[] drawn = new float[shape.Aggregate((nint)1, (product, length) => product * length)];
                random.Fill(drawn);
                if (call is not null)
                    layers.Add(Comparison.Of(call, drawn, FloatingType.Float32, stop));
            }
            else if (call is not null)
            {
                layers.Add(Comparison.Of(call, fixedInput!, type, stop));
            }
            if (call is not null)
                oneDone();
        }
        if (fixedInput is not null)
            remarks.AddRange(NotFinite(fixedInput, layers));
        string source = request.Input ?? $"torch.rand, seed {request.Seed}";
        return new(source, shape, type, request.Eps, layers, remarks);
    }

    /// <summary>The layers to compare, in order.</summary>
    /// <exception cref="UsageException">One that was asked for does not suit the input, or none does.</exception>
    private List<LayerCall> Calls()
    {
        List<LayerCall> calls = [];
        foreach (LayerKind kind in request.Layers ?? LayerNames.All)
        {
            int groups = kind == LayerKind.Group ? Groups() : 0;
            if (Misfit(kind, groups) is string misfit)
            {
                if (request.Layers is not null)
                {
                    throw new UsageException(
                        $"{kind.Short()} norm does not suit shape {NumberType.Text(shape)}: {misfit}; take it out of --layers, or use another input.");
                }
                remarks.Add($"{kind.Short()} norm is left out: {misfit}.");
                continue;
            }
            calls.Add(new(kind, shape, request.Eps, groups));
            if (kind == LayerKind.Group && groups != (request.Groups ?? DefaultGroups))
            {
                remarks.Add($"group norm uses {Plural.Of(groups, "group")}, " + (shape[1] == 1
                    ? "the only choice for 1 channel."
                    : $"the largest divisor of {shape[1]} channels up to {DefaultGroups} that leaves more than one in a group; --groups sets another."));
            }
        }
        return calls.Count > 0 ? calls : throw new UsageException($"no layer suits shape {NumberType.Text(shape)}; use a larger input.");
    }

    /// <summary>Group norm's groups: those asked for, or the most up to the default that do not make it instance norm again.</summary>
    private int Groups()
    {
        int channels = (int)shape[1];
        if (request.Groups is not int groups)
            return Enumerable.Range(1, DefaultGroups).Last(g => g == 1 || g < channels && channels % g == 0);
        return channels % groups == 0
            ? groups
            : throw new UsageException(
                $"{Plural.Of(groups, "group")} do not divide {Plural.Of(channels, "channel")}, shape {NumberType.Text(shape)}; "
                + "give --groups a divisor.");
    }

    /// <summary>Why figures are undefined, if the input is the reason.</summary>
    private IEnumerable<string> NotFinite<T>(T[] x, List<LayerComparison> layers) where T : IBinaryFloatingPointIeee754<T>
    {
        int nans = x.Count(T.IsNaN), infinities = x.Count(T.IsInfinity);
        string[] found =
        [
            .. nans > 0 ? (string[])[$"{nans} NaN"] : [],
            .. infinities > 0 ? (string[])[$"{infinities} {(infinities == 1 ? "infinity" : "infinities")}"] : [],
        ];
        if (found.Length > 0)
            yield return $"{request.Input} holds {string.Join(" and ", found)}; the figures that this reaches are undefined.";
        else if (layers.Exists(layer => layer.Sharing.ElementsPerGroup > 1 && !double.IsFinite(layer.SampleVariance.SumAbs)))
        {
            yield return $"{request.Input} holds values so large that the formula's sums or squares overflow in double; "
                + "the figures that this reaches are undefined.";
        }
    }

    /// <summary>Why a layer cannot normalize the input, as PyTorch has it; null if it can.</summary>
    private string? Misfit(LayerKind kind, int groups)
    {
        int n = Sharing.Of(kind, shape, Math.Max(1, groups)).ElementsPerGroup;
        return kind switch
        {
            LayerKind.Instance when shape.Length < 3 => "it normalizes over positions, and (N, C) has none",
            LayerKind.Instance when n == 1 => "it needs more than one position in a channel",
            LayerKind.Batch when n == 1 => "it needs more than one value in a channel",
            LayerKind.Group when n == 1 && (shape[0] == 1 || request.Groups is null) => "it needs more than one value in a group",
            _ => null,
        };
    }
}

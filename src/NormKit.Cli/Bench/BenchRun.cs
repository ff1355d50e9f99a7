using System.Numerics;
using NormKit.Cli.Catalogue;
using NormKit.Cli.Timing;
using Spectre.Console;

namespace NormKit.Cli.Bench;

/// <summary>Chooses the layers that the shape suits, and times them.</summary>
internal sealed class BenchRun
{
    private const int DefaultGroups = 8;
    private const int MostElements = int.MaxValue / sizeof(double);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    private readonly BenchRequest request;
    private readonly List<(LayerEntry Entry, LayerSettings Settings)> layers = [];
    private readonly List<string> remarks = [];

    /// <exception cref="UsageException">The layer does not take such an input, or none does.</exception>
    public BenchRun(BenchRequest request)
    {
        this.request = request;
        string shape = NumberType.Text(request.Shape);
        if (request.Shape.Aggregate(BigInteger.One, (product, length) => product * length) > MostElements)
            throw new UsageException($"--shape {shape} is too large; bench takes up to {MostElements} elements.");
        if (request.Layer is LayerEntry layer)
        {
            if (!layer.IsApplied)
                throw new UsageException($"normkit does not compute {layer.Name}; 'normkit explain {layer.Name}' says what the library has.");
            if (Misfit(layer, request.Settings) is string misfit)
                throw new UsageException(misfit);
            layers.Add((layer, request.Settings));
            return;
        }
        foreach ((LayerEntry entry, LayerSettings settings) in Usual())
        {
            if (Misfit(entry, settings) is string misfit)
                remarks.Add($"{entry.Name} is left out: {misfit.TrimEnd('.')}.");
            else
                layers.Add((entry, settings));
        }
        if (layers.Count == 0)
            throw new UsageException($"none of the layers takes --shape {shape}; use a larger one, or name a layer.");
    }

    /// <summary>Measures.</summary>
    /// <param name="terminal">Shows a bar; may be null.</param>
    /// <param name="stop">Ends the measurement.</param>
    public BenchResult Run(IAnsiConsole? terminal, CancellationToken stop)
    {
        if (terminal is null)
            return Measure(_ => { }, () => { }, stop);
        BenchResult? result = null;
        terminal.Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask bar = progress.AddTask("Measuring");
            result = Measure(steps => bar.MaxValue = steps, () => bar.Increment(1), stop);
        });
        return result!;
    }

    private BenchResult Measure(Action<int> steps, Action stepDone, CancellationToken stop) => request.Type switch
    {
        "float64" => Measure<double, double>(steps, stepDone, stop),
        "float16" => Measure<float, Half>(steps, stepDone, stop),
        "bfloat16" => Measure<float, BFloat16>(steps, stepDone, stop),
        _ => Measure<float, float>(steps, stepDone, stop),
    };

    private BenchResult Measure<T, TInput>(Action<int> steps, Action stepDone, CancellationToken stop)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
    {
        using Crew crew = new(request.Threads);
        BenchArrays<T, TInput> arrays = new(request.Shape);
        Limits limits = new(crew);
        List<TimedCall> calls =
        [
            new(limits.Copy(arrays.X, arrays.Result)), new(limits.CopyPastCaches(arrays.X, arrays.Result)),
            new(limits.Triad(arrays.X, arrays.Dy, arrays.Result)), new(limits.TriadPastCaches(arrays.X, arrays.Dy, arrays.Result)),
        ];
        List<(string Name, int Forward, int Backward)> places = [];
        foreach ((LayerEntry entry, LayerSettings settings) in layers)
        {
            (Action forward, Action? backward) = arrays.Passes(entry, settings, request.Threads);
            calls.Add(new(forward));
            if (backward is not null)
                calls.Add(new(backward));
            places.Add((entry.Name, calls.Count - (backward is null ? 1 : 2), backward is null ? -1 : calls.Count - 1));
        }
        steps(Rounds.Steps(calls.Count, request.Rounds));
        double[][] times = Rounds.Time(calls, request.Rounds, Patience, stepDone, stop);
        return new(
            request, arrays.X.Bytes, times[0].Length, new(Spread.Of(times[0]), Spread.Of(times[1])), new(Spread.Of(times[2]), Spread.Of(times[3])),
            [.. places.Select(place => new BenchLayer(place.Name, Pass(place.Forward, 0), place.Backward < 0 ? null : Pass(place.Backward, 2)))], remarks);

        BenchPass Pass(int call, int limit) =>
            new(Spread.Of(times[call]), Spread.OfQuotients(times[call], times[limit]), Spread.OfQuotients(times[call], times[limit + 1]));
    }

    private IEnumerable<(LayerEntry, LayerSettings)> Usual()
    {
        int channels = request.Shape.Length > 1 ? (int)request.Shape[1] : 1;
        int groups = Enumerable.Range(1, DefaultGroups).Last(g => channels % g == 0);
        foreach (string name in (string[])["batch-norm", "layer-norm", "rms-norm", "instance-norm", "group-norm"])
            yield return (LayerCatalogue.Find(name), name == "group-norm" ? new() { Groups = groups } : new());
    }

    /// <summary>Why a layer does not take the shape; null if it does.</summary>
    private string? Misfit(LayerEntry entry, LayerSettings settings)
    {
        try
        {
            entry.Statistics(request.Shape, settings);
        }
        catch (UsageException misfit)
        {
            return misfit.Message;
        }
        return entry.TooFewValues(request.Shape, settings, eval: false) is string few ? $"shape {NumberType.Text(request.Shape)} has {few}" : null;
    }
}

using NormKit.Diagnosis;
using NormKit.IO;
using Spectre.Console;

namespace NormKit.Cli.Diagnose;

/// <summary>A request with its files read and checked against each other.</summary>
internal sealed class DiagnoseJob
{
    private const int MostElements = int.MaxValue / sizeof(double);

    private readonly DiagnoseRequest request;
    private readonly StoredTensor input;
    private readonly StoredTensor[] outputs;
    private readonly DiagnosisRequest diagnosis;
    private readonly (string File, StoredTensor Tensor)[] batches;

    /// <exception cref="UsageException">A shape does not fit.</exception>
    /// <exception cref="TensorFileException">A file is missing or damaged.</exception>
    public DiagnoseJob(DiagnoseRequest request)
    {
        this.request = request;
        input = Files.Read(request.Input, "INPUT");
        string what = $"INPUT {request.Input}: shape {NumberType.Text(input.Shape)}";
        if (input.Shape.Length is 0 or > 8)
            throw new UsageException($"{what} has {Plural.Of(input.Shape.Length, "dimension")}; it must have 1 to 8.");
        if (input.Count < 2)
            throw new UsageException($"{what} holds {(input.Count == 0 ? "no elements" : "one element")}; there is nothing to share statistics.");
        if (input.Count > MostElements)
            throw new UsageException($"{what} is too large; diagnose takes up to {MostElements} elements.");
        outputs = [.. request.Outputs.Select((file, i) => Output(file, request.Outputs.Count == 1 ? "OUTPUT" : i == 0 ? "--compare A" : "--compare B"))];
        batches = [.. request.Batches.Select(file => (file, Batch(file)))];
        double[]? Known(string option) => request.Files.TryGetValue(option, out string? file) ? Files.Read(file, option).ToArray<double>() : null;
        diagnosis = new()
        {
            Input = input.ToArray<double>(),
            Shape = Lengths(input),
            Output = outputs[0].ToArray<double>(),
            OutputShape = Lengths(outputs[0]),
            InputFormat = Format(input.ElementType),
            OutputFormat = Format(outputs[0].ElementType),
            Weight = Known("--weight"),
            Bias = Known("--bias"),
            RunningMean = Known("--running-mean"),
            RunningVar = Known("--running-var"),
            RunningMeanAfter = Known("--running-mean-after"),
            RunningVarAfter = Known("--running-var-after"),
            ConvolutionBias = Known("--conv-bias"),
            Expected = request.Layer is null ? null : DiagnosedLayers.Expect(request.Layer, request.Settings, input.Shape.ToArray(), request.Eval, request.ChannelsLast),
        };
    }

    /// <summary>Whether the rows of OUTPUT are those of the outputs in other batches.</summary>
    public IEnumerable<(string File, BatchFinding Finding)> InOtherBatches() => batches.Select(batch => (batch.File, Batches.Compare(
        diagnosis.Output, Lengths(outputs[0]), batch.Tensor.ToArray<double>(), Lengths(batch.Tensor), diagnosis.OutputFormat)));

    public bool IsTwoSided => outputs.Length == 2;

    public bool IsJson => request.Json;

    public string? ReportPath => request.Report;

    /// <summary>What is diagnosed, in a line.</summary>
    public string Source => $"{string.Join(" and ", request.Outputs)} of {request.Input}; shape {NumberType.Text(input.Shape)}, {outputs[0].ElementType.Text()}"
        + (request.Layer is null ? "" : $"; expected: {request.Layer.Name}");

    /// <summary>The names of the two outputs.</summary>
    public IReadOnlyList<string> OutputNames => request.Outputs;

    public DiagnosisResult Run(IAnsiConsole? terminal, CancellationToken stop) => Named(() => Wait(terminal, progress => Diagnoser.Diagnose(diagnosis, progress, stop), stop));

    public TwoSidedResult RunTwo(IAnsiConsole? terminal, CancellationToken stop) => Named(() => Wait(terminal, progress => Diagnoser.Compare(
        diagnosis, outputs[1].ToArray<double>(), Format(outputs[1].ElementType), Lengths(outputs[1]), progress, stop), stop));

    /// <summary>A refusal of the library names a property; of the command line, the option and its file.</summary>
    private T Named<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ArgumentException error) when (OptionOf(error.ParamName) is string option && request.Files.TryGetValue(option, out string? file))
        {
            string message = error.Message.Split(" (Parameter '")[0];
            throw new UsageException($"{option} {file}: {char.ToLowerInvariant(message[0])}{message[1..]}");
        }
    }

    private static string? OptionOf(string? property) => property switch
    {
        nameof(DiagnosisRequest.Weight) => "--weight",
        nameof(DiagnosisRequest.Bias) => "--bias",
        nameof(DiagnosisRequest.RunningMean) => "--running-mean",
        nameof(DiagnosisRequest.RunningVar) => "--running-var",
        nameof(DiagnosisRequest.RunningMeanAfter) => "--running-mean-after",
        nameof(DiagnosisRequest.RunningVarAfter) => "--running-var-after",
        nameof(DiagnosisRequest.ConvolutionBias) => "--conv-bias",
        _ => null,
    };

    private static T Wait<T>(IAnsiConsole? terminal, Func<IProgress<double>, T> work, CancellationToken stop)
    {
        Share share = new();
        return Waiting.For(Task.Run(() => work(share), stop), terminal, TimeSpan.FromSeconds(1), "Diagnosing", 1, () => Volatile.Read(ref share.Done));
    }

    private StoredTensor Output(string file, string role)
    {
        StoredTensor output = Files.Read(file, role);
        nint[] shape = input.Shape.ToArray();
        nint[][] allowed = shape.Length < 3 ? [shape] : [shape, [shape[0], .. shape[2..], shape[1]], [shape[0], shape[^1], .. shape[1..^1]]];
        return allowed.Any(known => output.Shape.SequenceEqual(known))
            ? output
            : throw new UsageException($"{role} {file}: shape {NumberType.Text(output.Shape)}, but INPUT {request.Input} has {NumberType.Text(shape)}; an output has that shape, "
                + "or that with the channels at the other end.");
    }

    private StoredTensor Batch(string file)
    {
        StoredTensor batch = Files.Read(file, "--batches"), output = outputs[0];
        return batch.Shape.Length == output.Shape.Length && batch.Shape[1..].SequenceEqual(output.Shape[1..]) && batch.Shape[0] > 0
            ? batch
            : throw new UsageException($"--batches {file}: shape {NumberType.Text(batch.Shape)}, but OUTPUT {request.Outputs[0]} has {NumberType.Text(output.Shape)}; only the first dimension may differ.");
    }

    private static int[] Lengths(StoredTensor tensor) => [.. tensor.Shape.ToArray().Select(length => (int)length)];

    private static NumberFormat Format(ElementType type) => type switch
    {
        ElementType.Float16 => NumberFormat.Float16,
        ElementType.BFloat16 => NumberFormat.BFloat16,
        _ => type.ComputesInDouble() ? NumberFormat.Float64 : NumberFormat.Float32,
    };

    private sealed class Share : IProgress<double>
    {
        public double Done;

        public void Report(double value) => Volatile.Write(ref Done, value);
    }
}

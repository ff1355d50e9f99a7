using System.Numerics;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>A request with its files read and checked against each other, ready to be computed in float or double.</summary>
internal sealed class LayerJob
{
    private readonly LayerRequest request;
    private readonly StoredTensor? weight;
    private readonly StoredTensor? bias;
    private readonly StoredTensor? runningMean;
    private readonly StoredTensor? runningVar;

    /// <exception cref="UsageException">A shape does not fit.</exception>
    /// <exception cref="TensorFileException">A file is missing or damaged.</exception>
    public LayerJob(LayerRequest request)
    {
        this.request = request;
        Input = Files.Read(request.Input, "INPUT");
        RequireRank();
        nint[] shape = Input.Shape.ToArray();
        Call = new LayerCall(request.Kind, request.ChannelsLast ? [shape[0], shape[^1], .. shape[1..^1]] : shape, request.Eps)
        {
            Groups = request.Groups,
            Momentum = request.Momentum,
            Eval = request.Eval,
            Format = request.ChannelsLast ? MemoryFormat.ChannelsLast : MemoryFormat.Contiguous,
            Threads = request.Threads,
        };
        if (request.NormalizedShape is not null)
            Call = Call with { NormalizedShape = request.NormalizedShape };
        RequireDivision();
        RequireSeveralValues();
        weight = ReadParameter(request.Weight, "--weight", Call.ParameterShape);
        bias = ReadParameter(request.Bias, "--bias", Call.ParameterShape);
        runningMean = ReadParameter(request.RunningMean, "--running-mean", Call.ParameterShape);
        runningVar = ReadParameter(request.RunningVar, "--running-var", Call.ParameterShape);
        if (request.Eval && runningVar!.ToArray<double>().FirstOrDefault(value => value < 0) is < 0 and double negative)
            throw new UsageException($"--running-var {request.RunningVar}: holds {negative}, and no variance is negative; give a file of variances.");
    }

    public StoredTensor Input { get; }

    public LayerCall Call { get; }

    /// <summary>The type of the output and of the gradient of the input.</summary>
    public ElementType OutputType => Input.ElementType.ResultType();

    // A gradient, or a moved statistic, has the type of what it belongs to.
    public ElementType? WeightType => weight?.ElementType.ResultType();

    public ElementType? BiasType => bias?.ElementType.ResultType();

    public ElementType RunningMeanType => runningMean?.ElementType.ResultType() ?? NewStatisticType;

    public ElementType RunningVarType => runningVar?.ElementType.ResultType() ?? NewStatisticType;

    private ElementType NewStatisticType => Input.ElementType.ComputesInDouble() ? ElementType.Float64 : ElementType.Float32;

    /// <summary>The parameters in the type computed in. Running statistics that are to be saved start as PyTorch's if none are
    /// given.</summary>
    public LayerParameters<T> Parameters<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        bool tracks = request.SaveRunningMean is not null || request.SaveRunningVar is not null;
        T[] Started(T value)
        {
            T[] statistics = new T[Call.Shape[1]];
            Array.Fill(statistics, value);
            return statistics;
        }
        return new(
            weight?.ToArray<T>(), bias?.ToArray<T>(),
            runningMean?.ToArray<T>() ?? (tracks ? Started(T.Zero) : null),
            runningVar?.ToArray<T>() ?? (tracks ? Started(T.One) : null));
    }

    /// <summary>Adds the moved statistics that are to be saved.</summary>
    public void AddRunning<T>(OutputFiles files, LayerParameters<T> parameters) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        nint[] shape = Call.ParameterShape;
        if (request.SaveRunningMean is not null)
            files.Write(request.SaveRunningMean, StoredTensor.From<T>(parameters.RunningMean, shape, RunningMeanType));
        if (request.SaveRunningVar is not null)
            files.Write(request.SaveRunningVar, StoredTensor.From<T>(parameters.RunningVar, shape, RunningVarType));
    }

    /// <summary>Everything it writes besides the main output, with the types, so that paths are checked before anything is
    /// computed.</summary>
    public void DeclareRunning(OutputFiles files)
    {
        if (request.SaveRunningMean is not null)
            files.Declare("--save-running-mean", request.SaveRunningMean, RunningMeanType);
        if (request.SaveRunningVar is not null)
            files.Declare("--save-running-var", request.SaveRunningVar, RunningVarType);
    }

    private void RequireRank()
    {
        int rank = Input.Shape.Length;
        int least = request.ChannelsLast || request.Kind == LayerKind.Instance ? 3
            : request.Kind == LayerKind.Layer && request.NormalizedShape is not null ? 1 : 2;
        if (rank >= least)
            return;
        string dimensions = request.ChannelsLast ? "(N, *, C)" : least == 3 ? "(N, C, *)" : "(N, C)";
        throw new UsageException(
            $"INPUT {request.Input}: shape {NumberType.Text(Input.Shape)} has too few dimensions; {request.Kind.Full()}"
            + $"{(request.ChannelsLast ? " --channels-last" : "")} needs at least {least}{(least == 1 ? "" : ", " + dimensions)}.");
    }

    private void RequireDivision()
    {
        if (request.Kind == LayerKind.Group && Call.Shape[1] % request.Groups != 0)
        {
            throw new UsageException(
                $"--groups {request.Groups} does not divide the {Plural.Of(Call.Shape[1], "channel")} of {request.Input}, shape {NumberType.Text(Input.Shape)}; "
                + "choose a divisor.");
        }
        nint[] normalized = Call.NormalizedShape;
        if (request.Kind == LayerKind.Layer && !Call.Shape.TakeLast(normalized.Length).SequenceEqual(normalized))
        {
            throw new UsageException(
                $"--normalized-shape {string.Join(',', normalized)} is not how the shape of {request.Input} ends, "
                    + $"{NumberType.Text(Call.Shape)}"
                + $"{(request.ChannelsLast ? " in the order (N, C, *)" : "")}; give its trailing dimensions.");
        }
    }

    // The library's rules, which speak of its own methods: here they name the file and the options.
    private void RequireSeveralValues()
    {
        nint[] shape = Call.Shape;
        BigInteger elements = shape.Aggregate(BigInteger.One, (product, length) => product * length);
        string size = $"INPUT {request.Input}: shape {NumberType.Text(Input.Shape)} has one";
        const string orEval = "or --eval with --running-mean and --running-var";
        string? broken = request.Kind switch
        {
            LayerKind.Batch when !request.Eval && elements == shape[1] =>
                $"{size} value per channel, and batch-norm needs more than 1 value per channel; use a larger batch, {orEval}.",
            LayerKind.Instance when !request.Eval && elements == (BigInteger)shape[0] * shape[1] =>
                $"{size} position in a channel, and instance-norm needs more; use a larger input, {orEval}.",
            LayerKind.Group when elements == request.Groups && shape[0] == 1 =>
                $"{size} value per group with --groups {request.Groups}, and group-norm needs more; use fewer groups.",
            _ => null,
        };
        if (broken is not null && elements > 0)
            throw new UsageException(broken);
    }

    private StoredTensor? ReadParameter(string? location, string option, nint[] shape)
    {
        if (location is null)
            return null;
        StoredTensor tensor = Files.Read(location, option);
        return tensor.Shape.SequenceEqual(shape)
            ? tensor
            : throw new UsageException(
                $"{option} {location}: shape {NumberType.Text(tensor.Shape)}, but {request.Kind.Full()} of {request.Input}, shape "
                    + $"{NumberType.Text(Input.Shape)}, needs {NumberType.Text(shape)}.");
    }
}

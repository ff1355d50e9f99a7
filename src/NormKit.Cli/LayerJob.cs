using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>A request with its files read and checked against each other, ready to be computed in float or double.</summary>
internal sealed class LayerJob
{
    /// <summary>The name of the input that is added first.</summary>
    public const string Residual = "residual";

    /// <summary>The name of the input that gates the norm.</summary>
    public const string Gate = "gate";

    private readonly LayerRequest request;
    private readonly ArrayOrder order;
    private readonly nint[] shape;
    private readonly IReadOnlyList<(ParameterEntry Entry, StoredTensor Values, ParameterShape Shape)> parameters;
    private readonly StoredTensor? mask;
    private StoredTensor? input;

    /// <param name="request">What the command line asks for.</param>
    /// <param name="mapped">The input where it was mapped in place of being read, else null.</param>
    /// <exception cref="UsageException">A shape does not fit.</exception>
    /// <exception cref="TensorFileException">A file is missing or damaged.</exception>
    public LayerJob(LayerRequest request, MappedNpy? mapped = null)
    {
        this.request = request;
        LayerEntry entry = request.Entry;
        Mapped = mapped;
        order = new(request.ChannelsLast);
        FileShape = mapped is null ? Input.Shape.ToArray() : mapped.Shape;
        shape = order.OfLayer(FileShape);
        if (entry.BroadcastsInputs)
            shape = Common([.. request.Others.Select(file => (file, Read(file.Location, file.Role).Shape.ToArray()))]);
        RequireShape();
        nint[] output = entry.OutputShape(shape, request.Settings);
        OutputShape = output.SequenceEqual(shape) ? FileShape : output;
        IEnumerable<(string Name, nint[] Shape)> needed = entry.OtherInputs(shape, request.Settings);
        Others = [.. request.Others.Select(file => (file.Name, ReadOther(file, needed.FirstOrDefault(other => other.Name == file.Name).Shape ?? shape)))];
        parameters = [.. ReadParameters()];
        mask = request.Mask is null ? null : ReadMask(request.Mask);
    }

    /// <summary>The input, read when it is asked for.</summary>
    public StoredTensor Input => input ??= Read(request.Input, "INPUT");

    /// <summary>The input's shape in its file.</summary>
    public nint[] FileShape { get; }

    /// <summary>The shape of the output, in the order of the input's file.</summary>
    public nint[] OutputShape { get; }

    /// <summary>How many elements the output has.</summary>
    public nint OutputCount => (nint)Cost.Product(OutputShape);

    /// <summary>The input as a map of its file, if it is one.</summary>
    public MappedNpy? Mapped { get; }

    /// <summary>The type of the output and of the gradients of the inputs.</summary>
    public ElementType OutputType => request.Type ?? (Mapped is null ? Input.ElementType : Mapped.ElementType).ResultType();

    /// <summary>Those parameters given that have a gradient, with the type of that.</summary>
    public IEnumerable<(ParameterEntry Entry, ElementType Type)> Trained =>
        parameters.Where(parameter => parameter.Entry.IsTrained).Select(parameter => (parameter.Entry, parameter.Values.ElementType.ResultType()));

    /// <summary>The gradient of a parameter that a file gave, in the shape and the type of that file.</summary>
    public StoredTensor Gradient<T>(string name, LayerRun<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (_, StoredTensor values, ParameterShape spread) = parameters.First(parameter => parameter.Entry.Name == name);
        return StoredTensor.From<T>(spread.Gather(layer.Slot(name).Grad!, values.Count), values.Shape, values.ElementType.ResultType());
    }

    /// <summary>The other inputs.</summary>
    public IReadOnlyList<(string Name, StoredTensor Values)> Others { get; }

    /// <summary>Runs work in the types that the output's asks for.</summary>
    public void Dispatch(ITypedWork work)
    {
        switch (OutputType)
        {
            case ElementType.Float64:
                work.Run<double, double>();
                break;
            case ElementType.Float16:
                work.Run<float, Half>();
                break;
            case ElementType.BFloat16:
                work.Run<float, BFloat16>();
                break;
            default:
                work.Run<float, float>();
                break;
        }
    }

    /// <summary>The layer, with what the files gave it.</summary>
    public LayerRun<T> Layer<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        string[] given = [.. parameters.Select(parameter => parameter.Entry.Name)];
        bool tracks = request.Eval || Saved.Any() || given.Any(name => request.Entry.Running.Any(running => running.Name == name));
        LayerRun<T> layer = request.Entry.Create<T>(new(shape, request.Settings, given, tracks, Has(Residual), Has(Gate)));
        layer.MaxDegreeOfParallelism = request.Threads;
        if (request.Eval)
            layer.Eval();
        foreach ((ParameterEntry parameter, StoredTensor values, ParameterShape spread) in parameters)
            spread.Spread(values.ToArray<T>(), layer.Slot(parameter.Name).Value);
        return layer;
    }

    private bool Has(string other) => Others.Any(given => given.Name == other);

    /// <summary>The values of an array of a file, in the type asked for.</summary>
    public TInput[] Values<T, TInput>(StoredTensor tensor) where T : unmanaged where TInput : unmanaged
    {
        StoredTensor converted = tensor.ElementType.ResultType() == OutputType
            ? tensor
            : StoredTensor.From<double>(tensor.ToArray<double>(), tensor.Shape, OutputType);
        return SixteenBits.To<T, TInput>(converted.ToArray<T>());
    }

    /// <summary>Values for a file.</summary>
    public StoredTensor Stored<TInput, T>(TInput[] values, ReadOnlySpan<nint> fileShape) where T : unmanaged where TInput : unmanaged =>
        StoredTensor.From<T>(SixteenBits.From<TInput, T>(values), fileShape, OutputType);

    /// <summary>An array in the order of the input's file as the layer sees it.</summary>
    public Tensor<TInput> View<TInput>(TInput[] values) => order.View(values, FileShape);

    /// <summary>Memory for the output, as the layer sees it.</summary>
    public Tensor<TInput> NewOutput<TInput>(TInput[] values) =>
        OutputShape == FileShape ? View(values) : Tensor.Create(values, OutputShape.Length == 0 ? [1] : OutputShape);

    /// <summary>A mapped array as the layer sees it.</summary>
    public TensorSpan<TInput> View<TInput>(MappedNpy array) where TInput : unmanaged => array.View<TInput>(order);

    public IReadOnlyList<TInput[]> OtherValues<T, TInput>() where T : unmanaged where TInput : unmanaged =>
        [.. Others.Select(other => Values<T, TInput>(other.Values))];

    /// <summary>Arrays of the shapes of the other inputs as the layer sees them.</summary>
    public IReadOnlyList<Tensor<TInput>> OtherViews<TInput>(IReadOnlyList<TInput[]> values) =>
        [.. Others.Zip(values, (other, array) => View(array, other.Values))];

    /// <summary>The mask as the layer sees it; one without the channel dimension is the same in both orders.</summary>
    public Tensor<bool>? Mask() => mask is null ? null : View([.. mask.ToArray<float>().Select(value => value != 0)], mask);

    /// <summary>Everything written besides the main output, with the types, so that paths are checked before anything is computed.</summary>
    public void DeclareBeside(OutputFiles files)
    {
        if (request.SaveSum is not null)
            files.Declare("--save-sum", request.SaveSum, OutputType);
        foreach ((string name, string role, string path) in Saved)
            files.Declare(role, path, RunningType(name));
    }

    /// <summary>Writes the sum that has taken the residual's place, if it is to be saved.</summary>
    public void WriteSum<TInput, T>(OutputFiles files, IReadOnlyList<TInput[]> others) where T : unmanaged where TInput : unmanaged
    {
        if (request.SaveSum is not null)
            files.Write(request.SaveSum, Stored<TInput, T>(others[^1], FileShape));
    }

    /// <summary>Writes the moved statistics that are to be saved.</summary>
    public void WriteRunning<T>(OutputFiles files, LayerRun<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string name, _, string path) in Saved)
            files.Write(path, StoredTensor.From<T>(layer.Slot(name).Value, RunningType(name)));
    }

    private IEnumerable<(string Name, string Role, string Path)> Saved =>
    [
        .. request.SaveRunningMean is string mean ? ((string, string, string)[])[(LayerEntry.RunningMean, "--save-running-mean", mean)] : [],
        .. request.SaveRunningVar is string variance ? ((string, string, string)[])[(LayerEntry.RunningVar, "--save-running-var", variance)] : [],
    ];

    // A moved statistic has the type of what it belongs to.
    private ElementType RunningType(string name) =>
        parameters.FirstOrDefault(parameter => parameter.Entry.Name == name).Values?.ElementType.ResultType()
        ?? (OutputType == ElementType.Float64 ? ElementType.Float64 : ElementType.Float32);

    private Tensor<TInput> View<TInput>(TInput[] values, StoredTensor file) =>
        file.Shape.Length == FileShape.Length ? order.View(values, file.Shape) : Tensor.Create(values, file.Shape.Length == 0 ? [1] : file.Shape);

    private StoredTensor Read(string location, string role) => Files.Read(location, role, request.V2As);

    /// <summary>The shape that the input and others broadcast to.</summary>
    private nint[] Common(IReadOnlyList<(NamedFile File, nint[] Shape)> others)
    {
        nint[] common = shape;
        foreach ((NamedFile file, nint[] other) in others)
        {
            int rank = Math.Max(common.Length, other.Length);
            nint[] left = [.. Enumerable.Repeat<nint>(1, rank - common.Length), .. common], right = [.. Enumerable.Repeat<nint>(1, rank - other.Length), .. other];
            if (left.Zip(right).Any(pair => pair.First != pair.Second && pair.First != 1 && pair.Second != 1))
            {
                throw new UsageException(
                    $"{file.Role} {file.Location}: shape {NumberType.Text(other)}, but {request.Entry.Name} of {request.Input}, shape "
                        + $"{NumberType.Text(FileShape)}, needs a shape that broadcasts with it.");
            }
            common = [.. left.Zip(right, (first, second) => first == 1 ? second : first)];
        }
        return common;
    }

    private void RequireShape()
    {
        string what = $"INPUT {request.Input}: ";
        if (request.ChannelsLast && shape.Length < 3)
            throw new UsageException($"{what}shape {NumberType.Text(FileShape)} has too few dimensions; {request.Entry.Name} --channels-last needs at least 3, (N, *, C).");
        try
        {
            request.Entry.Statistics(shape, request.Eval ? request.Entry.InEvaluation(request.Settings) : request.Settings);
        }
        catch (ShapeException error)
        {
            throw new UsageException(what + error.MessageFor(
                request.ChannelsLast ? $"{NumberType.Text(FileShape)} (as (N, C, *): {NumberType.Text(shape)})" : NumberType.Text(shape)));
        }
        catch (UsageException error)
        {
            throw new UsageException(what + error.Message);
        }
        if (request.Entry.TooFewValues(shape, request.Settings, request.Eval) is string broken && !shape.Contains(0))
            throw new UsageException($"{what}shape {NumberType.Text(FileShape)} has {broken}");
    }

    private StoredTensor ReadOther(NamedFile file, nint[] needed)
    {
        StoredTensor tensor = Read(file.Location, file.Role);
        nint[] found = tensor.Shape.Length == FileShape.Length ? order.OfLayer(tensor.Shape) : tensor.Shape.ToArray();
        return request.Entry.Fits(found, needed)
            ? tensor
            : throw new UsageException(
                $"{file.Role} {file.Location}: shape {NumberType.Text(tensor.Shape)}, but {request.Entry.Name} of {request.Input}, shape "
                    + $"{NumberType.Text(FileShape)}, needs {NumberType.Text(order.OfFile(needed))}{(request.Entry.Fits([.. needed[..^1], needed[^1] + 1], needed) ? ", or other positions" : "")}.");
    }

    private IEnumerable<(ParameterEntry Entry, StoredTensor Values, ParameterShape Shape)> ReadParameters()
    {
        IReadOnlyList<NamedFile> files = request.State is null ? request.Parameters : [.. request.Parameters, .. StateFile.Of(request.State, request)];
        foreach (NamedFile file in files)
        {
            ParameterEntry parameter = request.Entry.Parameters.Concat(request.Entry.Conditions).First(known => known.Name == file.Name);
            StoredTensor tensor = Read(file.Location, file.Role);
            if (ParameterShape.Of(tensor.Shape, parameter, shape, request.Settings) is not ParameterShape spread)
            {
                throw new UsageException(
                    $"{file.Role} {file.Location}: shape {NumberType.Text(tensor.Shape)}, but {request.Entry.Name} of {request.Input}, shape "
                        + $"{NumberType.Text(FileShape)}, needs {NumberType.Text(parameter.Shape(shape, request.Settings))}{(parameter.Broadcasts ? ", or what broadcasts to it" : "")}.");
            }
            if (parameter.Name == LayerEntry.RunningVar)
                RequireVariances(file.Role, file.Location, tensor);
            yield return (parameter, tensor, spread);
        }
    }

    private static void RequireVariances(string role, string location, StoredTensor tensor)
    {
        double[] variances = tensor.ToArray<double>();
        int wrong = Array.FindIndex(variances, value => !(value >= 0));
        if (wrong < 0)
            return;
        throw new UsageException(double.IsNaN(variances[wrong])
            ? $"{role} {location}: holds NaN at index {wrong}, and a variance is a number; give a file of variances."
            : $"{role} {location}: holds {NumberType.Text(variances[wrong], tensor.ElementType)}, and no variance is negative; give a file of variances.");
    }

    private StoredTensor ReadMask(string location)
    {
        StoredTensor tensor = Files.Read(location, "--mask");
        if (tensor.ElementType is ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64)
            throw new UsageException($"--mask {location}: holds {tensor.ElementType.Text()}; a mask is of booleans or integers, 0 for what takes no part.");
        int[] lacked = request.Entry.LackedByMask(shape, request.Settings);
        nint[] rest = [.. shape.Where((_, d) => !lacked.Contains(d))];
        bool whole = tensor.Shape.Length == shape.Length;
        return Covers(whole ? order.OfLayer(tensor.Shape) : tensor.Shape.ToArray(), whole ? shape : rest)
            ? tensor
            : throw new UsageException(
                $"--mask {location}: shape {NumberType.Text(tensor.Shape)} does not fit {request.Input}, shape {NumberType.Text(FileShape)}; "
                    + $"give a mask of that shape (lengths may be 1), or of {NumberType.Text(rest)}.");
    }

    private static bool Covers(nint[] mask, nint[] lengths) =>
        mask.Length == lengths.Length && mask.Zip(lengths).All(pair => pair.First == pair.Second || pair.First == 1);
}

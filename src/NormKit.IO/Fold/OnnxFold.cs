using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>Decides which batch norms of a graph can be folded, and computes the weights that take them.</summary>
internal sealed class OnnxFold
{
    private readonly OnnxModel model;
    private readonly bool check;
    private readonly CancellationToken stop;
    private readonly List<FoldedNorm> norms = [];

    /// <summary>All names of the model: those of a graph and of its subgraphs must differ.</summary>
    private readonly HashSet<string> names = [];

    internal OnnxFold(OnnxModel model, bool check, CancellationToken stop)
    {
        (this.model, this.check, this.stop) = (model, check, stop);
        foreach (OnnxGraph graph in model.Graphs)
        {
            names.UnionWith(graph.Nodes.SelectMany(node => node.Inputs.Concat(node.Outputs)));
            names.UnionWith(graph.Inputs.Select(input => input.Name));
            names.UnionWith(graph.Initializers.Keys);
        }
        foreach (OnnxGraph graph in model.Graphs)
        {
            Graphs.Add(graph, new WorkGraph(graph, [.. graph.Nodes.Select(node => new WorkNode(node))], names));
        }
    }

    internal Dictionary<OnnxGraph, WorkGraph> Graphs { get; } = [];

    internal bool IsChanged => norms.Exists(norm => norm.Into is not null);

    internal IReadOnlyList<FoldedNorm> Run()
    {
        foreach (WorkGraph graph in Graphs.Values)
        {
            foreach (WorkNode node in graph.Nodes.Where(node => node.Source.Is("BatchNormalization")).ToList())
            {
                stop.ThrowIfCancellationRequested();
                Fold(graph, node);
            }
        }
        foreach (WorkGraph graph in Graphs.Values)
            graph.RemoveUnused();
        return norms;
    }

    private void Fold(WorkGraph graph, WorkNode norm)
    {
        string name = graph.Source.Place.Length > 0 ? $"{graph.Source.Place}: {norm.Source.Label}" : norm.Source.Label;
        if (ScaleOf(graph, norm, out string reason) is not NormScale scale)
        {
            norms.Add(new(name, null, reason));
            return;
        }
        FoldedNorm? folded = IntoPreceding(graph, norm, scale, name, out string before) ?? IntoFollowing(graph, norm, scale, name, out reason);
        norms.Add(folded ?? new(name, null, $"before it: {before}; behind it: {reason}"));
    }

    private NormScale? ScaleOf(WorkGraph graph, WorkNode norm, out string reason)
    {
        OnnxNode source = norm.Source;
        if (graph.Source.IsFunction)
        {
            reason = "it is in a function, whose weights are arguments";
            return null;
        }
        if (model.Opset < 7 ? source.Integer("is_test", 0) == 0 : source.Integer("training_mode", 0) != 0 || source.Outputs.Skip(1).Any(output => output.Length > 0))
        {
            reason = "it is in training mode: it normalizes by each batch's own statistics";
            return null;
        }
        if (source.Integer("spatial", 1) == 0)
        {
            reason = "spatial is 0: it has statistics for each position";
            return null;
        }
        double[][] values = new double[4][];
        for (int i = 0; i < 4; i++)
        {
            if (ConstantOf(graph, norm.Input(i + 1), out string why) is not ModelTensor tensor)
            {
                reason = $"its {((string[])["scale", "bias", "mean", "variance"])[i]} is not constant: {why}";
                return null;
            }
            values[i] = tensor.ToArray<double>();
        }

        // The attribute is a float, and the operator adds that float: 1e-5f, not 1e-5.
        (NormScale? scale, reason) = NormScale.From(values[0], values[1], values[2], values[3], source.Float("epsilon", 1e-5f));
        return scale;
    }

    /// <summary>The constant that a value is; null, and why, if a caller could change it or it is computed.</summary>
    private ModelTensor? ConstantOf(WorkGraph graph, string? value, out string reason)
    {
        reason = "it is missing";
        if (value is null)
            return null;
        for (WorkGraph? at = graph; at is not null; at = at.Source.Parent is null ? null : Graphs[at.Source.Parent])
        {
            if (model.IrVersion >= 4 && at.Source.Initializers.ContainsKey(value) && at.Source.Inputs.Exists(input => input.Name == value))
            {
                reason = $"'{value}' is an input of the graph too, so a caller may replace it";
                return null;
            }
            if (at.Replaced.TryGetValue(value, out ModelTensor? replaced))
                return replaced;
        }
        string name = value;
        while (graph.Source.Producer(name) is { Operator: "Identity" } identity && identity.Input(0) is string behind)
            name = behind;
        if (graph.Source.Producer(name) is { Operator: not "Constant" } || graph.Source.Constant(name) is not ModelTensor tensor)
        {
            reason = graph.Source.Producer(value) is OnnxNode node ? $"'{value}' is computed by {node.Operator}" : $"'{value}' is an input";
            return null;
        }
        if (tensor.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float64))
        {
            reason = $"'{value}' is stored as {tensor.TypeName}";
            return null;
        }
        reason = "";
        return tensor;
    }

    private FoldedNorm? IntoPreceding(WorkGraph graph, WorkNode norm, NormScale scale, string name, out string reason)
    {
        string? value = norm.Input(0);
        if (graph.Producer(value) is not WorkNode writer)
        {
            reason = "nothing that this graph computes";
            return null;
        }
        WorkNode? sum = null;
        if (writer is { Operator: "Add" } && MatMulBehind(graph, writer) is WorkNode product)
            (sum, writer) = (writer, product);
        if (writer.Source.Domain.Length > 0 || writer.Operator is not ("Conv" or "ConvTranspose" or "Gemm" or "MatMul"))
        {
            reason = $"{writer.Operator}, which has no weight to take it";
            return null;
        }
        if ((SharedOutput(graph, value!) ?? (sum is null ? null : SharedOutput(graph, writer.Outputs[0]))) is string shared)
        {
            reason = $"the output of {writer.Operator} {writer.Source.Label} {shared}";
            return null;
        }
        string? biasName = sum is null ? writer.Operator == "MatMul" ? null : writer.Input(2) : ConstantSide(graph, sum);
        if (sum is not null && biasName is null)
        {
            reason = $"Add {sum.Source.Label}, which adds no constant";
            return null;
        }
        if (LayerOf(graph, writer, biasName, sum is not null, out LinearWeight? weight, out double[]? bias, out ModelTensor? tensor, out reason) is false)
            return null;
        if (writer.Operator == "MatMul" && RankOf(graph, writer.Input(0)) != 2 && RankOf(graph, value) != 2)
        {
            reason = "a MatMul whose input is not known to be a matrix, so its last dimension need not be the norm's channels";
            return null;
        }
        if (weight!.Outputs != scale.Channels)
        {
            reason = $"{writer.Source.Label} has {weight.Outputs} outputs, but the norm {scale.Channels} channels";
            return null;
        }
        double[] newBias = [.. bias!.Select((b, c) => scale.Of(b, c))];
        LinearWeight newWeight = weight.Scaled(scale.Scale, byOutput: true);
        if (Rounded(newWeight.Values, tensor!) is not double[] rounded || Rounded(newBias, tensor!) is not double[] roundedBias)
        {
            reason = $"a folded weight is beyond the range of {tensor!.TypeName}";
            return null;
        }

        FoldedNorm folded = new(name, writer.Source.Label, $"into {writer.Operator} before it");
        if (check)
            Check(folded, weight, newWeight with { Values = rounded }, (x, channel) => x, (y, channel) => scale.Of(y + bias![channel], channel), (y, channel) => y + roundedBias[channel]);
        graph.SetWeight(writer, 1, tensor!, rounded, tensor!.ShapeArray);
        if (sum is not null)
            graph.SetWeight(sum, sum.Inputs.IndexOf(biasName!), tensor!, roundedBias, [roundedBias.Length]);
        else
            SetBias(graph, writer, tensor!, roundedBias);
        WorkNode last = sum ?? writer;
        graph.Rename(last, norm);
        return folded;
    }

    private FoldedNorm? IntoFollowing(WorkGraph graph, WorkNode norm, NormScale scale, string name, out string reason)
    {
        string value = norm.Outputs[0];
        if (SharedOutput(graph, value) is string shared)
        {
            reason = $"its output {shared}";
            return null;
        }
        if (graph.Readers(value) is not [WorkNode reader] || reader.Source.Domain.Length > 0 || reader.Operator is not ("Conv" or "ConvTranspose" or "Gemm" or "MatMul") || reader.Input(0) != value)
        {
            reason = graph.Readers(value) is [WorkNode other] ? $"{other.Operator}, which has no weight to take it" : "nothing";
            return null;
        }
        if (reader.Operator == "Gemm" && reader.Source.Integer("transA", 0) != 0)
        {
            reason = "a Gemm that transposes its input";
            return null;
        }
        if (reader.Operator == "MatMul" && RankOf(graph, value) != 2 && RankOf(graph, norm.Input(0)) != 2 && RankOf(graph, reader.Outputs[0]) != 2)
        {
            reason = "a MatMul whose input is not known to be a matrix, so its last dimension need not be the norm's channels";
            return null;
        }
        bool hasShift = Enumerable.Range(0, scale.Channels).Any(c => scale.Shift(c) != 0);
        if (hasShift && ReadsZeros(reader) is string zeros)
        {
            reason = $"{reader.Operator} {reader.Source.Label} {zeros}, and the norm does not map 0 to 0";
            return null;
        }
        if (LayerOf(graph, reader, reader.Operator == "MatMul" ? null : reader.Input(2), false, out LinearWeight? weight, out double[]? bias, out ModelTensor? tensor, out reason) is false)
            return null;
        if (weight!.Inputs != scale.Channels)
        {
            reason = $"{reader.Source.Label} has {weight.Inputs} inputs, but the norm {scale.Channels} channels";
            return null;
        }
        double[] shift = weight.Of(scale.Shift), newBias = [.. bias!.Select((b, o) => b + shift[o])];
        LinearWeight newWeight = weight.Scaled(scale.Scale, byOutput: false);
        if (Rounded(newWeight.Values, tensor!) is not double[] rounded || Rounded(newBias, tensor!) is not double[] roundedBias)
        {
            reason = $"a folded weight is beyond the range of {tensor!.TypeName}";
            return null;
        }

        FoldedNorm folded = new(name, reader.Source.Label, $"into {reader.Operator} behind it");
        if (check)
            Check(folded, weight, newWeight with { Values = rounded }, (x, channel) => scale.Of(x, channel), (y, channel) => y + bias![channel], (y, channel) => y + roundedBias[channel]);
        graph.SetWeight(reader, 1, tensor!, rounded, tensor!.ShapeArray);
        if (hasShift || reader.Operator != "MatMul" && reader.Input(2) is not null)
            SetBias(graph, reader, tensor!, roundedBias);
        graph.Bypass(norm, reader);
        return folded;
    }

    /// <summary>The bias as an input of the node; a MatMul becomes a Gemm for it.</summary>
    private void SetBias(WorkGraph graph, WorkNode node, ModelTensor type, double[] bias)
    {
        if (node.Operator == "MatMul")
        {
            node.Operator = "Gemm";
            if (model.Opset < 7)
                node.NewIntegers.Add(("broadcast", 1));
        }
        else if (node.Operator == "Gemm" && node.Source.Float("beta", 1) != 1)
        {
            // The new bias holds beta.
            node.Dropped.Add("beta");
        }
        graph.SetWeight(node, 2, type, bias, [bias.Length], node.Source.Label);
    }

    /// <summary>A node's weight and bias as numbers; false, and why, if they are not constants of the right shape.</summary>
    private bool LayerOf(WorkGraph graph, WorkNode node, string? biasName, bool isSum, out LinearWeight? weight, out double[]? bias, out ModelTensor? tensor, out string reason)
    {
        (weight, bias) = (null, null);
        tensor = ConstantOf(graph, node.Input(1), out reason);
        if (tensor is null)
        {
            reason = $"the weight of {node.Source.Label} is not constant: {reason}";
            return false;
        }
        nint[] shape = tensor.ShapeArray;
        bool isMatrix = node.Operator is "Gemm" or "MatMul";
        long groups = node.Source.Integer("group", 1);
        if (isMatrix ? shape.Length != 2 : shape.Length < 3 || groups < 1 || groups > shape[0] || shape[0] % groups != 0 || tensor.Count > Array.MaxLength / 8)
        {
            reason = $"the weight of {node.Source.Label} has the shape {TensorShape.Text(shape)}";
            return false;
        }
        double[] values = tensor.ToArray<double>();
        if (shape.Contains(0))
        {
            reason = $"the weight of {node.Source.Label} is empty";
            return false;
        }

        // MatMul multiplies by (in, out), as does a Gemm that does not transpose.
        bool rowsAreInputs = node.Operator == "ConvTranspose" || isMatrix && (node.Operator == "MatMul" || node.Source.Integer("transB", 0) == 0);
        int taps = isMatrix ? 1 : (int)shape[2..].Aggregate((nint)1, (product, length) => product * length);
        weight = new(values, (int)shape[0], (int)shape[1], taps, rowsAreInputs, (int)groups, node.Operator == "Gemm" ? node.Source.Float("alpha", 1) : 1);
        bias = new double[weight.Outputs];
        if (biasName is null)
            return true;
        if (ConstantOf(graph, biasName, out reason) is not ModelTensor biases)
        {
            reason = $"the bias of {node.Source.Label} is not constant: {reason}";
            return false;
        }
        if (biases.Count != bias.Length && biases.Count != 1 || biases.Shape.Length > 1 && biases.Shape[^1] != biases.Count)
        {
            reason = $"the bias of {node.Source.Label} has the shape {TensorShape.Text(biases.Shape)}";
            return false;
        }
        double beta = node.Operator == "Gemm" && !isSum && !node.Dropped.Contains("beta") ? node.Source.Float("beta", 1) : 1;
        double[] read = biases.ToArray<double>();
        for (int o = 0; o < bias.Length; o++)
            bias[o] = beta * read[read.Length == 1 ? 0 : o];
        return true;
    }

    private static WorkNode? MatMulBehind(WorkGraph graph, WorkNode sum) =>
        sum.Inputs.Select(graph.Producer).FirstOrDefault(node => node is { Operator: "MatMul" });

    private string? ConstantSide(WorkGraph graph, WorkNode sum) => sum.Inputs.Find(input => ConstantOf(graph, input, out _) is not null);

    /// <summary>Why a value cannot change its meaning; null if only one node reads it.</summary>
    private static string? SharedOutput(WorkGraph graph, string value)
    {
        if (graph.Source.Outputs.Exists(output => output.Name == value))
            return "is an output of the graph";
        if (graph.Source.Captured.Contains(value))
            return "is read by a subgraph";
        int readers = graph.Nodes.Where(node => !node.IsRemoved).Sum(node => node.Inputs.Count(input => input == value));
        return readers > 1 ? $"is read {(readers == 2 ? "twice" : $"{readers} times")}" : null;
    }

    private static string? ReadsZeros(WorkNode node)
    {
        if (node.Operator == "ConvTranspose")
            return "reads zeros between and around its inputs";
        if (node.Operator != "Conv")
            return null;
        string auto = node.Source.Text("auto_pad", "NOTSET");
        return auto is not ("NOTSET" or "VALID") || auto == "NOTSET" && node.Source.Integers("pads")?.Any(pad => pad != 0) == true ? "pads with zeros" : null;
    }

    private static int? RankOf(WorkGraph graph, string? value) =>
        graph.Source.Value(value)?.Shape?.Length ?? (graph.Producer(value) is { Operator: "Gemm" or "Flatten" } ? 2 : null);

    /// <summary>The values as the tensor's type can hold them; null if one becomes infinite by it.</summary>
    internal static double[]? Rounded(double[] values, ModelTensor type)
    {
        byte[] bytes = new byte[values.Length * type.ElementType!.Value.SizeInBytes()];
        ElementEncoder.Encode<double>(values, type.ElementType.Value, bytes);
        double[] rounded = new double[values.Length];
        ElementDecoder.Decode(type.ElementType.Value, bytes, rounded.AsSpan());
        for (int i = 0; i < rounded.Length; i++)
        {
            if (double.IsFinite(values[i]) && !double.IsFinite(rounded[i]))
                return null;
        }
        return rounded;
    }

    /// <summary>Evaluates both layers at a few places of random input.</summary>
    private static void Check(
        FoldedNorm folded, LinearWeight before, LinearWeight after, Func<double, int, double> ofInput, Func<double, int, double> ofOutputBefore, Func<double, int, double> ofOutputAfter)
    {
        Random random = new(1);
        double most = 0, largest = 0;
        for (int place = 0; place < 4; place++)
        {
            double[] x = new double[before.Inputs * before.Taps];
            for (int i = 0; i < x.Length; i++)
                x[i] = (2 * random.NextDouble()) - 1;
            double[] one = before.At((channel, tap) => ofInput(x[(channel * before.Taps) + tap], channel)), other = after.At((channel, tap) => x[(channel * before.Taps) + tap]);
            for (int o = 0; o < one.Length; o++)
            {
                double y = ofOutputBefore(one[o], o);
                most = Math.Max(most, Math.Abs(y - ofOutputAfter(other[o], o)));
                largest = Math.Max(largest, Math.Abs(y));
            }
        }
        (folded.Difference, folded.LargestOutput) = (most, largest);
    }
}

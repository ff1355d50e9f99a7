using System.Globalization;
using System.Text.RegularExpressions;
using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>Finds norms in an ONNX graph: operators, and what exporters write in their place.</summary>
internal static partial class GraphNorms
{
    private const string Microsoft = "com.microsoft";

    internal static List<ModelNorm> Find(OnnxModel model)
    {
        List<ModelNorm> norms = [];
        foreach (OnnxGraph graph in model.Graphs)
        {
            foreach (OnnxNode node in graph.Nodes)
            {
                if (Operator(node, model) is ModelNorm norm || Pattern(node) is ModelNorm pattern && (norm = pattern) is not null)
                    norms.Add(norm);
            }
        }
        return norms;
    }

    private static ModelNorm? Operator(OnnxNode node, OnnxModel model)
    {
        if (node.Domain is not ("" or Microsoft))
            return null;
        switch (node.Operator)
        {
            case "BatchNormalization":
                ModelNorm batch = Of(node, NormKind.BatchNorm, 1, 2, 1e-5, isTraining: IsTraining(node, model));
                (batch.RunningMean, batch.RunningVar) = (node.Graph.Constant(node.Input(3)), node.Graph.Constant(node.Input(4)));
                if (node.Attributes.GetValueOrDefault("momentum")?.Float is float momentum)
                    batch.Momentum = Shortest(momentum);
                if (node.Graph.Producer(node.Input(0)) is { Operator: "Conv" or "ConvTranspose" or "Gemm" or "MatMul" } writer)
                    batch.Writer = writer.Input(1);
                return batch;
            case "InstanceNormalization":
                return AsGroupNorm(node) ?? Of(node, NormKind.InstanceNorm, 1, 2, 1e-5);
            case "LayerNormalization":
                return Of(node, NormKind.LayerNorm, 1, 2, 1e-5);
            case "GroupNormalization" or "GroupNorm":
                ModelNorm group = Of(node, NormKind.GroupNorm, 1, 2, 1e-5);
                group.Groups = (int)Math.Clamp(node.Integer("num_groups", node.Integer("groups", 0)), 0, int.MaxValue);
                return group;
            case "SkipGroupNorm":
                return Of(node, NormKind.GroupNorm, 1, 2, 1e-5);
            case "RMSNormalization" or "SimplifiedLayerNormalization":
                return Of(node, NormKind.RmsNorm, 1, -1, 1e-5);
            case "SkipLayerNormalization":
                return Of(node, NormKind.LayerNorm, 2, 3, 1e-12, epsRequired: true);
            case "SkipSimplifiedLayerNormalization":
                return Of(node, NormKind.RmsNorm, 2, -1, 1e-12, epsRequired: true);
            case "EmbedLayerNormalization":
                return Of(node, NormKind.LayerNorm, 5, 6, 1e-12, epsRequired: true);
            case "LRN":
                return new(NameOf(node, null), NormKind.LocalResponseNorm, Where(node)) { EpsSource = "none: it adds a constant instead", After = Before(node, 0), Before = Behind(node) };
            case "LpNormalization":
                return new(NameOf(node, null), NormKind.LpNormalize, Where(node)) { EpsSource = "none: the operator has no eps", After = Before(node, 0), Before = Behind(node) };
            case "MeanVarianceNormalization":
                return new(NameOf(node, null), NormKind.MeanVarianceNorm, Where(node)) { EpsSource = "none: the operator has no eps", After = Before(node, 0), Before = Behind(node) };
            default:
                return null;
        }
    }

    private static ModelNorm Of(OnnxNode node, NormKind kind, int weight, int bias, double defaultEps, bool epsRequired = false, bool isTraining = false)
    {
        string? scale = node.Input(weight);
        ModelNorm norm = new(NameOf(node, scale), kind, Where(node)) { IsTraining = isTraining, After = Before(node, 0), Before = Behind(node) };
        SetAffine(norm, node.Graph, scale, bias < 0 ? null : node.Input(bias));
        if (node.Attributes.GetValueOrDefault("epsilon")?.Float is float eps)
        {
            (norm.Eps, norm.EpsSource) = (Shortest(eps), "attribute epsilon");
        }
        else
        {
            (norm.Eps, norm.EpsSource) = (defaultEps, $"not given: the default of {node.Operator}");
            if (epsRequired)
            {
                norm.Add(NormFindingKind.MissingEps, $"the node gives no epsilon. ONNX Runtime then takes 1e-12, and other readers take 1e-5: the results differ. Set the attribute epsilon to the value that the model was trained with.");
            }
        }
        norm.Place = NormPlace.Of(norm.Name);
        return norm;
    }

    private static bool IsTraining(OnnxNode node, OnnxModel model) => model.Opset < 7
        ? node.Integer("is_test", 0) == 0
        : node.Integer("training_mode", 0) != 0 || node.Outputs.Skip(1).Any(output => output.Length > 0);

    /// <summary>PyTorch writes group norm as Reshape, InstanceNormalization, Reshape, Mul and Add.</summary>
    private static ModelNorm? AsGroupNorm(OnnxNode node)
    {
        OnnxGraph graph = node.Graph;
        if (graph.Producer(node.Input(0)) is not { Operator: "Reshape" } reshape || graph.Consumers(node.Output(0)) is not [{ Operator: "Reshape" } back])
            return null;
        (string? weight, string? bias, OnnxNode last) = Affine(graph, back);
        ModelNorm norm = new(NameOf(node, weight), NormKind.GroupNorm, $"{Where(node)} between two Reshapes") { After = Before(reshape, 0), Before = Behind(last) };
        if (graph.Constant(node.Input(1)) is ModelTensor groups)
            norm.Groups = (int)Math.Min(groups.Count, int.MaxValue);
        (norm.Eps, norm.EpsSource) = node.Attributes.GetValueOrDefault("epsilon")?.Float is float eps ? (Shortest(eps), "attribute epsilon") : (1e-5, "not given: the default of InstanceNormalization");
        SetAffine(norm, graph, weight, bias);
        norm.Place = NormPlace.Of(norm.Name);
        return norm;
    }

    /// <summary>A norm in single steps: the square root of a mean of squares and eps, what is divided by it, and the weight and bias behind.</summary>
    private static ModelNorm? Pattern(OnnxNode root)
    {
        OnnxGraph graph = root.Graph;
        bool isInverse = false;
        if (root.Operator == "Pow" && graph.Scalar(root.Input(1)) is double power && Math.Abs(Math.Abs(power) - 0.5) < 1e-3)
            isInverse = power < 0;
        else if (root.Operator != "Sqrt" || root.Domain.Length > 0)
            return null;

        // Backwards: eps, the mean of squares, the squares, and whether a mean was subtracted.
        double? eps = null;
        OnnxNode? mean = Through(graph, root.Input(0));
        if (mean is { Operator: "Add" })
        {
            eps = graph.Scalar(mean.Input(1)) ?? graph.Scalar(mean.Input(0));
            if (eps is null)
                return null;
            mean = Through(graph, graph.Scalar(mean.Input(1)) is null ? mean.Input(1) : mean.Input(0));
        }
        if (mean is not { Operator: "ReduceMean" } || Through(graph, mean.Input(0)) is not OnnxNode square || !IsSquare(graph, square))
            return null;
        string? centred = square.Input(0), input = centred;
        OnnxNode? difference = Through(graph, centred);
        bool hasMean = difference is { Operator: "Sub" } && Through(graph, difference.Input(1)) is { Operator: "ReduceMean" };
        if (hasMean)
            input = difference!.Input(0);

        // Forwards: what is divided by the root, or multiplied by its reciprocal.
        OnnxNode? quotient = Quotient(graph, root, isInverse);
        if (quotient is null)
            return null;
        (string? weight, string? bias, OnnxNode last) = Affine(graph, quotient);
        if (weight is null && eps is null)
            return null;

        IReadOnlyList<long> axes = mean.Integers("axes") is { Count: > 0 } given ? given : AxesInput(graph, mean);
        NormKind kind = !hasMean ? NormKind.RmsNorm : axes.Contains(2) && axes.All(axis => axis >= 2) && axes.Count > 1 ? NormKind.InstanceNorm : NormKind.LayerNorm;
        string steps = hasMean ? "ReduceMean, Sub, Pow, ReduceMean, Sqrt, Div" : "Pow, ReduceMean, Sqrt, Div";
        ModelNorm norm = new(NameOf(root, weight), kind, $"{PlaceOf(root)}nodes up to {root.Label} ({steps})")
        {
            Eps = eps,
            EpsSource = eps is null ? "the graph adds none" : "a constant of the graph",
            After = Through(graph, input) is OnnxNode producer ? Describe(producer) : InputName(graph, Uncast(graph, input)),
            Before = Behind(last),
        };
        if (eps is double exact && (double)(float)exact == exact)
            norm.Eps = Shortest((float)exact);
        if (eps is null)
            norm.Add(NormFindingKind.UnusualEps, "the graph adds no eps under the root: a row of equal values gives NaN. Export the model with the norm's own operator, or add eps to the mean of squares.");
        SetAffine(norm, graph, weight, bias);
        norm.Place = NormPlace.Of(norm.Name);
        return norm;
    }

    private static bool IsSquare(OnnxGraph graph, OnnxNode node) =>
        node.Operator == "Pow" && graph.Scalar(node.Input(1)) is 2 || node.Operator == "Mul" && node.Inputs.Count == 2 && node.Inputs[0] == node.Inputs[1];

    private static OnnxNode? Quotient(OnnxGraph graph, OnnxNode root, bool isInverse)
    {
        foreach (OnnxNode reader in Readers(graph, root))
        {
            if (isInverse && reader.Operator == "Mul")
                return reader;
            if (reader.Operator == "Div" && reader.Input(0) is string top && graph.Scalar(top) is null)
                return reader;
            if (reader.Operator is "Reciprocal" or "Div")
                return Readers(graph, reader).FirstOrDefault(next => next.Operator == "Mul");
        }
        return null;
    }

    /// <summary>The readers of a node's output, those of a Cast in its place.</summary>
    private static IEnumerable<OnnxNode> Readers(OnnxGraph graph, OnnxNode node, int depth = 0) => depth > 4 ? [] : graph.Consumers(node.Output(0))
        .SelectMany(reader => reader.Operator == "Cast" ? Readers(graph, reader, depth + 1) : [reader]);

    /// <summary>The weight and the bias behind a node, and the last node of both.</summary>
    private static (string? Weight, string? Bias, OnnxNode Last) Affine(OnnxGraph graph, OnnxNode node)
    {
        OnnxNode last = node;
        string? weight = null, bias = null;
        if (Readers(graph, last).ToList() is [{ Operator: "Mul" } product] && ConstantInput(graph, product) is string factor)
            (weight, last) = (factor, product);
        if (Readers(graph, last).ToList() is [{ Operator: "Add" } sum] && ConstantInput(graph, sum) is string summand)
            (bias, last) = (summand, sum);
        return (weight, bias, last);
    }

    private static string? ConstantInput(OnnxGraph graph, OnnxNode node) =>
        node.Inputs.FirstOrDefault(input => graph.Constant(input) is { ElementType: not null } || OnePlus(graph, input) is not null);

    /// <summary>The weight in 1 + weight, as Gemma has it; null if the value is no such sum.</summary>
    private static string? OnePlus(OnnxGraph graph, string? value)
    {
        if (Through(graph, value) is not { Operator: "Add" } sum)
            return null;
        if (graph.Scalar(sum.Input(0)) is 1 && graph.Constant(sum.Input(1)) is { Count: > 1 })
            return sum.Input(1);
        return graph.Scalar(sum.Input(1)) is 1 && graph.Constant(sum.Input(0)) is { Count: > 1 } ? sum.Input(0) : null;
    }

    private static void SetAffine(ModelNorm norm, OnnxGraph graph, string? weight, string? bias)
    {
        string? inner = OnePlus(graph, weight);
        norm.AddsOne = inner is not null;
        norm.Weight = graph.Constant(inner ?? weight);
        norm.Bias = graph.Constant(bias);
    }

    private static OnnxNode? Through(OnnxGraph graph, string? value)
    {
        OnnxNode? node = graph.Producer(value);
        for (int depth = 0; depth < 8 && node is { Operator: "Cast" or "Identity" }; depth++)
            node = graph.Producer(node.Input(0));
        return node;
    }

    private static string? Uncast(OnnxGraph graph, string? value)
    {
        for (int depth = 0; depth < 8 && graph.Producer(value) is { Operator: "Cast" or "Identity" } node; depth++)
            value = node.Input(0);
        return value;
    }

    private static List<long> AxesInput(OnnxGraph graph, OnnxNode node) =>
        graph.Constant(node.Input(1)) is { Count: < 64, ElementType: not null } axes ? [.. axes.ToArray<double>().Select(axis => (long)axis)] : [];

    /// <summary>The weight's prefix where it has the name of a PyTorch module, or else the node's name without its operator.</summary>
    private static string NameOf(OnnxNode node, string? weight)
    {
        foreach (string? name in (string?[])[weight, weight is null ? null : OnePlus(node.Graph, weight)])
        {
            if (name is not null && WeightName().Match(name) is { Success: true } match && !name.StartsWith("onnx::", StringComparison.Ordinal))
                return match.Groups[1].Value;
        }
        string label = node.Label.TrimStart('/');
        int slash = label.LastIndexOf('/');
        return slash > 0 && OperatorName().IsMatch(label[(slash + 1)..]) ? label[..slash] : label;
    }

    private static string Where(OnnxNode node) => $"{PlaceOf(node)}node {node.Label} ({node.Operator})";

    private static string PlaceOf(OnnxNode node) => node.Graph.Place.Length > 0 ? $"{node.Graph.Place}: " : "";

    private static string? Before(OnnxNode node, int input) => node.Graph.Producer(node.Input(input)) is OnnxNode producer ? Describe(producer) : InputName(node.Graph, node.Input(input));

    private static string? InputName(OnnxGraph graph, string? value) => graph.Inputs.Exists(input => input.Name == value) ? $"input {value}" : null;

    private static string? Behind(OnnxNode node)
    {
        IReadOnlyList<OnnxNode> readers = node.Graph.Consumers(node.Output(0));
        bool isOutput = node.Graph.Outputs.Exists(output => output.Name == node.Output(0));
        if (readers.Count == 0)
            return isOutput ? $"output {node.Output(0)}" : null;
        return Describe(readers[0]) + (readers.Count > 1 ? $" and {readers.Count - 1} more" : "") + (isOutput ? ", and an output" : "");
    }

    private static string Describe(OnnxNode node) => node.Name.Length > 0 ? $"{node.Operator} {node.Name}" : node.Operator;

    /// <summary>The double that the shortest decimal of a float means: 1e-5 for 1e-5f.</summary>
    private static double Shortest(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(.+)[._/](weight|gamma|scale|g|a_2|bias)$")]
    private static partial Regex WeightName();

    [GeneratedRegex(@"^[A-Z][A-Za-z]*(_\d+)?$")]
    private static partial Regex OperatorName();
}

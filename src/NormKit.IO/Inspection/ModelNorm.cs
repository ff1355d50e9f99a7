namespace NormKit.IO;

/// <summary>A normalization found in a model file.</summary>
public sealed class ModelNorm
{
    private readonly List<NormFinding> findings = [];

    internal ModelNorm(string name, NormKind kind, string where) => (Name, Kind, Where) = (name, kind, where);

    /// <summary>Gets the norm's name: the tensors' common prefix, or the name of the graph's node.</summary>
    public string Name { get; }

    /// <summary>Gets the kind.</summary>
    public NormKind Kind { get; internal set; }

    /// <summary>Gets where it is: a file, or a node and its operator.</summary>
    public string Where { get; }

    /// <summary>Gets the shape of its weight, or of the statistics if it has no weight; empty if it has no tensors.</summary>
    public ReadOnlySpan<nint> Shape => (Weight ?? RunningVar ?? RunningMean ?? Bias) is ModelTensor tensor ? tensor.Shape : default;

    /// <summary>Gets the element type of its weight by the format's name; empty if it has no tensors.</summary>
    public string TypeName => (Weight ?? RunningVar ?? RunningMean ?? Bias)?.TypeName ?? "";

    /// <summary>Gets the eps; null if the files do not say.</summary>
    public double? Eps { get; internal set; }

    /// <summary>Gets where the eps stands, such as "config.json: rms_norm_eps", or why there is none.</summary>
    public string EpsSource { get; internal set; } = "";

    /// <summary>Gets what comes before the norm; null if the file does not tell.</summary>
    public string? After { get; internal set; }

    /// <summary>Gets what reads the norm's output; null if the file does not tell.</summary>
    public string? Before { get; internal set; }

    /// <summary>Gets the number of groups of a group norm; null if it is not known.</summary>
    public int? Groups { get; internal set; }

    /// <summary>Gets the momentum, as the file has it; null if it has none.</summary>
    public double? Momentum { get; internal set; }

    /// <summary>Gets how many batches the running statistics have seen; null if the file does not count.</summary>
    public long? BatchesTracked { get; internal set; }

    /// <summary>Gets whether the weight looks stored minus one; null if its values do not tell.</summary>
    public bool? LooksMinusOne { get; internal set; }

    /// <summary>Gets whether the architecture adds one to the stored weight; null if the files do not say what the architecture is.</summary>
    public bool? AddsOne { get; internal set; }

    /// <summary>The weight, or null.</summary>
    internal ModelTensor? Weight { get; set; }

    /// <summary>The bias, or null.</summary>
    internal ModelTensor? Bias { get; set; }

    /// <summary>The running mean, or null.</summary>
    internal ModelTensor? RunningMean { get; set; }

    /// <summary>The running variance, or null.</summary>
    internal ModelTensor? RunningVar { get; set; }

    /// <summary>Gets what is wrong with it, worst first; empty for a sound norm.</summary>
    public IReadOnlyList<NormFinding> Findings => findings;

    /// <summary>Gets how it relates to the same norm of the other file; null without one, or where the other has no such norm.</summary>
    public NormRelation? Relation { get; internal set; }

    /// <summary>Its number among the model's layers, -1 outside them, and its part in the layer, by llama.cpp's names.</summary>
    internal NormPlace Place { get; set; } = NormPlace.None;

    /// <summary>Weights of linear layers and convolutions that read its output, and the one that makes its input.</summary>
    internal List<string> Readers { get; } = [];

    internal string? Writer { get; set; }

    /// <summary>Whether a graph normalizes by the batch's own statistics.</summary>
    internal bool IsTraining { get; init; }

    /// <summary>A tensor that a norm of this kind cannot do without, and that is missing.</summary>
    internal string? Missing { get; set; }

    internal IEnumerable<(string Part, ModelTensor Tensor)> Parts
    {
        get
        {
            if (Weight is not null)
                yield return ("weight", Weight);
            if (Bias is not null)
                yield return ("bias", Bias);
            if (RunningMean is not null)
                yield return ("running mean", RunningMean);
            if (RunningVar is not null)
                yield return ("running variance", RunningVar);
        }
    }

    internal void Add(NormFindingKind kind, string text) => findings.Add(new NormFinding(kind, text));

    internal void SortFindings() => findings.Sort((a, b) => a.Kind.CompareTo(b.Kind));
}

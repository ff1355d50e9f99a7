namespace NormKit.IO;

/// <summary>The norms of a model file, and what is wrong with them.</summary>
public sealed class ModelInspection
{
    internal ModelInspection(ModelFile model, string architecture, IReadOnlyList<ModelNorm> norms)
    {
        (Path, Format, Architecture, Norms) = (model.Path, model.Format, architecture, norms);
        TensorCount = model.Tensors.Count;
        Bytes = model.Maps.Sum(file => file.Length);
    }

    /// <summary>Gets the path of the model file.</summary>
    public string Path { get; }

    /// <summary>Gets its format.</summary>
    public ModelFormat Format { get; }

    /// <summary>Gets the architecture by config.json or by the file's own metadata; empty if neither says.</summary>
    public string Architecture { get; }

    /// <summary>Gets the norms, in the order of the file.</summary>
    public IReadOnlyList<ModelNorm> Norms { get; }

    /// <summary>Gets the number of tensors in all files of the model.</summary>
    public int TensorCount { get; }

    /// <summary>Gets the length of all files of the model together, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Gets the path of the file that was compared with; null if there was none.</summary>
    public string? OtherPath { get; internal set; }

    /// <summary>Gets the names of norms that only the other file has.</summary>
    public IReadOnlyList<string> OnlyInOther { get; internal set; } = [];

    /// <summary>Gets remarks that concern the whole model.</summary>
    public IReadOnlyList<string> Notes { get; internal set; } = [];

    /// <summary>How the values of each norm's tensors spread.</summary>
    internal Dictionary<ModelNorm, IReadOnlyList<NormSpread>> Spreads { get; } = [];
}

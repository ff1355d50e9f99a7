namespace NormKit.Cli;

/// <summary>The four layers, in the notebook's order.</summary>
internal enum LayerKind
{
    Batch,
    Layer,
    Instance,
    Group,
}

/// <summary>What the layers are called on the command line.</summary>
internal static class LayerNames
{
    public static readonly LayerKind[] All = [LayerKind.Batch, LayerKind.Layer, LayerKind.Instance, LayerKind.Group];

    public static string Short(this LayerKind kind) => kind switch
    {
        LayerKind.Batch => "batch",
        LayerKind.Layer => "layer",
        LayerKind.Instance => "instance",
        _ => "group",
    };

    public static string Full(this LayerKind kind) => kind.Short() + "-norm";

    /// <summary>Whether it keeps running statistics, and so differs between training and evaluation.</summary>
    public static bool HasRunningStatistics(this LayerKind kind) => kind is LayerKind.Batch or LayerKind.Instance;
}

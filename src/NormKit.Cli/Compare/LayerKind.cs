namespace NormKit.Cli.Compare;

/// <summary>The layers that are compared, in the notebook's order.</summary>
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

    /// <summary>Its name in the catalogue.</summary>
    public static string Full(this LayerKind kind) => kind.Short() + "-norm";
}

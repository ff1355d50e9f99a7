namespace NormKit.Benchmarks.Peers;

/// <summary>What is measured.</summary>
internal static class RowTable
{
    private static readonly nint[] InCache = [16, 32, 64, 64];
    private static readonly nint[] BeyondCache = [32, 256, 56, 56];

    /// <summary>Small enough and different enough to check that each peer still computes what it should.</summary>
    public static readonly Row[] Quick =
    [
        new(Layer.BatchNorm, [4, 16, 28, 28]),
        new(Layer.BatchNorm, [4, 16, 28, 28], Format: MemoryFormat.ChannelsLast),
        new(Layer.BatchNormEval, [4, 16, 28, 28]),
        new(Layer.InstanceNorm, [4, 16, 28, 28]),
        new(Layer.GroupNorm, [4, 16, 28, 28], 4),
        new(Layer.GroupNorm, [4, 16, 28, 28], 4, MemoryFormat.ChannelsLast),
        new(Layer.LayerNorm, [64, 768]),
        new(Layer.LayerNorm, [64, 768], Element: Element.BFloat16),
        new(Layer.LayerNorm, [64, 768], Element: Element.Float64),
        new(Layer.RmsNorm, [64, 768]),
        new(Layer.AddLayerNorm, [64, 768]),
        new(Layer.AddRmsNorm, [64, 768]),
    ];

    /// <summary>Layer norm on rows of 1,024, and batch norm on 64 channels, from 4 KiB to 1 GiB.</summary>
    public static IEnumerable<Row> Sweep =>
        from power in Enumerable.Range(0, 10)
        let count = 1024 << (2 * power)
        let positions = Math.Min(1024, count / 64)
        from row in (Row[])[new(Layer.LayerNorm, [count / 1024, 1024]), new(Layer.BatchNorm, [count / (64 * positions), 64, positions])]
        select row;

    public static readonly Row[] All =
    [
        .. FourLayers(Element.Float32),
        new(Layer.LayerNorm, [4096, 768]),
        new(Layer.RmsNorm, [4096, 768]),
        new(Layer.LayerNorm, [2048, 4096]),
        new(Layer.RmsNorm, [2048, 4096]),
        new(Layer.AddLayerNorm, [2048, 4096]),
        new(Layer.AddRmsNorm, [2048, 4096]),
        new(Layer.LayerNorm, [32, 768]),
        new(Layer.LayerNorm, [1, 768]),
        new(Layer.LayerNorm, [1, 768], Element: Element.BFloat16),
        new(Layer.RmsNorm, [1, 4096]),
        new(Layer.RmsNorm, [1, 8192]),
        new(Layer.RmsNorm, [256, 512]),
        new(Layer.BatchNorm, [8, 64]),
        new(Layer.BatchNorm, [2, 8, 8, 8]),
        new(Layer.GroupNorm, [2, 16, 8, 8], 4),
        new(Layer.InstanceNorm, [1, 3, 32, 32]),
        .. Beyond(Element.Float32),
        new(Layer.BatchNorm, [64, 2048, 7, 7]) { Elsewhere = ("oneDNN, channels-last: 1.9", "oneDNN, channels-last: 2.1") },
        new(Layer.BatchNorm, [4096, 512]),
        new(Layer.BatchNormEval, InCache),
        new(Layer.BatchNormEval, BeyondCache) { Elsewhere = ("oneDNN, blocked: 0.65", "") },
        new(Layer.BatchNorm, InCache, Format: MemoryFormat.ChannelsLast),
        new(Layer.GroupNorm, InCache, 8, MemoryFormat.ChannelsLast),
        new(Layer.BatchNorm, BeyondCache, Format: MemoryFormat.ChannelsLast),
        new(Layer.GroupNorm, BeyondCache, 32, MemoryFormat.ChannelsLast),
        .. MainRows(Element.BFloat16),
        .. MainRows(Element.Float64),
    ];

    private static Row[] MainRows(Element element) =>
    [
        .. FourLayers(element),
        new(Layer.LayerNorm, [4096, 768], Element: element),
        new(Layer.LayerNorm, [2048, 4096], Element: element),
        new(Layer.RmsNorm, [2048, 4096], Element: element),
        .. Beyond(element),
    ];

    private static Row[] FourLayers(Element element) =>
    [
        new(Layer.BatchNorm, InCache, Element: element)
        {
            Elsewhere = element == Element.Float32 ? ("oneDNN, channels-last: 2.8", "oneDNN, channels-last: 1.4") : null,
        },
        new(Layer.LayerNorm, InCache, Element: element),
        new(Layer.InstanceNorm, InCache, Element: element),
        new(Layer.GroupNorm, InCache, 8, Element: element),
    ];

    private static Row[] Beyond(Element element) =>
    [
        new(Layer.BatchNorm, BeyondCache, Element: element)
        {
            Elsewhere = element == Element.Float32 ? ("oneDNN, blocked: 1.34", "oneDNN, blocked: 0.91") : null,
        },
        new(Layer.InstanceNorm, BeyondCache, Element: element),
        new(Layer.GroupNorm, BeyondCache, 32, Element: element),
    ];
}

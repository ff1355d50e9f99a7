namespace NormKit.Benchmarks.Peers;

internal enum Layer
{
    BatchNorm,
    BatchNormEval,
    LayerNorm,
    RmsNorm,
    InstanceNorm,
    GroupNorm,
    AddLayerNorm,
    AddRmsNorm,
}

internal enum Element
{
    Float32,
    Float64,
    BFloat16,
}

internal enum Pass
{
    Forward,
    Backward,
}

/// <summary>A line of the tables: a layer at a shape. Layer and RMS norm go over all dimensions but the first.</summary>
/// <param name="Layer">What is computed.</param>
/// <param name="Shape">(N, C, *).</param>
/// <param name="Groups">Group norm's.</param>
/// <param name="Format">The order in memory.</param>
/// <param name="Element">What the tensors hold.</param>
internal sealed record Row(
    Layer Layer, nint[] Shape, int Groups = 0, MemoryFormat Format = MemoryFormat.Contiguous, Element Element = Element.Float32)
{
    public const double Eps = 1e-5;

    /// <summary>What is documented of a library in another layout, which it prefers; a word for each pass.</summary>
    public (string Forward, string Backward)? Elsewhere { get; init; }

    public bool IsChannelsLast => Format == MemoryFormat.ChannelsLast;

    /// <summary>Whether each element has its own weight: layer and RMS norm.</summary>
    public bool IsOfRows => Layer is Layer.LayerNorm or Layer.RmsNorm or Layer.AddLayerNorm or Layer.AddRmsNorm;

    public bool IsCentered => Layer is not (Layer.RmsNorm or Layer.AddRmsNorm);

    public bool HasResidual => Layer is Layer.AddLayerNorm or Layer.AddRmsNorm;

    /// <summary>Evaluation has no backward pass worth the name: its statistics are constants.</summary>
    public IEnumerable<Pass> Passes => Layer == Layer.BatchNormEval ? [Pass.Forward] : [Pass.Forward, Pass.Backward];

    public int N => (int)Shape[0];

    public int C => (int)Shape[1];

    /// <summary>Positions.</summary>
    public int S => (int)Shape[2..].Aggregate((nint)1, (product, length) => product * length);

    public int Count => N * C * S;

    public int ElementBytes => Element switch { Element.Float64 => 8, Element.Float32 => 4, _ => 2 };

    public int Bytes => Count * ElementBytes;

    /// <summary>How many weights there are.</summary>
    public int Weights => IsOfRows ? C * S : C;

    public nint[] WeightShape => IsOfRows ? Shape[1..] : [C];

    /// <summary>The shape in the order of memory.</summary>
    public nint[] MemoryShape => IsChannelsLast ? [Shape[0], .. Shape[2..], Shape[1]] : Shape;

    public string Name
    {
        get
        {
            string layer = Layer switch
            {
                Layer.BatchNorm => "BN",
                Layer.BatchNormEval => "BN eval",
                Layer.LayerNorm => "LN",
                Layer.RmsNorm => "RMS",
                Layer.InstanceNorm => "IN",
                Layer.GroupNorm => $"GN({Groups})",
                Layer.AddLayerNorm => "add + LN",
                _ => "add + RMS",
            };
            string element = Element switch { Element.Float64 => ", float64", Element.BFloat16 => ", bfloat16", _ => "" };
            return $"{layer} [{string.Join(",", Shape)}]{(IsChannelsLast ? ", channels-last" : "")}{element}";
        }
    }
}

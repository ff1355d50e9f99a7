namespace NormKit.Diagnosis;

/// <summary>An input, the output that some program made of it, and what is known besides.</summary>
public sealed class DiagnosisRequest
{
    /// <summary>The input's elements, last dimension fastest.</summary>
    public required double[] Input { get; init; }

    /// <summary>The input's shape: 1 to 8 dimensions, none of them 0.</summary>
    public required int[] Shape { get; init; }

    /// <summary>The output's elements, as many as the input's.</summary>
    public required double[] Output { get; init; }

    /// <summary>The output's shape, where it is another than the input's: the same with the channels moved to the other end.</summary>
    public int[]? OutputShape { get; init; }

    /// <summary>The type that the input was stored in.</summary>
    public NumberFormat InputFormat { get; init; } = NumberFormat.Float32;

    /// <summary>The type that the output was stored in.</summary>
    public NumberFormat OutputFormat { get; init; } = NumberFormat.Float32;

    /// <summary>The weight, flattened; null where it is not known.</summary>
    public double[]? Weight { get; init; }

    /// <summary>The bias, flattened.</summary>
    public double[]? Bias { get; init; }

    /// <summary>A running mean for each channel, as it was before the call.</summary>
    public double[]? RunningMean { get; init; }

    /// <summary>A running variance for each channel, as it was before the call.</summary>
    public double[]? RunningVar { get; init; }

    /// <summary>The running mean after the call, to see how it moved.</summary>
    public double[]? RunningMeanAfter { get; init; }

    /// <summary>The running variance after the call.</summary>
    public double[]? RunningVarAfter { get; init; }

    /// <summary>The bias of the convolution whose output the input is, where batch norm was folded into it.</summary>
    public double[]? ConvolutionBias { get; init; }

    /// <summary>What the output is thought to be; null where that is the question.</summary>
    public ExpectedLayer? Expected { get; init; }

    /// <summary>Whether only the settings of the expected layer are looked at, not other groupings.</summary>
    public bool OnlyExpectedGrouping { get; init; }

    /// <summary>The same with another output.</summary>
    internal DiagnosisRequest WithOutput(double[] output, NumberFormat format, int[]? shape) => new()
    {
        Input = Input,
        Shape = Shape,
        Output = output,
        OutputShape = shape,
        InputFormat = InputFormat,
        OutputFormat = format,
        Weight = Weight,
        Bias = Bias,
        RunningMean = RunningMean,
        RunningVar = RunningVar,
        RunningMeanAfter = RunningMeanAfter,
        RunningVarAfter = RunningVarAfter,
        ConvolutionBias = ConvolutionBias,
        Expected = Expected,
        OnlyExpectedGrouping = OnlyExpectedGrouping,
    };
}

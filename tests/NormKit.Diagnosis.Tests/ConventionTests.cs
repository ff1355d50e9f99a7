namespace NormKit.Diagnosis.Tests;

/// <summary>The conventions in which frameworks differ, each made from its formula.</summary>
public sealed class ConventionTests
{
    private static readonly int[] Shape = [4, 8, 5, 6];
    private const int S = 30;
    private const int Length = 4 * 8 * S;

    /// <summary>The notebook's four cells: torch.rand, the layer's output against the formula with torch.var, whose divisor is n - 1.</summary>
    [Theory]
    [InlineData("batch")]
    [InlineData("layer")]
    [InlineData("instance")]
    [InlineData("group")]
    public void Notebook_EachCell_IsTheSampleVariance(string cell)
    {
        int[] shape = [6, 16, 8, 9];
        double[] x = Formulas.Uniform(6 * 16 * 72, 1, 0, 1);
        Func<int, int> set = cell switch
        {
            "batch" => i => i / 72 % 16,
            "layer" => i => i / (16 * 72),
            "instance" => i => i / 72,
            _ => i => i / (2 * 72),
        };
        ExpectedLayer expected = cell switch
        {
            "batch" => new(NormalizationKind.BatchNorm),
            "layer" => new(NormalizationKind.LayerNorm),
            "instance" => new(NormalizationKind.InstanceNorm),
            _ => new(NormalizationKind.GroupNorm) { Groups = 8 },
        };
        double[] y = Formulas.Floats(Formulas.Normalize(x, set, 1e-5, less: 1));
        foreach (ExpectedLayer? told in (ExpectedLayer?[])[expected, null])
        {
            DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = shape, Expected = told });
            Assert.Equal((Verdict.Explained, expected.Kind), (result.Verdict, result.Best.Kind));
            Assert.Equal([CauseKind.SampleVariance], result.Best.Causes());
            Assert.InRange(result.Best.Explained, 0.999, 1);
            Assert.Contains("with the sample variance (n - 1) where PyTorch uses n: that explains", result.Sentence, StringComparison.Ordinal);
        }
    }

    /// <summary>Keras: epsilon is 1e-3 unless it is set, and the channels are last.</summary>
    [Fact]
    public void Keras_DefaultEps_IsNamed()
    {
        int[] shape = [4, 5, 6, 8];
        double[] x = Formulas.Normal(Length, 2);
        double[] y = Formulas.Floats(Formulas.Normalize(x, i => i % 8, 1e-3));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = shape, Expected = new(NormalizationKind.BatchNorm) { ChannelsLast = true } });
        Assert.Equal([CauseKind.Eps], result.Best.Causes());
        Assert.Equal(1e-3, result.Best.Eps);
        Assert.Contains(result.Advice, advice => advice.Library == "Keras" && advice.Code.Contains("axis=-1", StringComparison.Ordinal));

        // The same, held against a layer whose channels are first.
        DiagnosisResult first = Formulas.Diagnose(new() { Input = x, Output = y, Shape = shape, Expected = new(NormalizationKind.BatchNorm) });
        Assert.Equal([CauseKind.ChannelOrder, CauseKind.Eps], first.Best.Causes());
    }

    /// <summary>ONNX GroupNormalization: 18 has a scale and a bias for each group, 21 for each channel.</summary>
    [Fact]
    public void Onnx_GroupNormalization18_HasOneWeightAGroup()
    {
        double[] x = Formulas.Normal(Length, 3), scale = Formulas.Uniform(4, 4, 0.5, 1.5), bias = Formulas.Uniform(4, 5, -1, 1);
        double[] normalized = Formulas.Normalize(x, i => i / (2 * S), 1e-5);
        DiagnosisRequest Request(Func<int, int> index, double[] weights, double[] biases) => new()
        {
            Input = x,
            Shape = Shape,
            Weight = weights,
            Bias = biases,
            Expected = new(NormalizationKind.GroupNorm) { Groups = 4 },
            Output = Formulas.Floats(normalized.Select((y, i) => (y * weights[index(i)]) + biases[index(i)])),
        };
        Assert.Equal([CauseKind.WeightPerGroup], Formulas.Diagnose(Request(i => i / (2 * S) % 4, scale, bias)).Best.Causes());
        Assert.Empty(Formulas.Diagnose(Request(i => i / S % 8, Formulas.Uniform(8, 6, 0.5, 1.5), Formulas.Uniform(8, 7, -1, 1))).Best.Causes());
    }

    /// <summary>PyTorch: (1 - m) * running + m * batch with n - 1; ONNX and Keras: momentum weighs the old value, and the variance is by n.</summary>
    [Theory]
    [InlineData(0.1, true, "momentum 0.1 in PyTorch", "0.9 in Keras, Flax and ONNX")]
    [InlineData(0.1, false, "momentum 0.1 in PyTorch", "divided by n, as that of ONNX")]
    [InlineData(0.9, true, "weighed the wrong side", "0.1 belongs here")]
    [InlineData(0.01, false, "momentum 0.01 in PyTorch", "0.99 in Keras")]
    public void Momentum_BeforeAndAfter_TellTheConvention(double weightOfBatch, bool isSample, string first, string second)
    {
        double[] x = Formulas.Normal(Length, 8, offset: 2), y = Formulas.Floats(Formulas.Normalize(x, i => i / S % 8, 1e-5));
        double[] mean = Formulas.Uniform(8, 9, -1, 1), variance = Formulas.Uniform(8, 10, 0.5, 2);
        double[] meanAfter = new double[8], varAfter = new double[8];
        for (int c = 0; c < 8; c++)
        {
            double[] values = [.. x.Where((_, i) => i / S % 8 == c)];
            double average = values.Average(), spread = values.Sum(v => (v - average) * (v - average)) / (isSample ? values.Length - 1 : values.Length);
            meanAfter[c] = (float)(((1 - weightOfBatch) * mean[c]) + (weightOfBatch * average));
            varAfter[c] = (float)(((1 - weightOfBatch) * variance[c]) + (weightOfBatch * spread));
        }
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = x,
            Output = y,
            Shape = Shape,
            RunningMean = mean,
            RunningVar = variance,
            RunningMeanAfter = meanAfter,
            RunningVarAfter = varAfter,
            Expected = new(NormalizationKind.BatchNorm),
        });
        Assert.Empty(result.Best.Causes());
        Assert.Equal(weightOfBatch, result.Momentum!.Momentum, 1e-6);
        Assert.Equal(isSample, result.Momentum.IsSampleVariance);
        Assert.Contains(first, result.Momentum.Text, StringComparison.Ordinal);
        Assert.Contains(second, result.Momentum.Text, StringComparison.Ordinal);
    }

    /// <summary>TorchSharp's GroupNorm starts with whatever was in memory: 0.69, 4.6e-41, NaN, 2.9e18 were seen.</summary>
    [Fact]
    public void TorchSharp_UninitialisedGroupNorm_IsSeenInTheWeights()
    {
        double[] x = Formulas.Normal(Length, 11), weight = [0.69, 4.6e-41, double.NaN, 2.9e18, 1, 0, 3.1e-20, 7e5];
        double[] y = Formulas.Floats(Formulas.Normalize(x, i => i / (4 * S), 1e-5).Select((value, i) => value * weight[i / S % 8]));
        DiagnosisResult result = Formulas.Diagnose(new() { Input = x, Output = y, Shape = Shape, Expected = new(NormalizationKind.GroupNorm) { Groups = 2 } });
        Assert.Equal((NormalizationKind.GroupNorm, (int?)2), (result.Best.Kind, result.Best.Groups));
        Assert.Contains(CauseKind.UnknownWeight, result.Best.Causes());
        for (int c = 0; c < 8; c++)
        {
            if (double.IsNaN(weight[c]))
                Assert.True(double.IsNaN(result.Best.FittedWeight![c]));
            else
                Assert.InRange(result.Best.FittedWeight![c], weight[c] * 0.999, weight[c] * 1.001);
        }
        Assert.Contains(result.Notes, note => note.Contains("never initialised", StringComparison.Ordinal));
    }

    /// <summary>RMS norm in 16 bits: PyTorch multiplies by the weight and rounds once, Llama's code rounds and then multiplies.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void RmsNorm_CastOrder_IsTold(bool castFirst)
    {
        const int width = 64;
        double[] x = Formulas.Halves(Formulas.Normal(40 * width, 12)), weight = Formulas.Halves(Formulas.Uniform(width, 13, 0.3, 1.9));
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            double square = 0;
            for (int k = i / width * width; k < (i / width * width) + width; k++)
                square += x[k] * x[k];
            double normalized = (float)(x[i] / Math.Sqrt((square / width) + 1e-6));
            y[i] = (double)(Half)((castFirst ? (double)(Half)normalized : normalized) * weight[i % width]);
        }
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = x,
            Output = y,
            Shape = [40, width],
            Weight = weight,
            InputFormat = NumberFormat.Float16,
            OutputFormat = NumberFormat.Float16,
            Expected = new(NormalizationKind.RmsNorm) { Eps = 1e-6 },
        });
        Assert.Equal(castFirst ? [CauseKind.CastBeforeWeight] : [], result.Best.Causes());
    }

    /// <summary>CrossMapLRN2d's running window never drops channel 0; LocalResponseNorm has the formula that both document.</summary>
    [Theory]
    [InlineData("LocalResponseNorm", 5)]
    [InlineData("CrossMapLRN2d", 5)]
    [InlineData("LocalResponseNorm", 4)]
    [InlineData("ONNX", 4)]
    [InlineData("sum", 3)]
    public void LocalResponse_EachWindow_IsTold(string kind, int size)
    {
        const int channels = 12, positions = 9;
        double[] x = Formulas.Normal(3 * channels * positions, 14, scale: 3);
        double alpha = kind == "sum" ? 0.02 * size : 0.02;
        double[] y = new double[x.Length];
        for (int i = 0; i < x.Length; i++)
        {
            int c = i / positions % channels, first = i - (c * positions);
            double sum = 0;
            for (int k = 0; k < channels; k++)
            {
                bool isIn = kind switch
                {
                    "CrossMapLRN2d" => k == 0 ? c - ((size - 1) / 2) <= 0 || c > (size / 2) : Math.Abs(k - c) <= (size - 1) / 2,
                    "ONNX" => k >= c - ((size - 1) / 2) && k <= c + (size / 2),
                    _ => k >= c - (size / 2) && k <= c + ((size - 1) / 2),
                };
                double value = x[first + (k * positions)];
                sum += isIn ? value * value : 0;
            }
            y[i] = (float)(x[i] / Math.Pow(1 + (alpha * sum / size), 0.75));
        }
        DiagnosisResult result = Formulas.Diagnose(new()
        {
            Input = x,
            Output = y,
            Shape = [3, channels, 3, 3],
            Expected = new(NormalizationKind.LocalResponseNorm) { Size = size, Alpha = 0.02 },
        });
        Assert.Equal((NormalizationKind.LocalResponseNorm, size), (result.Best.Kind, result.Best.Size));
        CauseKind[] expected = kind switch
        {
            "CrossMapLRN2d" => [CauseKind.RunningWindow],
            "ONNX" => [CauseKind.MirroredWindow],
            "sum" => [CauseKind.WindowSum],
            _ => [],
        };
        Assert.Equal(expected, result.Best.Causes());
        Assert.Equal(0.75, result.Best.Window.Beta);
        Assert.Equal(alpha, result.Best.Window.Alpha, 1e-6);
    }
}

using Microsoft.ML.OnnxRuntime;
using NormKit.IO;
using NormKit.Onnx.Tests;
using NormKit.Tests;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Accuracy;

/// <summary>The errors of one layer on one input: forward, and backward where it has one.</summary>
internal readonly record struct PeerErrors(Errors Y, Errors? Dx = null);

/// <summary>The same input through others: libtorch, ONNX Runtime, the formula as it is often written, and PyTorch from the golden files.</summary>
internal static class Peers
{
    private const float Eps = 1e-5f;

    public static readonly string[] Layers = ["BatchNorm", "LayerNorm", "InstanceNorm", "GroupNorm", "RmsNorm"];

    /// <summary>
    /// Row-major float output of NormKit, of libtorch (null in a build without), of ONNX Runtime (null where it has no kernel) and of the naive formula,
    /// and the gradient of the input of those that have one.
    /// </summary>
    public static (PeerErrors Own, PeerErrors? Torch, PeerErrors? Onnx, PeerErrors Naive) At(string layer, double offset)
    {
        Member member = Members.Named(layer);
        Subject<float> subject = new(member, offset: offset);
        Gradients expected = subject.Expected();
        float[] weight = Placing.Logical(subject.Layer.Weight!.Value), bias = subject.Layer.Bias is null ? new float[weight.Length] : Placing.Logical(subject.Layer.Bias.Value);
        float eps = layer == "RmsNorm" ? MathF.Pow(2, -23) : Eps;
        Pass<float> own = new Subject<float>(member, offset: offset).Run();
        float[] naive = Naive(subject.X, SetsOf(layer, member.Shape), ParameterOf(layer, member.Shape), weight, bias, eps, centred: layer != "RmsNorm");
        float[]? onnx = Onnx(layer, member.Shape, subject.X, weight, bias, eps);
        return (Both(own.Y, own.Dx), Libtorch(), onnx is null ? null : new(Errors.Of(onnx, expected.Y)), new(Errors.Of(naive, expected.Y)));

        PeerErrors Both(float[] y, float[] dx) => new(Errors.Of(y, expected.Y), Errors.Of(dx, expected.Of[0]));

        PeerErrors? Libtorch()
        {
#if TORCH
            (float[] y, float[] dx) = Torch.Run(layer, member.Shape, subject.X, subject.Dy, weight, bias, eps);
            return Both(y, dx);
#else
            return null;
#endif
        }
    }

    /// <summary>PyTorch's float32 output and NormKit's, on a golden case, against PyTorch's in float64.</summary>
    public static (Errors Own, Errors Torch) Golden(string path, NormLayer<float> layer)
    {
        IReadOnlyDictionary<string, StoredTensor> arrays = NpzFile.ReadAll(path);
        foreach ((string name, Parameter<float> parameter) in layer.NamedParameters)
            System.Numerics.Tensors.Tensor.Create(arrays[name].ToArray<float>(), parameter.Value.Lengths).CopyTo(parameter.Value);
        double[] expected = arrays["want_y"].ToArray<double>();
        float[] y = new float[expected.Length];
        layer.Forward(arrays["x"].ToArray<float>(), arrays["x"].Shape, y);
        return (Errors.Of(y, expected), Errors.Of(arrays["torch_y"].ToArray<float>(), expected));
    }

    private static int[] SetsOf(string layer, nint[] shape) => layer switch
    {
        "BatchNorm" => Over.Sets(shape, 1),
        "InstanceNorm" => Over.Sets(shape, 0, 1),
        "GroupNorm" => Over.Groups(shape, 5),
        _ => Over.Axes(shape, 2, 3),
    };

    private static int[] ParameterOf(string layer, nint[] shape) => layer is "LayerNorm" or "RmsNorm" ? Over.Sets(shape, 2, 3) : Over.Sets(shape, 1);

    /// <summary>One pass, in float: mean and mean of squares, whose difference is the variance.</summary>
    private static float[] Naive(float[] x, int[] sets, int[] parameter, float[] weight, float[] bias, float eps, bool centred)
    {
        float[] sum = new float[Over.Count(sets)], squares = new float[sum.Length];
        int[] counts = Over.Counts(sets);
        for (int i = 0; i < x.Length; i++)
            (sum[sets[i]], squares[sets[i]]) = (sum[sets[i]] + x[i], squares[sets[i]] + (x[i] * x[i]));
        return [.. x.Select((v, i) =>
        {
            float n = counts[sets[i]], mean = centred ? sum[sets[i]] / n : 0, variance = (squares[sets[i]] / n) - (mean * mean);
            return ((v - mean) / MathF.Sqrt(variance + eps) * weight[parameter[i]]) + bias[parameter[i]];
        })];
    }

    private static float[]? Onnx(string layer, nint[] shape, float[] x, float[] weight, float[] bias, float eps)
    {
        nint c = shape[1];
        OnnxNode node = layer switch
        {
            "BatchNorm" => new OnnxNode("BatchNormalization", 15).With("training_mode", 1).With("epsilon", eps).Input(x, shape).Input(weight, c).Input(bias, c).Input(new float[c], c).Input(new float[c], c),
            "LayerNorm" => new OnnxNode("LayerNormalization", 17).With("axis", 2).With("epsilon", eps).Input(x, shape).Input(weight, shape[2..]).Input(bias, shape[2..]),
            "InstanceNorm" => new OnnxNode("InstanceNormalization", 22).With("epsilon", eps).Input(x, shape).Input(weight, c).Input(bias, c),
            "GroupNorm" => new OnnxNode("GroupNormalization", 21).With("num_groups", 5).With("epsilon", eps).Input(x, shape).Input(weight, c).Input(bias, c),
            _ => new OnnxNode("RMSNormalization", 23).With("axis", 2).With("epsilon", eps).Input(x, shape).Input(weight, shape[2..]),
        };
        try
        {
            return layer == "BatchNorm" ? node.Run(true, true, true)[0].As<float>() : node.Run<float>();
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
    }
}

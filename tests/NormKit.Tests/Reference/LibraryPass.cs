using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace NormKit.Tests.Reference;

/// <summary>What the library gives for a case of the definition, in row-major order: values of the element type, held in double.</summary>
internal sealed record LibraryPass(Moments[] Moments, double[] Y, double[] Dx, double[] DWeight, double[] DBias)
{
    /// <summary>The values of all 16-bit numbers.</summary>
    private static readonly double[] Halves = ValuesOf(SixteenBitFormat.Half), BFloat16s = ValuesOf(SixteenBitFormat.BFloat16);

    /// <summary>By the functions, on floats.</summary>
    public static LibraryPass OfFunctions(
        DefinedCase problem, float[] x, float[] dy, float[]? weight, float[]? bias, Placement placement = Placement.Contiguous, int threads = 1, bool[]? mask = null)
    {
        Tensor<float> input = Placing.Place(x, problem.Shape, placement), gradient = Placing.Place(dy, problem.Shape, placement);
        Tensor<float> y = Placing.Place(new float[x.Length], problem.Shape, placement), dx = Placing.Place(new float[x.Length], problem.Shape, placement);
        TensorSpan<float> w = Parameter(problem, weight), b = Parameter(problem, bias);
        TensorSpan<bool> kept = (mask is null ? null : Placing.Place(mask, problem.Shape, placement)).OrNone();
        SavedStatistics saved = new();
        switch (problem.Norm)
        {
            case DefinedNorm.Layer:
                Functional.LayerNorm<float>(input, y, problem.Shape.AsSpan(1), w, b, problem.Eps, saved, threads, kept, numGroups: problem.Groups);
                break;
            case DefinedNorm.Rms:
                Functional.RmsNorm<float>(input, y, problem.Shape.AsSpan(1), w, problem.Eps, saved, threads, kept, numGroups: problem.Groups);
                break;
            case DefinedNorm.Batch:
                Functional.BatchNorm<float>(input, y, training: true, default, default, w, b, 0.1, problem.Eps, saved, threads, kept);
                break;
            case DefinedNorm.Instance:
                Functional.InstanceNorm<float>(input, y, useInputStats: true, default, default, w, b, 0.1, problem.Eps, saved, threads, kept);
                break;
            default:
                Functional.GroupNorm<float>(input, y, problem.Groups, w, b, problem.Eps, saved, threads, kept);
                break;
        }
        float[] dWeight = weight is null ? [] : new float[problem.Parameters], dBias = bias is null ? [] : new float[problem.Parameters];
        Functional.Backward<float>(
            gradient, input, saved, w, dx, weight is null ? default : Parameter(problem, dWeight), bias is null ? default : Parameter(problem, dBias), threads, kept);
        return new(saved.Moments.ToArray(), Widened(Placing.Logical(y)), Widened(Placing.Logical(dx)), Widened(dWeight), Widened(dBias));
    }

    /// <summary>By a layer, on elements of 16 bits, with gradients of parameters that are added to an old value.</summary>
    public static LibraryPass OfLayer<T>(
        DefinedCase problem, T[] x, T[] dy, float[]? weight, float[]? bias, float oldGradient = 0, Placement placement = Placement.Contiguous, int threads = 1)
        where T : unmanaged
    {
        NormLayer<float> layer = LayerOf(problem, weight is not null);
        layer.MaxDegreeOfParallelism = threads;
        Results<float>.Load(layer.Weight, weight);
        Results<float>.Load(layer.Bias, bias);
        foreach ((_, Parameter<float> parameter) in layer.NamedParameters)
            parameter.Grad.AsTensorSpan().Fill(oldGradient);
        SavedStatistics saved = new();
        Tensor<T> input = Placing.Place(x, problem.Shape, placement), gradient = Placing.Place(dy, problem.Shape, placement);
        T[] y = Placing.Logical(layer.Forward<T>(input, saved)), dx = Placing.Logical(layer.Backward<T>(gradient, input, saved));
        return new(saved.Moments.ToArray(), Widened(y), Widened(dx), GradientOf(layer.Weight), GradientOf(layer.Bias));

        static double[] GradientOf(Parameter<float>? parameter) => parameter is null ? [] : Widened(Placing.Logical(parameter.Grad));
    }

    /// <summary>The elements as they are, without the library's own conversions.</summary>
    public static double[] Widened<T>(T[] values) where T : unmanaged
    {
        if (values is float[] floats)
            return Array.ConvertAll(floats, v => (double)v);
        double[] table = typeof(T) == typeof(Half) ? Halves : BFloat16s;
        return Array.ConvertAll(values, v => table[Unsafe.BitCast<T, ushort>(v)]);
    }

    private static NormLayer<float> LayerOf(DefinedCase problem, bool affine) => problem.Norm switch
    {
        DefinedNorm.Layer => new LayerNorm<float>(problem.Shape.AsSpan(1), problem.Eps, affine) { NumGroups = problem.Groups },
        DefinedNorm.Rms => new RmsNorm<float>(problem.Shape.AsSpan(1), problem.Eps, affine) { NumGroups = problem.Groups, RoundBeforeWeight = problem.RoundsBeforeWeight },
        DefinedNorm.Batch => new BatchNorm<float>(problem.C, problem.Eps, affine: affine, trackRunningStats: false),
        DefinedNorm.Instance => new InstanceNorm<float>(problem.C, problem.Eps, affine: affine),
        _ => new GroupNorm<float>(problem.Groups, problem.C, problem.Eps, affine),
    };

    private static double[] ValuesOf(SixteenBitFormat format) => [.. Enumerable.Range(0, 1 << 16).Select(bits => format.Value((ushort)bits))];

    private static TensorSpan<float> Parameter(DefinedCase problem, float[]? values) =>
        (values is null ? null : Tensor.Create(values, problem.HasRows ? problem.Shape.AsSpan(1) : [problem.C])).OrNone();
}

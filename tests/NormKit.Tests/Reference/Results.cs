using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Tests.Reference;

/// <summary>What the library gives for a problem, in row-major order whatever the layout, by each of its entry points.</summary>
internal sealed record Results<T>(T[] Y, T[] Dx, T[] DWeight, T[] DBias, Moments[] Moments) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static Results<T> OnTensors(Problem problem, Inputs<T> inputs, Placement placement = Placement.Contiguous, int threads = 1)
    {
        Tensor<T> x = Placing.Place(inputs.X, problem.Shape, placement), dy = Placing.Place(inputs.Dy, problem.Shape, placement);
        Tensor<T>? weight = Parameter(inputs.Weight, problem), bias = Parameter(inputs.Bias, problem);
        SavedStatistics saved = new();
        Tensor<T> y = Forward(problem, x, weight.OrNone(), bias.OrNone(), saved, threads);
        T[] dWeight = new T[problem.Parameters], dBias = new T[problem.Parameters];
        Tensor<T> dx = Placing.Place(new T[problem.Elements], problem.Shape, placement);
        Functional.Backward<T>(
            dy, x, saved, weight.OrNone(), dx, Tensor.Create(dWeight, problem.ParameterShape), Tensor.Create(dBias, problem.ParameterShape), threads);
        return new(Placing.Logical(y), Placing.Logical(dx), dWeight, dBias, saved.Moments.ToArray());
    }

    public static Tensor<T> Forward(
        Problem problem, in ReadOnlyTensorSpan<T> x, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias, SavedStatistics? saved = null, int threads = 1) => problem.Norm switch
        {
            Norm.Batch => Functional.BatchNorm(x, training: true, default, default, weight, bias, 0.1, problem.Eps, saved, threads),
            Norm.Layer => Functional.LayerNorm(x, problem.NormalizedShape, weight, bias, problem.Eps, saved, threads),
            Norm.Instance => Functional.InstanceNorm(x, useInputStats: true, default, default, weight, bias, 0.1, problem.Eps, saved, threads),
            _ => Functional.GroupNorm(x, problem.Groups, weight, bias, problem.Eps, saved, threads),
        };

    public static Results<T> OnSpans(Problem problem, Inputs<T> inputs, MemoryFormat format = MemoryFormat.Contiguous, int threads = 1)
    {
        bool last = format == MemoryFormat.ChannelsLast;
        T[] x = last ? Placing.ToChannelsLast(inputs.X, problem.Shape) : inputs.X;
        T[] dy = last ? Placing.ToChannelsLast(inputs.Dy, problem.Shape) : inputs.Dy;
        T[] y = new T[x.Length], dx = new T[x.Length], dWeight = new T[problem.Parameters], dBias = new T[problem.Parameters];
        SavedStatistics saved = new();
        Forward(problem, x, y, inputs.Weight, inputs.Bias, saved, format, threads);
        Functional.Backward<T>(dy, x, problem.Shape, saved, inputs.Weight, dx, dWeight, dBias, format, threads);
        return new(
            last ? Placing.FromChannelsLast(y, problem.Shape) : y, last ? Placing.FromChannelsLast(dx, problem.Shape) : dx, dWeight, dBias,
            saved.Moments.ToArray());
    }

    public static void Forward(
        Problem problem, ReadOnlySpan<T> x, Span<T> y, ReadOnlySpan<T> weight, ReadOnlySpan<T> bias, SavedStatistics? saved = null,
        MemoryFormat format = MemoryFormat.Contiguous, int threads = 1)
    {
        switch (problem.Norm)
        {
            case Norm.Batch:
                Functional.BatchNorm(x, problem.Shape, y, training: true, default, default, weight, bias, 0.1, problem.Eps, saved, format, threads);
                break;
            case Norm.Layer:
                Functional.LayerNorm(x, problem.Shape, y, problem.NormalizedShape, weight, bias, problem.Eps, saved, format, threads);
                break;
            case Norm.Instance:
                Functional.InstanceNorm(x, problem.Shape, y, useInputStats: true, default, default, weight, bias, 0.1, problem.Eps, saved, format, threads);
                break;
            default:
                Functional.GroupNorm(x, problem.Shape, y, problem.Groups, weight, bias, problem.Eps, saved, format, threads);
                break;
        }
    }

    public static NormLayer<T> LayerOf(Problem problem, bool affine = true) => problem.Norm switch
    {
        Norm.Batch => new BatchNorm<T>(problem.C, problem.Eps, affine: affine),
        Norm.Layer => new LayerNorm<T>(problem.NormalizedShape, problem.Eps, affine),
        Norm.Instance => new InstanceNorm<T>(problem.C, problem.Eps, affine: affine),
        _ => new GroupNorm<T>(problem.Groups, problem.C, problem.Eps, affine),
    };

    public static Results<T> OfLayer(Problem problem, Inputs<T> inputs, Placement placement = Placement.Contiguous, int threads = 1)
    {
        NormLayer<T> layer = LayerOf(problem, inputs.Weight is not null);
        layer.MaxDegreeOfParallelism = threads;
        Load(layer.Weight, inputs.Weight);
        Load(layer.Bias, inputs.Bias);
        SavedStatistics saved = new();
        Tensor<T> x = Placing.Place(inputs.X, problem.Shape, placement), dy = Placing.Place(inputs.Dy, problem.Shape, placement);
        Tensor<T> y = layer.Forward(x, saved);
        Tensor<T> dx = layer.Backward(dy, x, saved);
        return new(
            Placing.Logical(y), Placing.Logical(dx), layer.Weight is null ? [] : Placing.Logical(layer.Weight.Grad),
            layer.Bias is null ? [] : Placing.Logical(layer.Bias.Grad), saved.Moments.ToArray());
    }

    public static void Load(Parameter<T>? parameter, T[]? values)
    {
        if (parameter is not null && values is not null)
            values.CopyTo(parameter.Value.GetSpan([.. Enumerable.Repeat((nint)0, parameter.Value.Rank)], values.Length));
    }

    public static Tensor<T>? Parameter(T[]? values, Problem problem) => values is null ? null : Tensor.Create(values, problem.ParameterShape);
}

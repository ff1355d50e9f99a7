using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>One input gives one output, bit for bit, however it is computed.</summary>
public class FunctionalSameBitsTests
{
    // Large enough for eight threads: each 128 KiB of traffic is worth one.
    private static Problem ForThreads(Norm norm, bool fewLargeSets) => (norm, fewLargeSets) switch
    {
        (Norm.Layer, true) => new(norm, [3, 2, 181, 261], NormalizedRank: 3),
        (Norm.Layer, false) => new(norm, [307, 2, 5, 97], NormalizedRank: 2),
        (_, true) => new(norm, [3, 2, 181, 261], Groups: 1),
        _ => new(norm, [17, 30, 13, 41], Groups: 5),
    };

    [Theory, WithEach(0, 1)]
    public void Threads_AnyNumber_SameBits(Norm norm, MemoryFormat format, int fewLargeSets)
    {
        Problem problem = ForThreads(norm, fewLargeSets == 1);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 4, offset: 30);
        Results<float> one = Results<float>.OnSpans(problem, inputs, format, threads: 1);
        foreach (int threads in (int[])[2, 3, 8, -1])
            Closeness.SameBits(one, Results<float>.OnSpans(problem, inputs, format, threads), $"{threads} threads");
    }

    [Theory, CombinatorialNorms]
    public void Threads_OnDoublesAndStrides_SameBits(Norm norm)
    {
        Problem problem = ForThreads(norm, fewLargeSets: false);
        Inputs<double> inputs = Inputs<double>.Draw(problem, 4, offset: 30);
        foreach (Placement placement in (Placement[])[Placement.ChannelsLast, Placement.Transposed])
        {
            Results<double> one = Results<double>.OnTensors(problem, inputs, placement, threads: 1);
            Closeness.SameBits(one, Results<double>.OnTensors(problem, inputs, placement, threads: 8), $"{placement}");
        }
    }

    [Theory, CombinatorialNorms]
    public void Threads_SetsThatNeedDouble_SameBits(Norm norm, MemoryFormat format)
    {
        Problem problem = ForThreads(norm, fewLargeSets: true) with { Eps = 0 };
        Inputs<float> inputs = Inputs<float>.Draw(problem, 4, scale: 1e-30);
        Results<float> one = Results<float>.OnSpans(problem, inputs, format, threads: 1);
        Closeness.SameBits(one, Results<float>.OnSpans(problem, inputs, format, threads: 8), "8 threads");
    }

    /// <summary>A sample alone, and among others in any place: for the norms whose sets lie in one sample.</summary>
    [Theory, CombinatorialNorms]
    public void Sample_AloneOrInABatch_SameBits(Norm norm, MemoryFormat format)
    {
        if (norm == Norm.Batch)
        {
            CheckSamplesOfEval(format);
            return;
        }
        Problem seventeen = Problem.Usual(norm).OfSamples(17);
        Inputs<float> inputs = Inputs<float>.Draw(seventeen, 6, offset: 9);
        int sample = seventeen.Elements / 17, sets = seventeen.Sets / 17;
        Results<float> whole = Results<float>.OnSpans(seventeen, inputs, format);
        Random random = new(2);
        foreach (int count in (int[])[1, 2, 3, 17])
        {
            int[] order = [.. Enumerable.Range(0, 17).OrderBy(_ => random.Next()).Take(count)];
            Results<float> part = Results<float>.OnSpans(
                seventeen.OfSamples(count), inputs with { X = Take(inputs.X, order, sample), Dy = Take(inputs.Dy, order, sample) }, format);
            Closeness.SameBits<float>(Take(whole.Y, order, sample), part.Y, $"y of {count}");
            Closeness.SameBits<float>(Take(whole.Dx, order, sample), part.Dx, $"dx of {count}");
            Closeness.SameBits<Moments>(Take(whole.Moments, order, sets), part.Moments, $"moments of {count}");
        }
    }

    [Theory, WithEach(1, 3, 15, 16, 49)]
    public void SampleOfBatchNormInEvaluation_AloneOrInABatch_SameBits(MemoryFormat format, int positions) => CheckSamplesOfEval(format, positions);

    private static void CheckSamplesOfEval(MemoryFormat format, int positions = 77)
    {
        nint[] shape = [17, 10, positions];
        Random random = new(5);
        float[] mean = Inputs<float>.Normal(random, 10, 1, 100), variance = [.. Enumerable.Range(1, 10).Select(i => i / 7f)];
        float[] x = Inputs<float>.Normal(random, 17 * 10 * positions, 2, 100), weight = Inputs<float>.Normal(random, 10), bias = Inputs<float>.Normal(random, 10);
        float[] whole = Eval(x, shape);
        foreach (int count in (int[])[1, 2, 3])
        {
            int[] order = [.. Enumerable.Range(5, count).Reverse()];
            Closeness.SameBits<float>(Take(whole, order, 10 * positions), Eval(Take(x, order, 10 * positions), [count, 10, positions]), $"y of {count}");
        }

        float[] Eval(float[] input, nint[] lengths)
        {
            float[] y = new float[input.Length];
            Functional.BatchNorm<float>(input, lengths, y, training: false, mean, variance, weight, bias, format: format);
            return y;
        }
    }

    /// <summary>Inputs, gradients, parameters and results at every offset of a 64-byte line.</summary>
    [Theory, CombinatorialNorms]
    public void Address_AnyOffset_SameBits(Norm norm, MemoryFormat format)
    {
        CheckAddresses<float>(Problem.Usual(norm), format, 16);
        CheckAddresses<double>(Problem.Usual(norm), format, 8);
    }

    private static void CheckAddresses<T>(Problem problem, MemoryFormat format, int elementsOfALine) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Inputs<T> inputs = Inputs<T>.Draw(problem, 3, offset: 2);
        T[][]? first = null;
        for (int offset = 0; offset < elementsOfALine; offset++)
        {
            // Each buffer at an offset of its own, so that they are not all aligned alike.
            (T[] x, Range inX) = At(inputs.X, offset);
            (T[] dy, Range inDy) = At(inputs.Dy, 3 * offset);
            (T[] weight, Range inWeight) = At(inputs.Weight!, 5 * offset);
            (T[] bias, Range inBias) = At(inputs.Bias!, 7 * offset);
            (T[] y, Range inY) = At(new T[x.Length - 16], 9 * offset);
            (T[] dx, Range inDx) = At(new T[x.Length - 16], 11 * offset);
            (T[] dWeight, Range inDWeight) = At(new T[problem.Parameters], 13 * offset);
            (T[] dBias, Range inDBias) = At(new T[problem.Parameters], offset);
            SavedStatistics saved = new();
            Results<T>.Forward(problem, x.AsSpan(inX), y.AsSpan(inY), weight.AsSpan(inWeight), bias.AsSpan(inBias), saved, format);
            Functional.Backward<T>(
                dy.AsSpan(inDy), x.AsSpan(inX), problem.Shape, saved, weight.AsSpan(inWeight), dx.AsSpan(inDx), dWeight.AsSpan(inDWeight), dBias.AsSpan(inDBias), format);
            T[][] results = [y[inY], dx[inDx], dWeight[inDWeight], dBias[inDBias]];
            first ??= results;
            for (int i = 0; i < results.Length; i++)
                Closeness.SameBits<T>(first[i], results[i], $"result {i} at offset {offset}");
            // And nothing beside them was written.
            Assert.All(y[..inY.Start.Value], v => Assert.Equal(T.Zero, v));
            Assert.All(y[inY.End.Value..], v => Assert.Equal(T.Zero, v));
            Assert.All(dx[inDx.End.Value..], v => Assert.Equal(T.Zero, v));
            Assert.All(dWeight[inDWeight.End.Value..], v => Assert.Equal(T.Zero, v));
        }

        (T[], Range) At(T[] values, int offset)
        {
            offset %= elementsOfALine;
            T[] larger = new T[values.Length + 16];
            values.CopyTo(larger, offset);
            return (larger, offset..(offset + values.Length));
        }
    }

    [Theory, CombinatorialNorms]
    public void Strides_AnyButNative_SameBitsAsContiguous(Norm norm)
    {
        foreach (Problem problem in (Problem[])[Problem.Usual(norm), Problem.Large(norm)])
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 7, offset: -40);
            Results<float> contiguous = Results<float>.OnTensors(problem, inputs);
            foreach (Placement placement in (Placement[])[Placement.Transposed, Placement.Sliced, Placement.Stepped])
                Closeness.SameBits(contiguous, Results<float>.OnTensors(problem, inputs, placement), $"{placement}");
        }
    }

    [Theory, CombinatorialNorms]
    public void Destination_OfAnyLayout_SameBitsAsWhereBothAreNative(Norm norm, Placement from, Placement to)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 7, offset: -40);
        Tensor<float> x = Placing.Place(inputs.X, problem.Shape, from), y = Placing.Place(new float[problem.Elements], problem.Shape, to);
        TensorSpan<float> weight = Results<float>.Parameter(inputs.Weight, problem).OrNone(), bias = Results<float>.Parameter(inputs.Bias, problem).OrNone();
        switch (norm)
        {
            case Norm.Batch:
                Functional.BatchNorm<float>(x, y, training: true, weight: weight, bias: bias);
                break;
            case Norm.Layer:
                Functional.LayerNorm<float>(x, y, problem.NormalizedShape, weight, bias);
                break;
            case Norm.Instance:
                Functional.InstanceNorm<float>(x, y, useInputStats: true, weight: weight, bias: bias);
                break;
            default:
                Functional.GroupNorm<float>(x, y, problem.Groups, weight, bias);
                break;
        }
        // Only where both are channels-last is the work done in that order.
        Placement order = from == Placement.ChannelsLast && to == Placement.ChannelsLast ? Placement.ChannelsLast : Placement.Contiguous;
        Closeness.SameBits<float>(Results<float>.OnTensors(problem, inputs, order).Y, Placing.Logical(y), "y");
    }

    [Theory, CombinatorialNorms]
    public void EntryPoints_OfEachKind_SameBits(Norm norm, MemoryFormat format)
    {
        foreach (Problem problem in (Problem[])[Problem.Usual(norm), Problem.Large(norm)])
        {
            Check<float>(problem);
            Check<double>(problem);
        }

        void Check<T>(Problem problem) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            Inputs<T> inputs = Inputs<T>.Draw(problem, 11, offset: 3);
            Placement placement = format == MemoryFormat.ChannelsLast ? Placement.ChannelsLast : Placement.Contiguous;
            Results<T> onTensors = Results<T>.OnTensors(problem, inputs, placement);
            Closeness.SameBits(onTensors, Results<T>.OnSpans(problem, inputs, format), "spans");
            Closeness.SameBits(onTensors, Results<T>.OfLayer(problem, inputs, placement), "layer");
        }
    }

    /// <summary>Without saved statistics other code keeps the moments.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_WithAndWithoutSaved_SameBits(Norm norm, MemoryFormat format)
    {
        Problem problem = Problem.Large(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 12, offset: 3);
        float[] with = new float[problem.Elements], without = new float[problem.Elements];
        Results<float>.Forward(problem, inputs.X, with, inputs.Weight, inputs.Bias, new SavedStatistics(), format);
        Results<float>.Forward(problem, inputs.X, without, inputs.Weight, inputs.Bias, null, format, threads: 3);
        Closeness.SameBits<float>(with, without, "y");
    }

    private static T[] Take<T>(T[] values, int[] samples, int each) => [.. samples.SelectMany(n => values[(n * each)..((n + 1) * each)])];
}

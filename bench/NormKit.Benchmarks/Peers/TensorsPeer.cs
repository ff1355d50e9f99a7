using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace NormKit.Benchmarks.Peers;

/// <summary>What one writes who has <see cref="TensorPrimitives"/> and no NormKit: a call for each step of the formula, sets spread over threads.</summary>
internal sealed class TensorsPeer : IPeer
{
    public string Name => "TensorPrimitives";

    public Candidate? For(RowData data, int threads, IList<IDisposable> held) => data.Row.Element switch
    {
        Element.Float32 => Of<float>(data, threads),
        Element.Float64 => Of<double>(data, threads),
        _ => null,
    };

    private Candidate? Of<T>(RowData data, int threads) where T : unmanaged, IRootFunctions<T>
    {
        Row row = data.Row;
        bool isColumns = !row.IsOfRows && (row.IsChannelsLast || row.S == 1);
        if (data.Pass == Pass.Backward || isColumns && row.Layer == Layer.GroupNorm)
            return null;
        Composed<T> composed = new(data);
        Action call = isColumns ? composed.Columns : threads == 1 ? () => Each(composed) : () =>
            Parallel.For(0, composed.Sets, new ParallelOptions { MaxDegreeOfParallelism = threads }, composed.Set);
        return new(Name, call, () =>
        {
            data.Output.Span.Fill(0xff);
            call();
            return new(Elements.Doubles(data.Output.Span, row.Element), data.Sum is null ? null : Elements.Doubles(data.Sum.Span, row.Element));
        });
    }

    private static void Each<T>(Composed<T> composed) where T : unmanaged, IRootFunctions<T>
    {
        for (int set = 0; set < composed.Sets; set++)
            composed.Set(set);
    }

    private sealed class Composed<T>(RowData data) where T : unmanaged, IRootFunctions<T>
    {
        private readonly Row row = data.Row;
        private readonly T[] weight = Elements.As<T>(data.Weight), bias = Elements.As<T>(data.Bias);
        private readonly T[] runningMean = Elements.As<T>(data.RunningMean), runningVar = Elements.As<T>(data.RunningVar);
        private readonly T eps = T.CreateTruncating(Row.Eps);

        public int Sets => row.IsOfRows ? row.N : row.Layer switch
        {
            Layer.InstanceNorm => row.N * row.C,
            Layer.GroupNorm => row.N * row.Groups,
            _ => row.C,
        };

        public void Set(int set)
        {
            if (row.IsOfRows)
                RowOf(set);
            else
                Segments(set);
        }

        private void RowOf(int set)
        {
            int length = row.C * row.S, start = set * length;
            ReadOnlySpan<T> x = As(data.X.Span).Slice(start, length);
            Span<T> y = As(data.Output.Span).Slice(start, length);
            if (row.HasResidual)
            {
                Span<T> sum = As(data.Sum!.Span).Slice(start, length);
                TensorPrimitives.Add(x, As(data.Residual!.Span).Slice(start, length), sum);
                x = sum;
            }
            T count = T.CreateTruncating(length);
            if (row.IsCentered)
            {
                TensorPrimitives.Subtract(x, TensorPrimitives.Sum(x) / count, y);
                TensorPrimitives.Multiply(y, InvStd(TensorPrimitives.SumOfSquares<T>(y) / count), y);
                TensorPrimitives.MultiplyAdd(y, weight, bias, y);
            }
            else
            {
                TensorPrimitives.Multiply(x, InvStd(TensorPrimitives.SumOfSquares(x) / count), y);
                TensorPrimitives.Multiply(y, weight, y);
            }
        }

        /// <summary>A set is the positions of some channels of some samples, each a run of memory.</summary>
        private void Segments(int set)
        {
            bool isOfBatch = row.Layer is Layer.BatchNorm or Layer.BatchNormEval;
            int channels = row.Layer == Layer.GroupNorm ? row.C / row.Groups : 1;
            int segments = isOfBatch ? row.N : channels, step = isOfBatch ? row.C * row.S : row.S, start = set * channels * row.S;
            ReadOnlySpan<T> x = As(data.X.Span);
            Span<T> y = As(data.Output.Span);
            T mean, invStd;
            if (row.Layer == Layer.BatchNormEval)
            {
                (mean, invStd) = (runningMean[set], InvStd(runningVar[set]));
            }
            else
            {
                T sum = T.Zero, squares = T.Zero, count = T.CreateTruncating(segments * row.S);
                for (int i = 0; i < segments; i++)
                    sum += TensorPrimitives.Sum(x.Slice(start + (i * step), row.S));
                mean = sum / count;
                for (int i = 0; i < segments; i++)
                {
                    Span<T> deviations = y.Slice(start + (i * step), row.S);
                    TensorPrimitives.Subtract(x.Slice(start + (i * step), row.S), mean, deviations);
                    squares += TensorPrimitives.SumOfSquares<T>(deviations);
                }
                invStd = InvStd(squares / count);
            }
            for (int i = 0; i < segments; i++)
            {
                int channel = isOfBatch ? set : ((set * channels) + i) % row.C;
                Span<T> results = y.Slice(start + (i * step), row.S);
                TensorPrimitives.Multiply(x.Slice(start + (i * step), row.S), invStd * weight[channel], results);
                TensorPrimitives.Add(results, bias[channel] - (mean * invStd * weight[channel]), results);
            }
        }

        /// <summary>Batch norm where the channels of a position lie side by side.</summary>
        public void Columns()
        {
            ReadOnlySpan<T> x = As(data.X.Span);
            Span<T> y = As(data.Output.Span);
            int c = row.C, positions = row.N * row.S;
            T[] scale = new T[c], shift = new T[c], deviation = new T[c];
            T count = T.CreateTruncating(positions);
            for (int p = 0; p < positions; p++)
                TensorPrimitives.Add(shift, x.Slice(p * c, c), shift);
            TensorPrimitives.Divide(shift, count, shift);
            for (int p = 0; p < positions; p++)
            {
                TensorPrimitives.Subtract(x.Slice(p * c, c), shift, deviation);
                TensorPrimitives.MultiplyAdd(deviation, deviation, scale, scale);
            }
            for (int channel = 0; channel < c; channel++)
            {
                scale[channel] = weight[channel] * InvStd(scale[channel] / count);
                shift[channel] = bias[channel] - (shift[channel] * scale[channel]);
            }
            for (int p = 0; p < positions; p++)
                TensorPrimitives.MultiplyAdd(x.Slice(p * c, c), scale, shift, y.Slice(p * c, c));
        }

        private T InvStd(T variance) => T.One / T.Sqrt(variance + eps);

        private static Span<T> As(Span<byte> bytes) => MemoryMarshal.Cast<byte, T>(bytes);
    }
}

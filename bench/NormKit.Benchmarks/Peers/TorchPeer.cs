using NormKit.Cli.Timing;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace NormKit.Benchmarks.Peers;

/// <summary>
/// libtorch through TorchSharp. Forward is the operator under no_grad; backward is what autograd runs for it: the gradients of input, weight and bias,
/// in new tensors, for TorchSharp passes no destinations on.
/// </summary>
internal sealed class TorchPeer : IPeer
{
    public string Name => "libtorch";

    public Candidate? For(RowData data, int threads, IList<IDisposable> held)
    {
        set_num_threads(threads);
        Operands operands = new(data, held);
        Candidate candidate = data.Pass == Pass.Forward ? Forward(data, operands) : Backward(data, operands, held);

        // OMP_PROC_BIND ties the threads of OpenMP to a core each, and so the caller's. For its other calls that is to be free.
        (ThreadAffinity? tied, ThreadAffinity? free) = (TorchLibrary.Tied, TorchLibrary.Free);
        return tied == free ? candidate : candidate with { Call = candidate.Call with { Before = () => tied?.Apply(), After = () => free?.Apply() } };
    }

    private Candidate Forward(RowData data, Operands operands)
    {
        return new(Name, () => Call((_, _) => true), () => Call((y, sum) => new Results(Doubles(y, data.Row), sum is null ? null : Doubles(sum, data.Row))));

        T Call<T>(Func<Tensor, Tensor?, T> then)
        {
            using IDisposable quiet = no_grad();
            (Tensor y, Tensor? sum) = operands.Apply();
            using (y)
            using (sum)
                return then(y, sum);
        }
    }

    private Candidate Backward(RowData data, Operands operands, IList<IDisposable> held)
    {
        Row row = data.Row;
        Tensor[] of = [operands.X.requires_grad_(), operands.Weight.requires_grad_(), .. row.IsCentered ? (Tensor[])[operands.Bias.requires_grad_()] : []];
        (Tensor y, Tensor? sum) = operands.Apply();
        // Where the sum goes on beside the output, its own gradient comes back too.
        Tensor[] outputs = sum is null ? [y] : [y, sum];
        Tensor[] gradients = sum is null ? [New(data.Dy!, row, held)] : [New(data.Dy!, row, held), New(data.DySum!, row, held)];
        foreach (Tensor output in outputs)
            held.Add(output);
        return new(Name, () =>
        {
            foreach (Tensor gradient in autograd.grad(outputs, of, gradients, retain_graph: true))
                gradient.Dispose();
        }, () =>
        {
            IList<Tensor> found = autograd.grad(outputs, of, gradients, retain_graph: true);
            return new(Doubles(found[0], row), null, Doubles(found[1]), row.IsCentered ? Doubles(found[2]) : null);
        });
    }

    /// <summary>The row's tensors as libtorch's own.</summary>
    private sealed class Operands
    {
        private readonly Row row;
        private readonly Tensor? residual;
        private readonly Tensor runningMean, runningVar;
        private readonly long[] normalized;

        public Operands(RowData data, IList<IDisposable> held)
        {
            row = data.Row;
            X = New(data.X, row, held);
            residual = data.Residual is null ? null : New(data.Residual, row, held);
            normalized = [.. row.WeightShape.Select(length => (long)length)];
            (Weight, Bias) = (Parameter(data.Weight, normalized), Parameter(data.Bias, normalized));
            (runningMean, runningVar) = (Parameter(data.RunningMean, [row.C]), Parameter(data.RunningVar, [row.C]));

            Tensor Parameter(double[] values, long[] shape)
            {
                Tensor parameter = empty(shape, Type(row.Element));
                Elements.Write(values, parameter.bytes, row.Element);
                held.Add(parameter);
                return parameter;
            }
        }

        public Tensor X { get; }

        public Tensor Weight { get; }

        public Tensor Bias { get; }

        public (Tensor Output, Tensor? Sum) Apply()
        {
            Tensor? sum = residual is null ? null : X + residual;
            Tensor x = sum ?? X;
            Tensor y = row.Layer switch
            {
                Layer.LayerNorm or Layer.AddLayerNorm => functional.layer_norm(x, normalized, Weight, Bias, Row.Eps),
                Layer.RmsNorm or Layer.AddRmsNorm => Rms(x),
                Layer.InstanceNorm => functional.instance_norm(x, weight: Weight, bias: Bias, eps: Row.Eps),
                Layer.GroupNorm => functional.group_norm(x, row.Groups, Weight, Bias, Row.Eps),
                _ => functional.batch_norm(x, runningMean, runningVar, Weight, Bias, training: row.Layer == Layer.BatchNorm, eps: Row.Eps),
            };
            return (y, sum);
        }

        /// <summary>As rms_norm of ATen is composed on a CPU; TorchSharp does not have it by its name.</summary>
        private Tensor Rms(Tensor x)
        {
            using Tensor squares = x.pow(2), mean = squares.mean([-1L], keepdim: true), shifted = mean + Row.Eps, invRms = shifted.rsqrt(), xHat = x * invRms;
            return xHat * Weight;
        }
    }

    /// <summary>In the memory order of the row, its dimensions in the order (N, C, *).</summary>
    private static Tensor New(AlignedArray<byte> bytes, Row row, IList<IDisposable> held)
    {
        Tensor tensor = empty([.. row.MemoryShape.Select(length => (long)length)], Type(row.Element));
        held.Add(tensor);
        bytes.Span.CopyTo(tensor.bytes);
        return row.IsChannelsLast ? tensor.permute([0, row.Shape.Length - 1, .. Enumerable.Range(1, row.Shape.Length - 2).Select(d => (long)d)]) : tensor;
    }

    private static double[] Doubles(Tensor tensor, Row row) =>
        Doubles(row.IsChannelsLast ? tensor.permute([0, .. Enumerable.Range(2, row.Shape.Length - 2).Select(d => (long)d), 1]) : tensor);

    private static double[] Doubles(Tensor tensor)
    {
        using Tensor doubles = tensor.to(ScalarType.Float64).contiguous();
        return Elements.Doubles(doubles.bytes, Element.Float64);
    }

    private static ScalarType Type(Element element) => element switch
    {
        Element.Float64 => ScalarType.Float64,
        Element.Float32 => ScalarType.Float32,
        _ => ScalarType.BFloat16,
    };
}

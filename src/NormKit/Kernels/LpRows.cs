using System.Buffers;
using NormKit.Threading;

namespace NormKit.Kernels;

/// <summary>Divides rows by their p-norm, or, where there is a gradient of the output, computes that of the input; a row at a time, in double.</summary>
internal readonly struct LpRows<T>(LpNorm norm, int width, Gradients<T> gradients, TensorView<T> y) : IParallelWork where T : unmanaged
{
    private readonly LpNorm norm = norm;
    private readonly Gradients<T> gradients = gradients;

    public void Run(int slot, nint start, nint end)
    {
        double[] room = ArrayPool<double>.Shared.Rent(checked((gradients.Dy.IsEmpty ? 1 : 3) * width));
        for (nint row = start; row < end; row++)
        {
            Span<double> values = room.AsSpan(0, width);
            gradients.X.Fill(row * width, values);
            LpDivisor divisor = norm.DivisorOf(values);
            if (gradients.Dy.IsEmpty)
            {
                LpNorm.Divide(values, divisor);
                y.Store<double>(row * width, values);
                continue;
            }
            Span<double> normalized = room.AsSpan(width, width), g = room.AsSpan(2 * width, width);
            values.CopyTo(normalized);
            LpNorm.Divide(normalized, divisor);
            gradients.Dy.Fill(row * width, g);
            norm.Gradient(normalized, values, g, divisor);
            gradients.Dx.Store<double>(row * width, g);
        }
        ArrayPool<double>.Shared.Return(room);
    }
}

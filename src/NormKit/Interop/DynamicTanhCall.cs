using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit.Interop;

/// <summary>The parameters of dynamic tanh, or their gradients.</summary>
internal readonly ref struct TanhParameters<T>(Parameter<T> alpha, Parameter<T> weight, Parameter<T> bias, bool gradients)
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public readonly Operand<T> Alpha = Operand<T>.OfOptional(gradients ? alpha.Gradients : alpha.Values);
    public readonly Operand<T> Weight = Operand<T>.OfOptional(gradients ? weight.Gradients : weight.Values);
    public readonly Operand<T> Bias = Operand<T>.OfOptional(gradients ? bias.Gradients : bias.Values);

    public void CheckApart<TOther>(string layer, string name, in Operand<TOther> output) where TOther : unmanaged
    {
        NormCall.CheckApart(layer, name, output, "alpha", Alpha);
        NormCall.CheckApart(layer, name, output, "weight", Weight);
        NormCall.CheckApart(layer, name, output, "bias", Bias);
    }
}

/// <summary>One call of dynamic tanh: checks all of it before anything is written, pins the tensors and runs the kernel.</summary>
internal static class DynamicTanhCall
{
    /// <summary>What an element costs beyond a normalization's: one exponential, or three.</summary>
    private const int Weight = 4;

    public static void Forward<T, TParameter>(
        string layer, ReadOnlySpan<nint> normalizedShape, in TanhParameters<TParameter> parameters, in Operand<T> x, in Operand<T> y,
        SavedStatistics? saved, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        Groupings.Rows<TParameter>(layer, x.Lengths, normalizedShape, default, default);
        NormCall.CheckOutput(layer, "destination", y, "input", x);
        parameters.CheckApart(layer, "destination", y);
        saved?.KeepShape(layer, x.Lengths);
        if (!x.IsEmpty)
            Run(parameters, x, y, concurrency);
        saved?.Complete();
    }

    private static unsafe void Run<T, TParameter>(
        in TanhParameters<TParameter> parameters, in Operand<T> x, in Operand<T> y, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        fixed (T* xStart = &x.Start, yStart = &y.Start)
        fixed (TParameter* weight = &parameters.Weight.Start, bias = &parameters.Bias.Start)
        {
            RowTiles tiles = TilesOf(x.Length, parameters.Weight.Length);
            Run(
                tiles, new DynamicTanhRows<T, TParameter>(
                    tiles, double.CreateTruncating(parameters.Alpha.Start), new(new(weight, tiles.Width), new(bias, tiles.Width)),
                    new(default, x.View(xStart, default(ReadOnlySpan<int>)), default, default), y.View(yStart, default(ReadOnlySpan<int>)), [], [], concurrency.Cancellation),
                2 * x.Length * Unsafe.SizeOf<T>(), concurrency);
        }
    }

    public static unsafe void Backward<T, TParameter>(
        string layer, ReadOnlySpan<nint> normalizedShape, in TanhParameters<TParameter> parameters, in TanhParameters<TParameter> toAdd,
        in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        NormCall.CheckBackwardOfShape(layer, dy, x, saved, dx);
        Groupings.Rows<TParameter>(layer, x.Lengths, normalizedShape, default, default);
        parameters.CheckApart(layer, "gradInput", dx);
        toAdd.CheckApart(layer, "gradInput", dx);
        toAdd.CheckApart(layer, "gradOutput", dy);
        toAdd.CheckApart(layer, "input", x);
        if (x.IsEmpty)
            return;
        RowTiles tiles = TilesOf(x.Length, parameters.Weight.Length);
        Pair[] ofParameters = ArrayPool<Pair>.Shared.Rent(tiles.Parts * tiles.Width);
        double[] ofAlpha = ArrayPool<double>.Shared.Rent((int)tiles.Items);
        ofParameters.AsSpan(0, tiles.Parts * tiles.Width).Clear();
        fixed (T* xStart = &x.Start, dyStart = &dy.Start, dxStart = &dx.Start)
        fixed (TParameter* weight = &parameters.Weight.Start)
        {
            Gradients<T> gradients = new(
                dy.View(dyStart, default(ReadOnlySpan<int>)), x.View(xStart, default(ReadOnlySpan<int>)),
                dx.IsPresent ? dx.View(dxStart, default(ReadOnlySpan<int>)) : default, default);
            Run(
                tiles, new DynamicTanhRows<T, TParameter>(
                    tiles, double.CreateTruncating(parameters.Alpha.Start), new(new(weight, tiles.Width), default), gradients, default, ofParameters, ofAlpha,
                    concurrency.Cancellation),
                3 * x.Length * Unsafe.SizeOf<T>(), concurrency);
        }
        Span<TParameter> dWeight = toAdd.Weight.Dense, dBias = toAdd.Bias.Dense;
        for (int column = 0; column < tiles.Width; column++)
        {
            Pair total = default;
            for (int part = 0; part < tiles.Parts; part++)
                total += ofParameters[(part * tiles.Width) + column];
            AddRoundedOnce(ref dWeight[column], total.First);
            AddRoundedOnce(ref dBias[column], total.Second);
        }
        double alpha = 0;
        foreach (double item in ofAlpha.AsSpan(0, (int)tiles.Items))
            alpha += item;
        AddRoundedOnce(ref toAdd.Alpha.Start, alpha);
        ArrayPool<Pair>.Shared.Return(ofParameters);
        ArrayPool<double>.Shared.Return(ofAlpha);
    }

    private static void AddRoundedOnce<TParameter>(ref TParameter gradient, double sum) where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter> =>
        gradient = TParameter.CreateTruncating(double.CreateTruncating(gradient) + sum);

    private static RowTiles TilesOf(nint length, nint width) => new(length / width, (int)width);

    private static void Run<T, TParameter>(RowTiles tiles, in DynamicTanhRows<T, TParameter> work, nint bytes, Concurrency concurrency)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        ParallelJob<DynamicTanhRows<T, TParameter>>.Run(work, tiles.Items, 1, concurrency.Workers(Weight * bytes), concurrency.Cancellation);
    }
}

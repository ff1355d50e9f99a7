using System.Buffers;
using System.Numerics;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>
/// One call of a normalization: checks all of it before anything is written, pins the tensors and runs the kernels in the layout that they share.
/// Layers and functions, on tensors and on spans, all come through here.
/// </summary>
internal static class NormCall
{
    /// <param name="layer">The layer or function, for errors.</param>
    /// <param name="grouping">Who shares statistics.</param>
    /// <param name="x">The input, of the grouping's shape.</param>
    /// <param name="y">The output; the same elements as x, or none of them.</param>
    /// <param name="weight">A weight for each parameter, or none.</param>
    /// <param name="bias">A bias for each parameter, or none.</param>
    /// <param name="running">Running statistics, to be used instead of those of the input or to be moved by them.</param>
    /// <param name="eps">Added to the variance.</param>
    /// <param name="saved">Takes what backward needs, or null.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    public static unsafe void Forward<T>(
        string layer, Grouping grouping, in Operand<T> x, in Operand<T> y, in Operand<T> weight, in Operand<T> bias, Running<T> running,
        double eps, SavedStatistics? saved, int maxDegreeOfParallelism) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOptions<T>(layer, eps, maxDegreeOfParallelism);
        CheckParameter(layer, "weight", weight, grouping, x);
        CheckParameter(layer, "bias", bias, grouping, x);
        running.Check(layer, grouping, x);
        CheckOutput(layer, "destination", y, "input", x);
        CheckApart(layer, "destination", y, "weight", weight);
        CheckApart(layer, "destination", y, "bias", bias);
        running.CheckApart(layer, x, y, weight, bias);

        bool wantsMoments = saved is not null || running.Use != RunningUse.None;
        nint setsInAll = running.Use == RunningUse.Normalize ? grouping.SetsPerSample : grouping.Sets;
        if (wantsMoments && setsInAll > Array.MaxLength)
            throw new ArgumentException($"{layer}: input {Shapes.Text(x.Lengths)} has {setsInAll} sets that share statistics; at most {Array.MaxLength} can be kept.", "input");
        int sets = wantsMoments ? (int)setsInAll : 0;
        Moments[]? moments = saved is not null
            ? saved.Prepare(layer, grouping, x.Lengths, eps, running.Use == RunningUse.Normalize)
            : wantsMoments ? ArrayPool<Moments>.Shared.Rent(sets) : null;
        if (x.IsEmpty)
            moments.AsSpan().Clear();   // no set has elements, and none keeps those of an earlier call
        if (running.Use == RunningUse.Normalize)
            RunningStatistics.Read<T>(running.Mean, running.Variance, moments);
        if (!x.IsEmpty)
        {
            bool channelsLast = UseChannelsLast(x, y, default);
            bool permuted = channelsLast && PermutesParameters(grouping, x.Lengths);
            channelsLast &= grouping.Sharing != Sharing.Layer || permuted;
            NormGeometry geometry = grouping.In(channelsLast, running.Use == RunningUse.Normalize);
            using DenseParameter<T> weights = new(weight, permuted ? x.Lengths[1] : 0), biases = new(bias, permuted ? x.Lengths[1] : 0);
            fixed (T* xStart = &x.Start, yStart = &y.Start, weightStart = weights.Span, biasStart = biases.Span)
            {
                Affine<T> affine = new(new(weightStart, weights.Span.Length), new(biasStart, biases.Span.Length));
                Normalizer.Forward(
                    geometry, x.View(xStart, channelsLast), y.View(yStart, channelsLast), affine, eps,
                    moments, running.Use == RunningUse.Normalize, maxDegreeOfParallelism);
            }
        }
        if (running.Use == RunningUse.Move && !x.IsEmpty)
            RunningStatistics.Update(running.Mean, running.Variance, moments.AsSpan(0, sets), running.Momentum);
        if (saved is null && moments is not null)
            ArrayPool<Moments>.Shared.Return(moments);
    }

    /// <param name="layer">The layer or function, for errors.</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="x">The input of the forward call.</param>
    /// <param name="saved">What that call left.</param>
    /// <param name="weight">Its weight, or none.</param>
    /// <param name="dx">Takes the gradient of the input, or none.</param>
    /// <param name="dWeight">Takes the gradient of the weight, or none.</param>
    /// <param name="dBias">Takes the gradient of the bias, or none.</param>
    /// <param name="add">Whether the last two are added to what is there.</param>
    /// <param name="maxDegreeOfParallelism">The most threads; -1 for one a processor.</param>
    public static unsafe void Backward<T>(
        string layer, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> weight, in Operand<T> dx,
        in Operand<T> dWeight, in Operand<T> dBias, bool add, int maxDegreeOfParallelism) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckOptions<T>(layer, saved.Eps, maxDegreeOfParallelism);
        if (saved.Layer.Length == 0)
            throw new InvalidOperationException($"{layer}: backward before forward; these saved statistics were never filled by a forward call.");
        Grouping grouping = saved.Grouping;
        CheckSameShape(layer, "input", x, "saved", saved.Shape);
        CheckSameShape(layer, "gradOutput", dy, "input", x.Lengths);
        CheckParameter(layer, "weight", weight, grouping, x);
        CheckParameter(layer, "gradWeight", dWeight, grouping, x);
        CheckParameter(layer, "gradBias", dBias, grouping, x);
        bool wantsInput = dx.IsPresent;
        if (wantsInput)
        {
            CheckOutput(layer, "gradInput", dx, "gradOutput", dy);
            CheckOutput(layer, "gradInput", dx, "input", x);
        }
        CheckApart(layer, "gradInput", dx, "weight", weight);
        CheckGradient(layer, "gradWeight", dWeight, dy, x, weight, dx);
        CheckGradient(layer, "gradBias", dBias, dy, x, weight, dx);
        CheckApart(layer, "gradWeight", dWeight, "gradBias", dBias);

        if (x.IsEmpty)
        {
            if (!add)
            {
                dWeight.Dense.Clear();
                dBias.Dense.Clear();
            }
            return;
        }
        bool channelsLast = UseChannelsLast(x, dy, dx);
        bool permuted = channelsLast && PermutesParameters(grouping, x.Lengths);
        channelsLast &= grouping.Sharing != Sharing.Layer || permuted;
        nint channels = permuted ? x.Lengths[1] : 0;
        using DenseParameter<T> weights = new(weight, channels), weightGradients = new(dWeight, channels), biasGradients = new(dBias, channels);
        fixed (T* xStart = &x.Start, dyStart = &dy.Start, dxStart = &dx.Start, weightStart = weights.Span)
        {
            Affine<T> affine = new(new(weightStart, weights.Span.Length), default);
            Normalizer.Backward(
                grouping.In(channelsLast, saved.Fixed), dy.View(dyStart, channelsLast), x.View(xStart, channelsLast),
                wantsInput ? dx.View(dxStart, channelsLast) : default, affine, saved.Eps, saved.Array, saved.Fixed,
                weightGradients.Span, biasGradients.Span, add, maxDegreeOfParallelism);
        }
        weightGradients.CopyTo(dWeight);
        biasGradients.CopyTo(dBias);
    }

    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite.</exception>
    public static void CheckEps(string layer, double eps)
    {
        if (!(eps >= 0 && double.IsFinite(eps)))
            throw new ArgumentOutOfRangeException(nameof(eps), eps, $"{layer}: eps is added to a variance, so it must be finite and not negative.");
    }

    public static void CheckDegree(string layer, int maxDegreeOfParallelism)
    {
        if (maxDegreeOfParallelism is 0 or < -1)
        {
            throw new ArgumentOutOfRangeException(
                nameof(maxDegreeOfParallelism), maxDegreeOfParallelism, $"{layer}: the number of threads is at least 1, or -1 for one a processor.");
        }
    }

    public static void CheckApart<T>(string layer, string name, in Operand<T> output, string otherName, in Operand<T> other)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (output.Overlaps(other))
            throw new ArgumentException($"{layer}: {name} overlaps {otherName}.", name);
    }

    private static void CheckOptions<T>(string layer, double eps, int maxDegreeOfParallelism)
    {
        Normalizer.RequireSupported<T>();
        CheckEps(layer, eps);
        CheckDegree(layer, maxDegreeOfParallelism);
    }

    private static void CheckParameter<T>(string layer, string name, in Operand<T> parameter, Grouping grouping, in Operand<T> x)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!parameter.IsPresent)
            return;
        if (grouping.Sharing == Sharing.Layer && !parameter.Lengths.IsEmpty)
        {
            // One shape, not merely one length: a transposed weight would fit and be wrong.
            ReadOnlySpan<nint> normalized = x.Lengths[^Math.Min(x.Lengths.Length, parameter.Lengths.Length)..];
            if (!normalized.SequenceEqual(parameter.Lengths) || parameter.Length != grouping.Parameters)
                throw new ArgumentException($"{layer}: {name} has shape {Shapes.Text(parameter.Lengths)}; it must be that of the normalized dimensions, with {grouping.Parameters} elements, of input {Shapes.Text(x.Lengths)}.", name);
        }
        else if (parameter.Length != grouping.Parameters)
        {
            throw new ArgumentException($"{layer}: {name} should contain {grouping.Parameters} elements for input {Shapes.Text(x.Lengths)}, not {parameter.Length}.", name);
        }
        if (!parameter.Has(Layouts.Contiguous))
            throw new ArgumentException($"{layer}: {name} must be contiguous.", name);
    }

    private static void CheckSameShape<T>(string layer, string name, in Operand<T> tensor, string of, ReadOnlySpan<nint> shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (!tensor.Lengths.SequenceEqual(shape))
            throw new ArgumentException($"{layer}: {name} has shape {Shapes.Text(tensor.Lengths)}; {of} has {Shapes.Text(shape)}, and they must be the same.", name);
    }

    private static void CheckOutput<T>(string layer, string name, in Operand<T> output, string inputName, in Operand<T> input)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckSameShape(layer, name, output, inputName, input.Lengths);
        for (int d = 0; d < output.Strides.Length && !output.IsEmpty; d++)
        {
            if (output.Lengths[d] > 1 && output.Strides[d] == 0)
                throw new ArgumentException($"{layer}: {name} is broadcast along dimension {d}, so its elements share memory and cannot be written.", name);
        }
        if (output.Overlaps(input) && !output.IsSameAs(input))
            throw new ArgumentException($"{layer}: {name} overlaps {inputName} without being the same elements; use the same tensor or another one.", name);
    }

    private static void CheckGradient<T>(
        string layer, string name, in Operand<T> gradient, in Operand<T> dy, in Operand<T> x, in Operand<T> weight, in Operand<T> dx)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        CheckApart(layer, name, gradient, "gradOutput", dy);
        CheckApart(layer, name, gradient, "input", x);
        CheckApart(layer, name, gradient, "weight", weight);
        CheckApart(layer, name, gradient, "gradInput", dx);
    }

    /// <summary>Whether all tensors are channels-last and not all of them also row-major.</summary>
    private static bool UseChannelsLast<T>(in Operand<T> a, in Operand<T> b, in Operand<T> c) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Layouts shared = a.Layouts & b.Layouts & (c.IsPresent ? c.Layouts : a.Layouts);
        return shared == Layouts.ChannelsLast;
    }

    /// <summary>
    /// Layer norm over all dimensions but the first is the same over channels-last memory, where a sample is still one run, if the weights are
    /// put in the order of that memory.
    /// </summary>
    private static bool PermutesParameters(Grouping grouping, ReadOnlySpan<nint> lengths) =>
        grouping.Sharing == Sharing.Layer && grouping.N == lengths[0];
}

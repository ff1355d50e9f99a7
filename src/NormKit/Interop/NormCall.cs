using System.Buffers;
using System.Numerics;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>
/// One call of a normalization: checks all of it before anything is written, pins the tensors and runs the kernels in the layout that they share.
/// Layers and functions, on tensors and on spans, all come through here.
/// </summary>
internal static partial class NormCall
{
    /// <param name="spec">What is computed.</param>
    /// <param name="x">The input, of the grouping's shape.</param>
    /// <param name="y">The output; the same elements as x, or none of them.</param>
    /// <param name="saved">Takes what backward needs, or null.</param>
    /// <param name="mask">Which elements take part; none, and all do.</param>
    /// <param name="addends">What is added to the input first.</param>
    /// <returns>Whether running statistics took the batch: false only where their policy is to skip it.</returns>
    public static unsafe bool Forward<T, TParameter>(
        in NormSpec<TParameter> spec, in Operand<T> x, in Operand<T> y, SavedStatistics? saved, in Operand<bool> mask = default,
        in Addends<T, TParameter> addends = default)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        Grouping grouping = spec.Grouping;
        Running<TParameter> running = spec.Running;
        Span<nint> maskStrides = stackalloc nint[mask.IsPresent ? x.Lengths.Length : 0], residualStrides = stackalloc nint[addends.IsPresent ? x.Lengths.Length : 0];
        CheckForward(spec, x, y, mask, addends, maskStrides, residualStrides);

        bool wantsMoments = saved is not null || running.Use != RunningUse.None || spec.Ranks is not null;
        nint setsInAll = running.Use == RunningUse.Normalize ? grouping.SetsPerSample : grouping.Sets;
        if (wantsMoments && setsInAll > Array.MaxLength)
            throw new ArgumentException($"{spec.Layer}: input {Shapes.Text(x.Lengths)} has {setsInAll} sets that share statistics; at most {Array.MaxLength} can be kept.", "input");
        int sets = wantsMoments ? (int)setsInAll : 0;
        Moments[]? moments = saved is not null
            ? saved.Prepare(spec, x.Lengths, mask.IsPresent)
            : wantsMoments ? ArrayPool<Moments>.Shared.Rent(sets) : null;
        if (x.IsEmpty)
            moments.AsSpan().Clear();   // no set has elements, and none keeps those of an earlier call
        if (running.Use == RunningUse.Normalize)
            RunningStatistics.Read<TParameter>(running.Mean, running.Variance, moments);
        if (!x.IsEmpty)
        {
            // With an addition it is the sum that is normalized.
            Operand<T> input = addends.IsPresent ? addends.Sum : x;
            bool roundsFirst = spec.RoundsBeforeWeight && spec.Weight.IsPresent && typeof(T) != typeof(TParameter);
            Arrangement how = Arrangement.Of(spec, input, y, default, default, logical: mask.IsPresent || addends.IsPresent || roundsFirst);
            using DenseParameter<TParameter> weights = new(spec.Weight, how.PermutedChannels, spec.UnitOffset), biases = new(spec.Bias, how.PermutedChannels);
            ref T normalized = ref input.Start;
            fixed (T* inputStart = &normalized, yStart = &y.Start, xStart = &x.Start, residualStart = &addends.Residual.Start)
            fixed (TParameter* weightStart = weights.Span, biasStart = biases.Span, addedStart = &addends.Bias.Start)
            fixed (bool* maskStart = &mask.Start)
            {
                Affine<TParameter> affine = new(new(weightStart, weights.Span.Length), new(biasStart, biases.Span.Length));
                ElementMask elements = mask.IsPresent ? new(Broadcasts.View((byte*)maskStart, x.Lengths, maskStrides, how.Order)) : default;
                Addition<T, TParameter> addition = addends.IsPresent
                    ? new(
                        x.View(xStart, how.Order), Broadcasts.View(residualStart, x.Lengths, residualStrides, how.Order),
                        new(addedStart, addends.Bias.Length), input.View(inputStart, how.Order))
                    : default;
                Rule rule = new(spec.Scaling, spec.Activation, elements, roundsFirst);
                TensorView<T> from = how.View(input, inputStart);
                spec.Ranks?.FillMoments(new LocalElements<T, TParameter>(how.Geometry, from, rule, spec.Concurrency), grouping.SetSize, moments.AsSpan(0, sets));
                Normalizer.Forward(
                    how.Geometry, from, how.View(y, yStart), affine, rule, addition,
                    moments, running.Use == RunningUse.Normalize || spec.Ranks is not null, spec.Concurrency);
            }
        }
        else
        {
            spec.Ranks?.FillMoments(null, 0, moments.AsSpan(0, sets));
        }
        saved?.Complete();
        bool taken = running.Use != RunningUse.Move || (x.IsEmpty && spec.Ranks is null) || running.Move(moments.AsSpan(0, sets));
        if (saved is null && moments is not null)
            ArrayPool<Moments>.Shared.Return(moments);
        return taken;
    }

    /// <param name="spec">What the forward call computed.</param>
    /// <param name="dy">The gradient of the output.</param>
    /// <param name="x">The input of the forward call; with an addition, its sum.</param>
    /// <param name="saved">What that call left.</param>
    /// <param name="dx">Takes the gradient of the input, or none.</param>
    /// <param name="dWeight">Takes the gradient of the weight, or none.</param>
    /// <param name="dBias">Takes the gradient of the bias, or none.</param>
    /// <param name="add">Whether the last two are added to what is there.</param>
    /// <param name="mask">That of the forward call.</param>
    /// <param name="dSum">The gradient of the sum, where it was handed on; or none.</param>
    public static unsafe void Backward<T, TParameter>(
        in NormSpec<TParameter> spec, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx,
        in Operand<TParameter> dWeight, in Operand<TParameter> dBias, bool add, in Operand<bool> mask = default, in Operand<T> dSum = default)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        Span<nint> maskStrides = stackalloc nint[mask.IsPresent ? x.Lengths.Length : 0];
        CheckBackward(spec, dy, x, saved, dx, dWeight, dBias, mask, dSum, maskStrides);
        using Rented<Pair> pairs = new(spec.Ranks is null ? 0 : saved.Array.Length);
        if (x.IsEmpty && spec.Ranks is not null)
        {
            spec.Ranks.FillPairs(null, saved.Array, pairs.Array);
            Normalizer.AddGradients(pairs.Array.AsSpan(0, saved.Array.Length), saved.Array, saved.Scaling, dWeight.Dense, dBias.Dense, add);
            return;
        }
        if (x.IsEmpty)
        {
            if (!add)
            {
                dWeight.Dense.Clear();
                dBias.Dense.Clear();
            }
            return;
        }
        // Row kernels alone add the gradient of a sum.
        Arrangement how = Arrangement.Of(spec, x, dy, dx, dSum, logical: mask.IsPresent || dSum.IsPresent);
        using DenseParameter<TParameter> weights = new(spec.Weight, how.PermutedChannels, spec.UnitOffset), biases = new(spec.Bias, how.PermutedChannels);
        using DenseParameter<TParameter> weightGradients = new(dWeight, how.PermutedChannels), biasGradients = new(dBias, how.PermutedChannels);
        fixed (T* xStart = &x.Start, dyStart = &dy.Start, dxStart = &dx.Start, dSumStart = &dSum.Start)
        fixed (TParameter* weightStart = weights.Span, biasStart = biases.Span)
        fixed (bool* maskStart = &mask.Start)
        {
            Affine<TParameter> affine = new(
                new(weightStart, weights.Span.Length), saved.Activation.IsPresent ? new(biasStart, biases.Span.Length) : default);
            ElementMask elements = mask.IsPresent ? new(Broadcasts.View((byte*)maskStart, x.Lengths, maskStrides, how.Order)) : default;
            Gradients<T> gradients = new(
                how.View(dy, dyStart), how.View(x, xStart), dx.IsPresent ? how.View(dx, dxStart) : default, dSum.IsPresent ? how.View(dSum, dSumStart) : default);
            Rule rule = new(saved.Scaling, saved.Activation, elements);
            if (spec.Ranks is null)
            {
                Normalizer.Backward(
                    how.Geometry, gradients, affine, rule, saved.Array, saved.Fixed, weightGradients.Span, biasGradients.Span, add, spec.Concurrency);
            }
            else
            {
                spec.Ranks.FillPairs(new LocalGradients<T, TParameter>(how.Geometry, gradients, affine, rule, saved.Array, spec.Concurrency), saved.Array, pairs.Array);
                if (dx.IsPresent)
                    Normalizer.Backward(how.Geometry, gradients, affine, rule, saved.Array, false, default, default, add, spec.Concurrency, pairs.Array);
                Normalizer.AddGradients(pairs.Array.AsSpan(0, saved.Array.Length), saved.Array, saved.Scaling, weightGradients.Span, biasGradients.Span, add);
            }
        }
        weightGradients.CopyTo(dWeight);
        biasGradients.CopyTo(dBias);
    }
}

using System.Numerics;
using NormKit.Kernels;

namespace NormKit.Interop;

/// <summary>What a call must be before anything is written.</summary>
internal static partial class NormCall
{
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

    /// <exception cref="NotSupportedException">Tensors of <typeparamref name="T"/> are not computed on in the parameters' type.</exception>
    public static void CheckTypes<T, TParameter>(string layer)
    {
        Normalizer.RequireSupported<TParameter>();
        if (!Elements.AreComputedIn<T, TParameter>())
        {
            throw new NotSupportedException(
                $"{layer}: a layer of {typeof(TParameter).Name} takes tensors of {typeof(TParameter).Name}{(typeof(TParameter) == typeof(float) ? ", Half and BFloat16" : "")}, not of {typeof(T).Name}.");
        }
    }

    public static void CheckApart<T, TOther>(string layer, string name, in Operand<T> output, string otherName, in Operand<TOther> other)
        where T : unmanaged
        where TOther : unmanaged
    {
        if (output.Overlaps(other))
            throw new ArgumentException($"{layer}: {name} overlaps {otherName}.", name);
    }

    public static void CheckSameShape<T>(string layer, string name, in Operand<T> tensor, string of, ReadOnlySpan<nint> shape) where T : unmanaged
    {
        if (!tensor.Lengths.SequenceEqual(shape))
            throw new ArgumentException($"{layer}: {name} has shape {Shapes.Text(tensor.Lengths)}; {of} has {Shapes.Text(shape)}, and they must be the same.", name);
    }

    /// <summary>An output must be of the input's shape, have memory of its own for each element, and be the input or apart from it.</summary>
    public static void CheckOutput<T>(string layer, string name, in Operand<T> output, string inputName, in Operand<T> input) where T : unmanaged
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

    private static void CheckForward<T, TParameter>(
        in NormSpec<TParameter> spec, in Operand<T> x, in Operand<T> y, in Operand<bool> mask, in Addends<T, TParameter> addends,
        Span<nint> maskStrides, Span<nint> residualStrides)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        string layer = spec.Layer;
        CheckOptions<T, TParameter>(spec);
        CheckParameter(spec, "weight", spec.Weight, x);
        CheckParameter(spec, "bias", spec.Bias, x);
        spec.Running.Check(layer, spec.Grouping, x);
        CheckOutput(layer, "destination", y, "input", x);
        CheckApart(layer, "destination", y, "weight", spec.Weight);
        CheckApart(layer, "destination", y, "bias", spec.Bias);
        spec.Running.CheckApart(layer, x, y, spec.Weight, spec.Bias);
        if (mask.IsPresent)
        {
            Broadcasts.OfMask(spec, x.Lengths, mask, maskStrides);
            CheckApart(layer, "destination", y, "mask", mask);
        }
        if (addends.IsPresent)
            CheckAddends(spec, x, y, addends, residualStrides);
    }

    private static void CheckAddends<T, TParameter>(
        in NormSpec<TParameter> spec, in Operand<T> x, in Operand<T> y, in Addends<T, TParameter> addends, Span<nint> residualStrides)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        string layer = spec.Layer;
        ReadOnlySpan<nint> lengths = addends.Residual.Lengths;
        if (lengths.IsEmpty || lengths.Length > x.Lengths.Length || !lengths.SequenceEqual(x.Lengths[^lengths.Length..]))
            throw new ArgumentException($"{layer}: residual has shape {Shapes.Text(lengths)}; it must be that of input {Shapes.Text(x.Lengths)} or of its trailing dimensions.", "residual");
        residualStrides.Clear();
        addends.Residual.StridesOr(stackalloc nint[lengths.Length]).CopyTo(residualStrides[^lengths.Length..]);
        if (addends.Bias.IsPresent && (addends.Bias.Length != spec.Grouping.Parameters || !addends.Bias.Has(Layouts.Contiguous)))
            throw new ArgumentException($"{layer}: addedBias should be contiguous and contain {spec.Grouping.Parameters} elements for input {Shapes.Text(x.Lengths)}, not {addends.Bias.Length}.", "addedBias");
        CheckOutput(layer, "sum", addends.Sum, "input", x);
        if (lengths.Length == x.Lengths.Length)
            CheckOutput(layer, "sum", addends.Sum, "residual", addends.Residual);
        else
            CheckApart(layer, "sum", addends.Sum, "residual", addends.Residual);
        CheckApart(layer, "sum", addends.Sum, "addedBias", addends.Bias);
        CheckApart(layer, "sum", addends.Sum, "weight", spec.Weight);
        CheckApart(layer, "sum", addends.Sum, "bias", spec.Bias);
        CheckApart(layer, "sum", addends.Sum, "destination", y);
        CheckApart(layer, "destination", y, "addedBias", addends.Bias);
        // The sum of a row is written before its output, which may then be where the residual was.
        if (lengths.Length == x.Lengths.Length)
            CheckOutput(layer, "destination", y, "residual", addends.Residual);
        else
            CheckApart(layer, "destination", y, "residual", addends.Residual);
    }

    private static void CheckBackward<T, TParameter>(
        in NormSpec<TParameter> spec, in Operand<T> dy, in Operand<T> x, SavedStatistics saved, in Operand<T> dx,
        in Operand<TParameter> dWeight, in Operand<TParameter> dBias, in Operand<bool> mask, in Operand<T> dSum, Span<nint> maskStrides)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        string layer = spec.Layer;
        CheckOptions<T, TParameter>(spec);
        if (saved.Layer.Length == 0)
            throw new InvalidOperationException($"{layer}: backward before forward; these saved statistics were never filled by a forward call.");
        CheckSameShape(layer, "input", x, "saved", saved.Shape);
        CheckSameShape(layer, "gradOutput", dy, "input", x.Lengths);
        CheckParameter(spec, "weight", spec.Weight, x);
        CheckParameter(spec, "gradWeight", dWeight, x);
        CheckParameter(spec, "gradBias", dBias, x);
        if (dx.IsPresent)
        {
            CheckOutput(layer, "gradInput", dx, "gradOutput", dy);
            CheckOutput(layer, "gradInput", dx, "input", x);
        }
        CheckApart(layer, "gradInput", dx, "weight", spec.Weight);
        CheckApart(layer, "gradInput", dx, "bias", spec.Bias);
        CheckGradient(spec, "gradWeight", dWeight, dy, x, dx);
        CheckGradient(spec, "gradBias", dBias, dy, x, dx);
        CheckApart(layer, "gradWeight", dWeight, "gradBias", dBias);
        if (saved.Masked != mask.IsPresent)
            throw new ArgumentException($"{layer}: the forward call had {(saved.Masked ? "a mask, so backward needs it too" : "no mask, so backward has none")}.", nameof(mask));
        if (mask.IsPresent)
        {
            Broadcasts.OfMask(spec, x.Lengths, mask, maskStrides);
            CheckApart(layer, "gradInput", dx, "mask", mask);
            CheckApart(layer, "gradWeight", dWeight, "mask", mask);
            CheckApart(layer, "gradBias", dBias, "mask", mask);
        }
        if (!dSum.IsPresent)
            return;
        CheckSameShape(layer, "gradSum", dSum, "input", x.Lengths);
        if (dx.IsPresent)
            CheckOutput(layer, "gradInput", dx, "gradSum", dSum);
        CheckApart(layer, "gradWeight", dWeight, "gradSum", dSum);
        CheckApart(layer, "gradBias", dBias, "gradSum", dSum);
    }

    private static void CheckOptions<T, TParameter>(in NormSpec<TParameter> spec) where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        CheckTypes<T, TParameter>(spec.Layer);
        CheckEps(spec.Layer, spec.Scaling.Eps);
        CheckDegree(spec.Layer, spec.Concurrency.MaxDegreeOfParallelism);
    }

    private static void CheckParameter<T, TParameter>(in NormSpec<TParameter> spec, string name, in Operand<TParameter> parameter, in Operand<T> x)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        if (!parameter.IsPresent)
            return;
        Grouping grouping = spec.Grouping;
        if (spec.NormalizedRank > 0 && !parameter.Lengths.IsEmpty && grouping.Weights == WeightSharing.ByAll && !grouping.OneWeight)
        {
            // One shape, not merely one length: a transposed weight would fit and be wrong.
            Span<nint> normalized = stackalloc nint[spec.NormalizedRank];
            spec.NormalizedLengths(x.Lengths, normalized);
            if (!parameter.Lengths.SequenceEqual(normalized))
                throw new ArgumentException($"{spec.Layer}: {name} has shape {Shapes.Text(parameter.Lengths)}; it must be that of the normalized dimensions, {Shapes.Text(normalized)}, of input {Shapes.Text(x.Lengths)}.", name);
        }
        else if (parameter.Length != grouping.Parameters)
        {
            throw new ArgumentException($"{spec.Layer}: {name} should contain {grouping.Parameters} elements for input {Shapes.Text(x.Lengths)}, not {parameter.Length}.", name);
        }
        if (!parameter.Has(Layouts.Contiguous))
            throw new ArgumentException($"{spec.Layer}: {name} must be contiguous.", name);
    }

    private static void CheckGradient<T, TParameter>(
        in NormSpec<TParameter> spec, string name, in Operand<TParameter> gradient, in Operand<T> dy, in Operand<T> x, in Operand<T> dx)
        where T : unmanaged
        where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
    {
        CheckApart(spec.Layer, name, gradient, "gradOutput", dy);
        CheckApart(spec.Layer, name, gradient, "input", x);
        CheckApart(spec.Layer, name, gradient, "weight", spec.Weight);
        CheckApart(spec.Layer, name, gradient, "gradInput", dx);
    }
}

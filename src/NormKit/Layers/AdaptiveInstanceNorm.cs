using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>Gives each channel of a content the mean and deviation of the same channel of a style.</summary>
/// <remarks><code>y = std(style) * (content - mean(content)) / std(content) + mean(style)        std(z) = sqrt(var(z) + eps)</code>
/// Content and output: (N, C, *); style: (N, C, *), with positions of its own. Mean and variance are those of the positions of a channel of a sample, the
/// variance biased. It holds no parameters and has one mode, and may be used from several threads at once. Everything is checked before anything is
/// written. It takes no mask. Source: Huang, Belongie 2017, arXiv:1703.06868.</remarks>
/// <typeparam name="T">float or double: the type of the tensors; with float they may also be <see cref="Half"/> or <see cref="BFloat16"/>. All is
/// computed in double and rounded once.</typeparam>
public sealed class AdaptiveInstanceNorm<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const string Name = nameof(AdaptiveInstanceNorm<>);

    private readonly Scaling scaling;
    private int maxDegreeOfParallelism = -1;

    /// <param name="eps">Added to both variances, inside the roots.</param>
    /// <exception cref="ArgumentOutOfRangeException">eps is negative or not finite.</exception>
    public AdaptiveInstanceNorm(double eps = 1e-5)
    {
        Normalizer.RequireSupported<T>();
        NormCall.CheckEps(Name, eps);
        scaling = new(Spread.StandardDeviation, eps);
    }

    /// <summary>Added to both variances, inside the roots.</summary>
    public double Eps => scaling.Eps;

    /// <inheritdoc cref="NormLayer{T}.MaxDegreeOfParallelism"/>
    public int MaxDegreeOfParallelism
    {
        get => maxDegreeOfParallelism;
        set
        {
            NormCall.CheckDegree(Name, value);
            maxDegreeOfParallelism = value;
        }
    }

    /// <summary>The content in the style's mean and deviation.</summary>
    /// <param name="content">(N, C, *), in any layout.</param>
    /// <param name="style">(N, C, *), in any layout; the lengths behind the channels are its own.</param>
    /// <param name="saved">Filled with what backward needs, the moments of the content's planes and then of the style's; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <typeparam name="TInput">The type of the elements: <typeparamref name="T"/>, or for float also Half or BFloat16.</typeparam>
    /// <returns>A tensor of the content's shape, channels-last where the content is, else row-major.</returns>
    /// <exception cref="ArgumentException">Content and style have fewer than 2 dimensions, or other samples or channels, or the style has no positions
    /// where the content has some.</exception>
    /// <exception cref="NotSupportedException">It does not compute on such elements.</exception>
    public Tensor<TInput> Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> content, in ReadOnlyTensorSpan<TInput> style, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Tensor<TInput> destination = Results.Like(Operand<TInput>.Of(content));
        Forward(content, style, destination.AsTensorSpan(), saved, cancellationToken);
        return destination;
    }

    /// <inheritdoc cref="Forward{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, CancellationToken)"/>
    /// <param name="content">(N, C, *), in any layout.</param>
    /// <param name="style">(N, C, *), in any layout; the lengths behind the channels are its own.</param>
    /// <param name="destination">Overwritten with the result; of the content's shape; may be the content, and is apart from the style.</param>
    /// <param name="saved">Filled with what backward needs; null where no gradient is wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void Forward<TInput>(
        in ReadOnlyTensorSpan<TInput> content, in ReadOnlyTensorSpan<TInput> style, in TensorSpan<TInput> destination, SavedStatistics? saved = null,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged =>
        Normalize(
            Operand<TInput>.Of(content), Operand<TInput>.Of(style), Operand<TInput>.Of(destination), saved,
            Concurrency.Start(maxDegreeOfParallelism, cancellationToken));

    private unsafe void Normalize<TInput>(in Operand<TInput> x, in Operand<TInput> s, in Operand<TInput> y, SavedStatistics? saved, Concurrency concurrency)
        where TInput : unmanaged
    {
        NormCall.CheckTypes<TInput, T>(Name);
        CheckInputs(x, s);
        NormCall.CheckOutput(Name, "destination", y, "content", x);
        NormCall.CheckApart(Name, "destination", y, "style", s);

        Planes planes = PlaneCalls.Of(Name, x.Lengths, concurrency), ofStyle = PlaneCalls.Of(Name, s.Lengths, concurrency);
        using Rented<Moments> contents = new(planes.Count), styles = new(planes.Count);
        Span<Moments> kept = saved is null ? [] : saved.Prepare(Name, x.Lengths, 2 * planes.Count, scaling, given: false, extras: 1);
        if (saved is not null)
            saved.Extras[0] = ofStyle.Positions;
        kept.Clear();
        if (x.IsEmpty)
        {
            saved?.Complete();
            return;
        }
        fixed (TInput* xStart = &x.Start, sStart = &s.Start, yStart = &y.Start)
        {
            TensorView<TInput> from = x.View(xStart, channelsLast: false);
            planes.Reduce(from, centred: true, contents.Array);
            ofStyle.Reduce(s.View(sStart, channelsLast: false), centred: true, styles.Array);
            using Rented<Line> lines = new(planes.Count);
            for (int plane = 0; plane < planes.Count; plane++)
            {
                Moments own = contents.Array[plane], target = styles.Array[plane];
                double scale = scaling.Factor(own) * Deviation(target);
                lines.Array[plane] = new(own.Mean, scale, target.Mean + (target.MeanLow - (own.MeanLow * scale)));
            }
            planes.Map(default, from, y.View(yStart, channelsLast: false), new PlaneLines.Values(lines.Array));
        }
        if (saved is not null)
        {
            contents.Array.AsSpan(0, planes.Count).CopyTo(kept);
            styles.Array.AsSpan(0, planes.Count).CopyTo(kept[planes.Count..]);
            saved.Complete();
        }
    }

    /// <summary>The gradients of a forward pass.</summary>
    /// <param name="gradOutput">The gradient of the output, of the content's shape.</param>
    /// <param name="content">The content of the forward pass, unchanged since.</param>
    /// <param name="style">The style of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    /// <typeparam name="TInput">The type of the elements.</typeparam>
    /// <returns>The gradients of content and style.</returns>
    /// <exception cref="ArgumentException">A shape does not fit, or another layer filled <paramref name="saved"/>.</exception>
    /// <exception cref="InvalidOperationException"><paramref name="saved"/> was never filled by a forward pass.</exception>
    public (Tensor<TInput> GradContent, Tensor<TInput> GradStyle) Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> content, in ReadOnlyTensorSpan<TInput> style, SavedStatistics saved,
        CancellationToken cancellationToken = default)
        where TInput : unmanaged
    {
        Tensor<TInput> gradContent = Results.Like(Operand<TInput>.Of(content)), gradStyle = Results.Like(Operand<TInput>.Of(style));
        Backward(gradOutput, content, style, saved, gradContent.AsTensorSpan(), gradStyle.AsTensorSpan(), cancellationToken);
        return (gradContent, gradStyle);
    }

    /// <inheritdoc cref="Backward{TInput}(in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, in ReadOnlyTensorSpan{TInput}, SavedStatistics, CancellationToken)"/>
    /// <param name="gradOutput">The gradient of the output, of the content's shape.</param>
    /// <param name="content">The content of the forward pass, unchanged since.</param>
    /// <param name="style">The style of the forward pass, unchanged since.</param>
    /// <param name="saved">What that pass saved.</param>
    /// <param name="gradContent">Overwritten with the content's gradient; may be <paramref name="gradOutput"/> or <paramref name="content"/>; empty where it is not wanted.</param>
    /// <param name="gradStyle">Overwritten with the style's gradient; may be <paramref name="style"/>; empty where it is not wanted.</param>
    /// <param name="cancellationToken">Ends the call early, with an OperationCanceledException; <see cref="NormLayer{T}"/> says what it leaves.</param>
    public void Backward<TInput>(
        in ReadOnlyTensorSpan<TInput> gradOutput, in ReadOnlyTensorSpan<TInput> content, in ReadOnlyTensorSpan<TInput> style, SavedStatistics saved,
        in TensorSpan<TInput> gradContent, in TensorSpan<TInput> gradStyle, CancellationToken cancellationToken = default) where TInput : unmanaged =>
        Differentiate(
            Operand<TInput>.Of(gradOutput), Operand<TInput>.Of(content), Operand<TInput>.Of(style), saved, Operand<TInput>.OfOptional(gradContent),
            Operand<TInput>.OfOptional(gradStyle), Concurrency.Start(maxDegreeOfParallelism, cancellationToken));

    private unsafe void Differentiate<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, in Operand<TInput> s, SavedStatistics saved, in Operand<TInput> dx, in Operand<TInput> ds,
        Concurrency concurrency) where TInput : unmanaged
    {
        NormCall.CheckTypes<TInput, T>(Name);
        ArgumentNullException.ThrowIfNull(saved);
        if (saved.Layer.Length > 0 && saved.Layer != Name)
            throw new ArgumentException($"{Name}: the saved statistics come from {saved.Layer}; give those of this layer's forward pass.", nameof(saved));
        CheckInputs(x, s);
        PlaneCalls.CheckBackward(Name, dy, x, saved, dx, "content", "gradContent");
        Planes planes = PlaneCalls.Of(Name, x.Lengths, concurrency), ofStyle = PlaneCalls.Of(Name, s.Lengths, concurrency);
        if (saved.Extras[0] != ofStyle.Positions)
            throw new ArgumentException($"{Name}: style has shape {Shapes.Text(s.Lengths)}; that of the forward pass had {saved.Extras[0]} positions.", "style");
        if (ds.IsPresent)
            NormCall.CheckOutput(Name, "gradStyle", ds, "style", s);
        NormCall.CheckApart(Name, "gradContent", dx, "style", s);
        NormCall.CheckApart(Name, "gradStyle", ds, "content", x);
        NormCall.CheckApart(Name, "gradStyle", ds, "gradOutput", dy);
        NormCall.CheckApart(Name, "gradStyle", ds, "gradContent", dx);

        fixed (TInput* dyStart = &dy.Start, xStart = &x.Start, sStart = &s.Start, dxStart = &dx.Start, dsStart = &ds.Start)
        {
            TensorView<TInput> toContent = dx.IsPresent ? dx.View(dxStart, channelsLast: false) : default;
            TensorView<TInput> toStyle = ds.IsPresent ? ds.View(dsStart, channelsLast: false) : default;
            Differentiate(
                planes, ofStyle, saved, dy.View(dyStart, channelsLast: false), x.View(xStart, channelsLast: false), s.View(sStart, channelsLast: false),
                toContent, toStyle);
        }
    }

    private void Differentiate<TInput>(
        in Planes planes, in Planes ofStyle, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> style,
        TensorView<TInput> dx, TensorView<TInput> ds) where TInput : unmanaged
    {
        using Rented<Pair> sums = new(planes.Count);
        using Rented<Slope> slopes = new(planes.Count);
        using Rented<Line> lines = new(planes.Count);
        lines.Array.AsSpan().Clear();    // for a content without positions, whose style has a gradient of 0
        if (!x.IsEmpty)
            planes.Reduce(dy, x, new PlaneLines.GradientSums(saved.Array), sums.Array);
        for (int plane = 0; plane < planes.Count && !x.IsEmpty; plane++)
        {
            Moments own = saved.Moments[plane], target = saved.Moments[planes.Count + plane];
            Pair sum = sums.Array[plane];
            double factor = scaling.Factor(own), deviation = Deviation(target), ofDy = deviation * factor;
            double ofX = -ofDy * factor * factor * (sum.Second / planes.Positions);
            slopes.Array[plane] = new(own.Mean, ofDy, ofX, (-ofDy * (sum.First / planes.Positions)) - (ofX * own.MeanLow));

            // A deviation of 0 has no slope here, though the root's is infinite: there is nothing that deviates.
            double scale = deviation == 0 ? 0 : sum.Second * factor / (ofStyle.Positions * deviation);
            lines.Array[plane] = new(target.Mean, scale, (sum.First / ofStyle.Positions) - (target.MeanLow * scale));
        }
        planes.Map(dy, x, dx, new PlaneLines.Gradients(slopes.Array));
        ofStyle.Map(default, style, ds, new PlaneLines.Values(lines.Array));
    }

    private double Deviation(in Moments style) => Math.Sqrt(style.Variance + Eps);

    private static void CheckInputs<TInput>(in Operand<TInput> content, in Operand<TInput> style) where TInput : unmanaged
    {
        if (content.Lengths.Length < 2)
            throw new ArgumentException($"{Name}: expected at least 2 dimensions, (N, C, *), for the content, but received {content.Lengths.Length}: {Shapes.Text(content.Lengths)}.", nameof(content));
        if (style.Lengths.Length < 2)
            throw new ArgumentException($"{Name}: expected at least 2 dimensions, (N, C, *), for the style, but received {style.Lengths.Length}: {Shapes.Text(style.Lengths)}.", nameof(style));
        if (!style.Lengths[..2].SequenceEqual(content.Lengths[..2]))
            throw new ArgumentException($"{Name}: style has shape {Shapes.Text(style.Lengths)} and content {Shapes.Text(content.Lengths)}; they must have the same samples and channels, dimensions 0 and 1.", nameof(style));
        if (style.IsEmpty && !content.IsEmpty)
            throw new ArgumentException($"{Name}: style {Shapes.Text(style.Lengths)} has no positions, and so no mean that content {Shapes.Text(content.Lengths)} could take.", nameof(style));
    }
}

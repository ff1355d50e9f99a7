using System.Diagnostics;

namespace NormKit.Kernels;

/// <summary>Which elements of a set share a weight and a bias.</summary>
internal enum AffineAxis
{
    /// <summary>All of a set: batch and instance norm.</summary>
    Set,

    /// <summary>One segment, that is one channel of a group: group norm, and layer norm over channels that are not innermost.</summary>
    Segment,

    /// <summary>Each position of a segment has its own: layer norm, and group norm where channels are innermost.</summary>
    Element,
}

/// <summary>
/// Who shares statistics and who shares a weight: the one idea behind every layer. A set is the elements with one mean and variance. Element
/// <c>i</c> of segment <c>j</c> of set <c>k</c> of batch <c>b</c> lies at <c>b * BatchStride + k * SetStride + j * SegmentStride + i</c>.
/// A reduction's shape follows from these numbers alone, never from threads, addresses or SIMD width.
/// </summary>
internal readonly record struct NormGeometry(
    nint Batches, nint SetsPerBatch, nint Segments, nint Length, nint BatchStride, nint SetStride, nint SegmentStride, AffineAxis Affine)
{
    /// <summary>Below this run length one vector hardly fits a segment, so lanes go across the sets instead of along the segment.</summary>
    private const int ShortestRow = 16;

    /// <summary>Below this one, if sets have so many segments that the sums of a column are worth more than what is done with them.</summary>
    private const int ShortRow = 64, ManySegments = 16;

    public nint Sets => Batches * SetsPerBatch;
    public nint SetSize => Segments * Length;
    public nint AffinePerSet => Affine switch { AffineAxis.Set => 1, AffineAxis.Segment => Segments, _ => Length };

    /// <summary>The parameters of one batch; sets that lie side by side share those of a segment.</summary>
    public nint AffineCount => HasRowWeights ? Segments : SetsPerBatch * AffinePerSet;

    /// <summary>Which batches have a weight of their own; usually all share one.</summary>
    public WeightSharing Weights { get; init; } = WeightSharing.ByAll;

    /// <summary>The elements of one batch, or of its row where segments are the rows of a matrix (see <see cref="IsColumnar"/>).</summary>
    public nint Columns => SetsPerBatch * Length;

    /// <summary>
    /// A batch is a matrix with a segment of every set in each row, and the runs are short: the column kernels then take lanes across sets.
    /// Channels-last data, batch norm on (N, C) or over few positions, and layer norm over channels that are not innermost.
    /// </summary>
    public bool IsColumnar => (Segments > 1 || (Length == 1 && Affine == AffineAxis.Set)) && SetStride == Length && SegmentStride == Columns
        && (Affine == AffineAxis.Element || (Affine == AffineAxis.Set && (Length < ShortestRow || (Length < ShortRow && Segments >= ManySegments))) || (Affine == AffineAxis.Segment && Length == 1));

    /// <summary>Whether the sets of a batch are columns of a matrix whose rows have the weights, so that all of them have the same.</summary>
    public bool HasRowWeights => Affine == AffineAxis.Segment && IsColumnar;

    /// <summary>Statistics over batch and positions, for each channel.</summary>
    public static NormGeometry Batch(nint n, nint c, nint s) => Ghost(1, n, c, s);

    /// <summary>The same with channels innermost.</summary>
    public static NormGeometry BatchChannelsLast(nint n, nint c, nint s) => Ghost(1, n * s, c, 1);

    /// <summary>The same for each of some equal parts of the batch, of n samples.</summary>
    public static NormGeometry Ghost(nint parts, nint n, nint c, nint s) =>
        new(parts, c, n, s, BatchStride: n * c * s, SetStride: s, SegmentStride: c * s, AffineAxis.Set);

    /// <summary>Statistics over the c / g channels of a group and all positions, for each sample; g = c is instance norm.</summary>
    public static NormGeometry Group(nint n, nint c, nint s, nint g)
    {
        Debug.Assert(g > 0 && c % g == 0);
        nint k = c / g;
        // Without positions a group is one run of channels, each with its own weight, as a row of layer norm is.
        return s == 1 && k > 1
            ? new(n, g, 1, k, BatchStride: c, SetStride: k, SegmentStride: k, AffineAxis.Element)
            : new(n, g, k, s, BatchStride: c * s, SetStride: k * s, SegmentStride: s, k == 1 ? AffineAxis.Set : AffineAxis.Segment);
    }

    /// <summary>The same with channels innermost: a segment is the group's channels at one position.</summary>
    public static NormGeometry GroupChannelsLast(nint n, nint c, nint s, nint g) =>
        new(n, g, s, c / g, BatchStride: c * s, SetStride: c / g, SegmentStride: c, c == g ? AffineAxis.Set : AffineAxis.Element);

    /// <summary>Statistics over each row; every position of a row has its own weight.</summary>
    public static NormGeometry Layer(nint rows, nint width) =>
        new(rows, 1, 1, width, BatchStride: width, SetStride: width, SegmentStride: width, AffineAxis.Element);

    /// <summary>Statistics over the c channels of each of s positions, channels not being innermost: the columns of a matrix of c rows.</summary>
    public static NormGeometry Position(nint n, nint c, nint s) => s == 1 || c == 1
        ? Layer(n * s, c)
        : new(n, s, c, 1, BatchStride: c * s, SetStride: 1, SegmentStride: s, AffineAxis.Segment);

    /// <summary>Where segment <paramref name="segment"/> of set <paramref name="set"/> (counted through all batches) begins.</summary>
    public nint Offset(nint set, nint segment)
    {
        // A division costs as much as a few vectors of a row.
        (nint batch, nint inBatch) = SetsPerBatch == 1 ? (set, 0) : Math.DivRem(set, SetsPerBatch);
        return (batch * BatchStride) + (inBatch * SetStride) + (segment * SegmentStride);
    }

    /// <summary>The first of the parameters of a set (counted through all batches).</summary>
    public nint FirstParameter(nint set)
    {
        (nint batch, nint inBatch) = SetsPerBatch == 1 ? (set, 0) : Math.DivRem(set, SetsPerBatch);
        return FirstParameterOfBatch(batch) + (HasRowWeights ? 0 : inBatch * AffinePerSet);
    }

    public nint FirstParameterOfBatch(nint batch) => Weights.GroupOf(batch) * AffineCount;
}

/// <summary>
/// Which batches share a weight: <c>Run</c> neighbours have one, and after <c>Groups</c> runs the weights begin again. A scale for each sample,
/// with rows as batches, is a run of its positions and a group a sample; a weight for each head, a run of the head's positions and a group a head.
/// </summary>
internal readonly record struct WeightSharing(nint Run, nint Groups)
{
    public static WeightSharing ByAll => new(nint.MaxValue, 1);

    public nint GroupOf(nint batch) => Groups == 1 ? 0 : batch / Run % Groups;
}

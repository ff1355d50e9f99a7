using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NormKit.Kernels;
using NormKit.Tests;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Bits;

/// <summary>Whether a layer of floats gives the same bits for the same numbers: in another layout, picked by a mask, in another order, computed another way.</summary>
internal static class SameNumbers
{
    private const string Same = "=", Different = "differs", DoesNotApply = "-";
    private const double Offset = 3;

    /// <summary>Compares row-major memory with channels-last memory.</summary>
    public static string InChannelsLast(Member member)
    {
        if (!HasSets(member))
            return DoesNotApply;
        Member large = member.HasPositions ? member with { Shape = [member.OfSamples(2).Shape[0], member.Shape[1], 71, 73] } : member.OfSamples(41);
        return Answer(((Member[])[member, large]).All(m => Of(new(m, offset: Offset), Placement.Contiguous).Equals(Of(new(m, offset: Offset), Placement.ChannelsLast))));
    }

    /// <summary>Compares a mask that hides nothing with no mask, and a random mask with the elements that it leaves.</summary>
    public static string UnderAMask(Member member)
    {
        if (!member.TakesMask || !HasSets(member))
            return DoesNotApply;
        bool[] all = [.. Enumerable.Repeat(true, member.Elements)];
        return Answer(
            ((Placement[])[Placement.Contiguous, Placement.ChannelsLast]).All(p => Of(new(member, offset: Offset), p).Equals(Of(new(member, offset: Offset, mask: all), p)))
            && (HasRows(member.Make<float>()) ? RowsHaveTheBitsOfWhatAMaskLeaves(member) : PlanesHaveTheBitsOfWhatAMaskLeaves(member)));
    }

    /// <summary>Compares the elements of each set, with their weights, in three other orders.</summary>
    public static string InAnotherOrder(Member member)
    {
        if (!ComputesSets(member))
            return DoesNotApply;
        Numbers plain = Of(new(member, offset: Offset), Placement.Contiguous);
        for (int seed = 1; seed <= 3; seed++)
        {
            foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
            {
                Subject<float> subject = new(member, offset: Offset);
                (int[] elements, int[]? parameters) = Order(member, subject.Layer, new(seed));
                float[] x = Picked(subject.X, elements), dy = Picked(subject.Dy, elements);
                x.CopyTo(subject.X, 0);
                dy.CopyTo(subject.Dy, 0);
                foreach ((_, Parameter<float> parameter) in subject.Layer.NamedParameters)
                {
                    if (parameters is not null)
                        Picked(Placing.Logical(parameter.Value), parameters).CopyTo(SpanOf(parameter.Value));
                }
                if (!Of(subject, placement).Equals(new(Picked(plain.Y, elements), Picked(plain.Dx, elements), plain.Others)))
                    return Different;
            }
        }
        return Same;
    }

    /// <summary>Compares with the hash that the layer has where each set is computed at the first level that is certain.</summary>
    public static string AtLevel(Member member, int level, string hash)
    {
        if (!ComputesSets(member))
            return DoesNotApply;
        Certainty.ForcedLevel = level;
        try
        {
            return Answer(MemberBits.Hash(member) == hash);
        }
        finally
        {
            Certainty.ForcedLevel = 1;
        }
    }

    /// <summary>Whether the layer normalizes sets of elements; the others mix statistics of several sets, have windows, or have no statistics.</summary>
    private static bool HasSets(Member member) => member.Make<float>() is (GroupedNormLayer<float> and not BatchRenorm<float>) or LpNormalize<float> { P: 2 };

    /// <summary>Whether it also computes their statistics, which it is given in evaluation mode.</summary>
    private static bool ComputesSets(Member member) => HasSets(member) && !member.InEvaluation && member.Make<float>() is not FrozenBatchNorm<float>;

    private static bool HasRows(NormLayer<float> layer) => layer is RowNormLayer<float> or ScaleNorm<float> or QueryKeyNorm<float>;

    private static bool RowsHaveTheBitsOfWhatAMaskLeaves(Member member)
    {
        Random random = new(5);
        bool[] mask = [.. Enumerable.Range(0, member.Elements).Select(_ => random.Next(3) > 0)];
        Numbers masked = Of(new(member, offset: Offset, mask: mask), Placement.Contiguous);
        Subject<float> subject = new(member, offset: Offset);
        int[] parameter = subject.Layer switch
        {
            ScaleNorm<float> => new int[member.Elements],
            QueryKeyNorm<float> => Over.Sets(member.Shape, 1, 3),
            _ => Over.Sets(member.Shape, member.NotInPositions),
        };
        foreach (int[] set in ElementsOf(RowsOf(member, subject.Layer)))
        {
            int[] left = [.. set.Where(i => mask[i])];
            if (left.Length == 0)
                continue;
            NormLayer<float> alone = OfOneRow(subject.Layer, left.Length);
            foreach ((Parameter<float> from, Parameter<float> to) in subject.Layer.NamedParameters.Zip(alone.NamedParameters, (a, b) => (a.Parameter, b.Parameter)))
            {
                float[] values = Placing.Logical(from.Value);
                Span<float> target = SpanOf(to.Value);
                for (int i = 0; i < target.Length; i++)
                    target[i] = values[parameter[left[i]]];
            }
            (float[] y, float[] dx) = Pass(alone, Picked(subject.X, left), Picked(subject.Dy, left), alone is QueryKeyNorm<float> ? [1, 1, 1, left.Length] : [1, left.Length]);
            if (!SameBits(y, Picked(masked.Y, left)) || !SameBits(dx, Picked(masked.Dx, left)))
                return false;
        }
        return true;
    }

    private static NormLayer<float> OfOneRow(NormLayer<float> layer, int length) => layer switch
    {
        LayerNorm<float> l => new LayerNorm<float>(length, l.Eps, l.ElementwiseAffine, l.Bias is not null, l.UnitOffset) { Activation = l.Activation },
        RmsNorm<float> l => new RmsNorm<float>(length, l.Eps, l.ElementwiseAffine, l.UnitOffset),
        ScaleNorm<float> l => new ScaleNorm<float>(length, l.Eps),
        QueryKeyNorm<float> l => new QueryKeyNorm<float>(1, length, l.Eps),
        _ => throw new InvalidOperationException($"{layer} does not normalize rows."),
    };

    /// <summary>The mask leaves as many positions of each sample, the same of all its channels, so that a smaller tensor is left.</summary>
    private static bool PlanesHaveTheBitsOfWhatAMaskLeaves(Member member)
    {
        int n = (int)member.Shape[0], c = member.FixedSamples ? 1 : (int)member.Shape[1], s = member.Elements / (n * c), count = s * 2 / 3;
        Random random = new(5);
        List<int> left = [];
        for (int sample = 0; sample < n; sample++)
        {
            int[] positions = [.. Shuffled(random, s).Take(count).Order()];
            for (int channel = 0; channel < c; channel++)
                left.AddRange(positions.Select(p => (((sample * c) + channel) * s) + p));
        }
        int[] elements = [.. left];
        bool[] mask = new bool[member.Elements];
        foreach (int i in elements)
            mask[i] = true;
        Numbers masked = Of(new(member, offset: Offset, mask: mask), Placement.Contiguous);
        Subject<float> subject = new(member, offset: Offset);
        (float[] y, float[] dx) = Pass(subject.Layer, Picked(subject.X, elements), Picked(subject.Dy, elements), member.FixedSamples ? [n, count] : [n, c, count]);
        return new Numbers(y, dx, OthersOf(subject.Layer)).Equals(new(Picked(masked.Y, elements), Picked(masked.Dx, elements), masked.Others));
    }

    /// <summary>Which element, and which parameter, comes in the place of each; elements stay in their sets, and keep their weights.</summary>
    private static (int[] Elements, int[]? Parameters) Order(Member member, NormLayer<float> layer, Random random)
    {
        nint[] shape = member.Shape;
        int[] from = new int[member.Elements];
        if (layer is GroupNorm<float> grouped)
        {
            int c = (int)shape[1], s = member.Elements / ((int)shape[0] * c), each = c / grouped.NumGroups;
            int[] channels = [.. Enumerable.Range(0, c)];
            for (int group = 0; group < grouped.NumGroups; group++)
                random.Shuffle(channels.AsSpan(group * each, each));
            for (int plane = 0; plane < (int)shape[0] * c; plane++)
            {
                int[] positions = Shuffled(random, s);
                for (int i = 0; i < s; i++)
                    from[(plane * s) + i] = (((plane / c * c) + channels[plane % c]) * s) + positions[i];
            }
            return (from, channels);
        }
        int[] sets = layer switch
        {
            GhostBatchNorm<float> => CentredFormulas.GhostSets(shape, member.Splits),
            BatchNorm<float> => Over.Sets(shape, 1),
            InstanceNorm<float> => Over.Sets(shape, 0, 1),
            WeightStandardization<float> => Over.Sets(shape, member.FixedSamples ? 0 : 1),
            LpNormalize<float> norm => Over.Axes(shape, norm.Dims.ToArray()),
            _ => RowsOf(member, layer),
        };
        // Where each element has a weight, one order for all sets.
        bool hasWeights = layer is RowNormLayer<float> { ElementwiseAffine: true } or QueryKeyNorm<float>;
        int[]? order = null;
        foreach (int[] set in ElementsOf(sets))
        {
            if (order is null || !hasWeights)
                order = Shuffled(random, set.Length);
            for (int i = 0; i < set.Length; i++)
                from[set[i]] = set[order[i]];
        }
        // One order for the weights of each head, and of each group.
        int copies = layer is QueryKeyNorm<float> heads ? heads.NumHeads : GroupsOf(layer);
        return (from, !hasWeights ? null : [.. Enumerable.Range(0, copies).SelectMany(copy => order!.Select(i => (copy * order!.Length) + i))]);
    }

    private static int GroupsOf(NormLayer<float> layer) => (layer as RowNormLayer<float>)?.NumGroups ?? 1;

    /// <summary>The set of each element of a layer over rows, or over groups of them.</summary>
    private static int[] RowsOf(Member member, NormLayer<float> layer)
    {
        int groups = GroupsOf(layer);
        return groups == 1
            ? Over.Axes(member.Shape, member.NotInPositions) : Over.Axes([.. member.Shape[..^1], groups, member.Shape[^1] / groups], member.Shape.Length);
    }

    private static IEnumerable<int[]> ElementsOf(int[] sets) => Enumerable.Range(0, sets.Length).GroupBy(i => sets[i], (_, elements) => elements.ToArray());

    private static Numbers Of(Subject<float> subject, Placement placement)
    {
        Pass<float> pass = subject.Run(placement);
        return new(pass.Y, pass.Dx, OthersOf(subject.Layer));
    }

    private static (float[] Y, float[] Dx) Pass(NormLayer<float> layer, float[] x, float[] dy, nint[] shape)
    {
        float[] y = new float[x.Length], dx = new float[x.Length];
        SavedStatistics saved = new();
        layer.Forward(x, shape, y, saved);
        layer.Backward(dy, x, shape, saved, dx);
        return (y, dx);
    }

    /// <summary>Running statistics and, of batch norm that trains, the gradients of weight and bias: those of one set each.</summary>
    private static float[] OthersOf(NormLayer<float> layer)
    {
        IEnumerable<float> buffers = layer.State.Where(e => e.Kind == StateKind.Buffer).SelectMany(e => Placing.Logical(e.Value!));
        return layer is BatchNorm<float> && layer.Training ? [.. buffers, .. layer.NamedParameters.SelectMany(p => Placing.Logical(p.Parameter.Grad))] : [.. buffers];
    }

    private static Span<float> SpanOf(Tensor<float> tensor) => tensor.GetSpan([.. Enumerable.Repeat((nint)0, tensor.Rank)], (int)tensor.FlattenedLength);

    private static float[] Picked(float[] values, int[] order) => Array.ConvertAll(order, i => values[i]);

    private static int[] Shuffled(Random random, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        return order;
    }

    private static string Answer(bool isSame) => isSame ? Same : Different;

    private static bool SameBits(float[] a, float[] b) => MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(b.AsSpan()));

    /// <summary>The results of a pass that must not change; equal by their bits.</summary>
    private sealed record Numbers(float[] Y, float[] Dx, float[] Others)
    {
        public bool Equals(Numbers? other) => other is not null && SameBits(Y, other.Y) && SameBits(Dx, other.Dx) && SameBits(Others, other.Others);

        public override int GetHashCode() => Y.Length;
    }
}

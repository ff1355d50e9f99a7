using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>Masks, of every layer that takes one: what is hidden takes no part.</summary>
public class FamilyMaskTests
{
    public static TheoryData<string> Masked { get; } = Members.Names(m => m.TakesMask);

    public static TheoryData<string> Unmasked { get; } = Members.Names(m => !m.TakesMask);

    [Theory, MemberData(nameof(Masked))]
    public void Pass_InFloat_MatchesFormula(string name) => MatchesFormula<float>(Members.Named(name));

    [Theory, MemberData(nameof(Masked))]
    public void Pass_InDouble_MatchesFormula(string name) => MatchesFormula<double>(Members.Named(name));

    private static void MatchesFormula<T>(Member member) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach ((string kind, bool[] mask) in Masks(member))
        {
            foreach (double offset in member.Offsets)
            {
                Gradients expected = new Subject<T>(member, offset: offset, mask: mask).Expected();
                foreach (Placement placement in Enum.GetValues<Placement>())
                    Subject<T>.Near(new Subject<T>(member, offset: offset, mask: mask).Run(placement, threads: 2), expected, $"{member}, {kind}, {placement}, offset {offset}:");
            }
        }
    }

    /// <summary>Elements at random, with channels 2 and 3 hidden, so that some set of each layer is; and positions at random, of which one sample has none.</summary>
    private static IEnumerable<(string Kind, bool[] Mask)> Masks(Member member)
    {
        Random random = new(8);
        int[] channel = Over.Sets(member.Shape, 1), sample = Over.Sets(member.Shape, 0);
        yield return ("elements", [.. channel.Select(c => random.NextDouble() < 0.7 && c is not (2 or 3))]);
        int[] position = Over.Axes(member.Shape, 1);
        bool[] positions = [.. Enumerable.Range(0, Over.Count(position)).Select(_ => random.NextDouble() < 0.7)];
        yield return ("positions", [.. position.Select((at, i) => positions[at] && sample[i] != 1)]);
    }

    /// <summary>The hidden values and their gradients may be anything.</summary>
    [Theory, MemberData(nameof(Masked))]
    public void Pass_WithNaNUnderTheMask_SameBits(string name)
    {
        Member member = Members.Named(name);
        foreach ((string kind, bool[] mask) in Masks(member))
        {
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Pass<float> clean = new Subject<float>(member, mask: mask).Run(placement);
                foreach (float hidden in (float[])[float.NaN, float.PositiveInfinity, 1e38f])
                {
                    Subject<float> subject = new(member, mask: mask);
                    for (int i = 0; i < mask.Length; i++)
                    {
                        if (!mask[i])
                            (subject.X[i], subject.Dy[i]) = (hidden, hidden);
                    }
                    Subject<float>.SameBits(clean, subject.Run(placement), $"{member}, {kind}, {placement}, {hidden} hidden:");
                }
                Assert.All(mask.Index().Where(m => !m.Item), m => Assert.Equal((0f, 0f), (clean.Y[m.Index], clean.Dx[m.Index])));
            }
        }
    }

    [Theory, MemberData(nameof(Masked))]
    public void Pass_WithAMaskOfAll_SameBits(string name)
    {
        Member member = Members.Named(name);
        bool[] all = [.. Enumerable.Repeat(true, member.Elements)];
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Pass<float> plain = new Subject<float>(member).Run(placement), masked = new Subject<float>(member, mask: all).Run(placement);
            // With a mask, columns are summed as rows: where there were columns, the bits are others.
            if (placement != Placement.ChannelsLast && !member.HasColumns)
            {
                Subject<float>.SameBits(plain, masked, $"{member}, {placement}:");
                continue;
            }
            Closeness.Near<float>(masked.Y, Inputs<float>.Doubles(plain.Y), 2 * Tolerances.ForwardFloat, $"{member}, {placement}: y");
            Closeness.Near<float>(masked.Dx, Inputs<float>.Doubles(plain.Dx), 2 * Tolerances.InputGradientFloat, $"{member}, {placement}: dx");
        }
    }

    [Theory, MemberData(nameof(Masked))]
    public void Pass_WithAMaskOfNone_GivesZeros(string name)
    {
        Member member = Members.Named(name);
        Subject<float> subject = new(member, mask: new bool[member.Elements]);
        float[][] before = Buffers();
        Pass<float> pass = subject.Run();
        Assert.All(pass.Y.Concat(pass.Dx).Concat(pass.Gradients.SelectMany(g => g.Values)), v => Assert.Equal(0, v));
        Assert.Equal(before, Buffers());

        float[][] Buffers() => [.. subject.Layer.State.Where(e => e.Kind == StateKind.Buffer).Select(e => Placing.Logical(e.Value!))];
    }

    /// <summary>Shapes that stand for more elements than they have: without channels, and with lengths of 1.</summary>
    [Theory, MemberData(nameof(Masked))]
    public void Forward_MasksOfFewerElements_AreThoseOfAll(string name)
    {
        Member member = Members.Named(name);
        Random random = new(8);
        nint[] full = member.Shape;
        int[] positions = [.. Enumerable.Range(0, full.Length).Except(member.NotInPositions)];
        int last = full.Length - 1;
        // What a mask has of the input's dimensions, and whether the others are there with a length of 1.
        foreach ((int[] kept, bool ones) in ((int[], bool)[])[(positions, false), (positions, true), ([0, 1], true), ([last - 1, last], true), ([1, last], true), ([0], true), ([last], true)])
        {
            nint[] shape = ones ? [.. full.Select((length, d) => kept.Contains(d) ? length : 1)] : [.. kept.Select(d => full[d])];
            int[] index = Over.Sets(full, kept);
            bool[] few = [.. Enumerable.Range(0, Over.Count(index)).Select(_ => random.NextDouble() < 0.7)];
            bool[] all = Array.ConvertAll(index, i => few[i]);
            foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast, Placement.Sliced])
            {
                Pass<float> expected = new Subject<float>(member, mask: all).Run(placement);
                Subject<float> subject = new(member);
                Tensor<float> y = subject.Layer.Forward(Placing.Place(subject.X, member.Shape, placement), mask: Tensor.Create(few, shape));
                Closeness.SameBits<float>(expected.Y, Placing.Logical(y), $"{member}, {placement}, mask of [{string.Join(", ", shape)}]");
            }
        }
    }

    /// <summary>Padding at the end of a dimension is as if it were not there.</summary>
    [Theory, MemberData(nameof(Masked))]
    public void Pass_WithPaddingHidden_IsThatOfTheCropped(string name)
    {
        Member member = Members.Named(name);
        if (member.FixedPositions)
            return;
        Member cropped = member with { Shape = [4, 10, 7, 8] };
        int[] column = Over.Sets(member.Shape, 3);
        bool[] mask = Array.ConvertAll(column, c => c < 8);
        Subject<float> padded = new(member, mask: mask), small = new(cropped);
        int next = 0;
        for (int i = 0; i < mask.Length; i++)
        {
            (padded.X[i], padded.Dy[i]) = mask[i] ? (small.X[next], small.Dy[next]) : (17, 17);
            next += mask[i] ? 1 : 0;
        }
        // Parameters and buffers are drawn after the input, whose length differs: give both the same.
        foreach ((StateEntry<float> from, StateEntry<float> to) in padded.Layer.State.Zip(small.Layer.State).Where(e => e.First.Kind != StateKind.Counter))
            Placing.Logical(from.Value!).CopyTo(to.Value!.GetSpan([.. Enumerable.Repeat((nint)0, to.Value.Rank)], (int)to.Value.FlattenedLength));
        Pass<float> expected = small.Run(), actual = padded.Run();
        Near(expected.Y, [.. actual.Y.Where((_, i) => mask[i])], Tolerances.ForwardFloat, "y");
        Near(expected.Dx, [.. actual.Dx.Where((_, i) => mask[i])], Tolerances.InputGradientFloat, "dx");
        for (int i = 0; i < expected.Gradients.Length; i++)
            Near(expected.Gradients[i].Values, actual.Gradients[i].Values, Tolerances.ParameterGradientFloat, $"gradient of {expected.Gradients[i].Key}");
        foreach ((StateEntry<float> wanted, StateEntry<float> got) in small.Layer.State.Zip(padded.Layer.State).Where(e => e.First.Kind == StateKind.Buffer))
            Near(Placing.Logical(wanted.Value!), Placing.Logical(got.Value!), Tolerances.RunningFloat, wanted.Key);

        // Each is within the contract of the truth, so they are within twice that of each other.
        void Near(float[] wanted, float[] got, double tolerance, string what) =>
            Closeness.Near<float>(got, Inputs<float>.Doubles(wanted), 2 * tolerance, $"{member} {what}");
    }

    [Theory(SkipTestWithoutData = true), MemberData(nameof(Unmasked))]
    public void Forward_WithAMaskThatIsNotTaken_Throws(string name)
    {
        Subject<float> subject = new(Members.Named(name));
        Tensor<bool> mask = Tensor.Create([.. Enumerable.Repeat(true, subject.Member.Elements)], subject.Member.Shape);
        ArgumentException thrown = Assert.Throws<ArgumentException>("mask", () => subject.Layer.Forward(Tensor.Create(subject.X, subject.Member.Shape), mask: mask));
        Assert.Contains(subject.Member.Name.Split(' ', ',')[0], thrown.Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Masked))]
    public void Forward_MaskOfAnotherShape_ThrowsAndChangesNothing(string name)
    {
        Subject<float> subject = new(Members.Named(name));
        Tensor<float> x = Tensor.Create(subject.X, subject.Member.Shape), y = Tensor.Create(Inputs<float>.Normal(new(5), subject.Member.Elements), subject.Member.Shape);
        float[] before = [.. Placing.Logical(y), .. subject.Layer.State.SelectMany(e => e.Kind == StateKind.Counter ? [e.Count] : Placing.Logical(e.Value!))];
        nint[] full = subject.Member.Shape;
        foreach (nint[] shape in (nint[][])[[.. full[..3], 10], [full[0], full[2], 10], [full[1]], [.. full, 1], [2, 1, .. full[2..]]])
            Assert.Throws<ArgumentException>("mask", () => subject.Layer.Forward(x, y, mask: Tensor.CreateFromShape<bool>(shape)));
        Assert.Equal(before, Placing.Logical(y).Concat(subject.Layer.State.SelectMany(e => e.Kind == StateKind.Counter ? [e.Count] : Placing.Logical(e.Value!))));
    }

    /// <summary>A single sample, of which InstanceNorm takes the mask as it takes the sample: without the batch.</summary>
    [Fact]
    public void Forward_SampleWithMask_IsThatOfABatchOfOne()
    {
        InstanceNorm1d<float> layer = new(5);
        float[] x = Inputs<float>.Normal(new(1), 35), dy = Inputs<float>.Normal(new(2), 35);
        Random random = new(3);
        bool[] elements = [.. Enumerable.Range(0, 35).Select(_ => random.NextDouble() < 0.7)], positions = [true, false, true, true, false, true, true];
        foreach ((bool[] mask, nint[] ofSample, nint[] ofBatch) in ((bool[], nint[], nint[])[])[(elements, [5, 7], [1, 5, 7]), (positions, [7], [1, 7]), (positions, [1, 7], [1, 1, 7])])
        {
            SavedStatistics saved = new(), savedOfSample = new();
            Tensor<float> batch = Tensor.Create(x, [1, 5, 7]), sample = Tensor.Create(x, [5, 7]);
            Closeness.SameBits<float>(
                Placing.Logical(layer.Forward(batch, saved, Tensor.Create(mask, ofBatch))),
                Placing.Logical(layer.Forward(sample, savedOfSample, Tensor.Create(mask, ofSample))), "y");
            Closeness.SameBits<float>(
                Placing.Logical(layer.Backward(Tensor.Create(dy, [1, 5, 7]), batch, saved, Tensor.Create(mask, ofBatch))),
                Placing.Logical(layer.Backward(Tensor.Create(dy, [5, 7]), sample, savedOfSample, Tensor.Create(mask, ofSample))), "dx");
        }
    }

    /// <summary>A row that holds NaN is NaN, but where the mask hides it, it is not there: weights whose other rows are finite have finite gradients.</summary>
    [Fact]
    public void Backward_RowOfNaNUnderAMask_LeavesTheGradientsOfHiddenElements()
    {
        LayerNorm<float> layer = new(4);
        Tensor<float> x = Tensor.Create<float>([1, 2, float.NaN, 4, 5, 6, 7, 9], [2, 4]), dy = Tensor.Create<float>([1, -2, 0.5f, 3, 2, 1, -1, 4], [2, 4]);
        Tensor<bool> mask = Tensor.Create([true, false, true, true, true, true, true, true], [2, 4]);
        SavedStatistics saved = new();
        layer.Forward(x, saved, mask);
        layer.Backward(dy, x, saved, mask);
        // Only the second row takes part in column 1: its mean is 6.75, its variance 2.1875.
        Assert.Equal((6 - 6.75) / Math.Sqrt(2.1875 + 1e-5), layer.Weight!.Grad[1], 1e-6);
        Assert.Equal(1, layer.Bias!.Grad[1], 1e-6);
        Assert.True(float.IsNaN(layer.Weight.Grad[0]));
    }

    [Fact]
    public void Forward_SampleWithAMaskOfMoreDimensions_Throws()
    {
        InstanceNorm1d<float> layer = new(5);
        Tensor<float> sample = Tensor.CreateFromShape<float>([5, 7]);
        SavedStatistics saved = new();
        layer.Forward(sample, saved, Tensor.CreateFromShape<bool>([5, 7]));
        foreach (nint[] shape in (nint[][])[[1, 5, 7], [1, 1, 5, 7], [1, 1, 1, 1, 1, 5, 7]])
        {
            Tensor<bool> mask = Tensor.CreateFromShape<bool>(shape);
            Assert.Contains("InstanceNorm1d", Assert.Throws<ArgumentException>("mask", () => layer.Forward(sample, mask: mask)).Message, StringComparison.Ordinal);
            Assert.Throws<ArgumentException>("mask", () => layer.Backward(sample, sample, saved, mask));
        }
    }

    /// <summary>Batch norm on (N, C), a mask of samples: those that it leaves are the batch.</summary>
    [Fact]
    public void Forward_MaskOfSamples_IsTheBatchWithoutThem()
    {
        float[] x = Inputs<float>.Normal(new(1), 9 * 37, 1, 20);
        bool[] mask = [true, true, false, true, false, false, true, true, true];
        BatchNorm1d<float> masked = new(37), few = new(37);
        float[] y = Placing.Logical(masked.Forward(Tensor.Create(x, [9, 37]), mask: Tensor.Create(mask, [9])));
        float[] expected = Placing.Logical(few.Forward(Tensor.Create([.. x.Where((_, i) => mask[i / 37])], [6, 37])));
        Closeness.Near<float>([.. y.Where((_, i) => mask[i / 37])], Inputs<float>.Doubles(expected)!, 2 * Tolerances.ForwardFloat, "y");
        Closeness.Near<float>(Placing.Logical(masked.RunningMean!), Inputs<float>.Doubles(Placing.Logical(few.RunningMean!))!, 2 * Tolerances.RunningFloat, "running mean");
        Closeness.Near<float>(Placing.Logical(masked.RunningVar!), Inputs<float>.Doubles(Placing.Logical(few.RunningVar!))!, 2 * Tolerances.RunningFloat, "running variance");
    }

    /// <summary>One value a channel has no unbiased variance: those running statistics stay, and nothing becomes NaN.</summary>
    [Fact]
    public void Forward_OneElementOfAChannelLeft_GivesTheBiasAndNoNaN()
    {
        BatchNorm<float> layer = new(2);
        Results<float>.Load(layer.Bias, [0.5f, -2]);
        float[] y = Placing.Logical(layer.Forward(Tensor.Create([1f, 2, 3, 4, 5, 6], [3, 2]), mask: Tensor.Create([true, false, false, true, false, true], [3, 2])));
        Assert.Equal(0.5f, y[0]);
        Assert.All(Placing.Logical(layer.RunningMean!).Concat(Placing.Logical(layer.RunningVar!)), v => Assert.True(float.IsFinite(v)));
    }

    /// <summary>A backward pass has to be told the forward pass's mask.</summary>
    [Fact]
    public void Backward_WithoutTheMaskOfForward_Throws()
    {
        LayerNorm<float> layer = new(11);
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 77), [7, 11]);
        Tensor<bool> mask = Tensor.Create([.. Enumerable.Range(0, 77).Select(i => i % 3 > 0)], [7, 11]);
        SavedStatistics saved = new();
        layer.Forward(x, saved, mask);
        Assert.Throws<ArgumentException>("mask", () => layer.Backward(x, x, saved));
        layer.Forward(x, saved);
        Assert.Throws<ArgumentException>("mask", () => layer.Backward(x, x, saved, mask));
    }
}

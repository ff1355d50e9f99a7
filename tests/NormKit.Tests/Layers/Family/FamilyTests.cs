using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What every layer with one input has to do, whichever it is.</summary>
public class FamilyTests
{
    public static TheoryData<string> All { get; } = Members.Names();

    public static TheoryData<string> WithRunning { get; } = Members.Names(m => m.Moved is not null);

    [Theory, MemberData(nameof(All))]
    public void Pass_InFloat_MatchesFormula(string name) => MatchesFormula<float>(Members.Named(name));

    [Theory, MemberData(nameof(All))]
    public void Pass_InDouble_MatchesFormula(string name) => MatchesFormula<double>(Members.Named(name));

    private static void MatchesFormula<T>(Member member) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (double offset in member.Offsets)
        {
            Gradients expected = new Subject<T>(member, offset: offset).Expected();
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Subject<T> subject = new(member, offset: offset);
                Subject<T>.Near(subject.Run(placement), expected, $"{member}, {placement}, offset {offset}:");
            }
        }
    }

    /// <summary>Positions that are fewer than a vector, and a single sample.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_OfFewPositions_MatchesFormula(string name)
    {
        Member member = Members.Named(name);
        Member[] others = member.HasPositions
            ? [.. ((nint[][])[[5], [1, 19], [2, 3, 2]]).Select(positions => member.OfSamples(3) with { Shape = [member.OfSamples(3).Shape[0], member.Shape[1], .. positions] })]
            : [member.OfSamples(1)];
        foreach (Member other in others)
        {
            Gradients expected = new Subject<float>(other).Expected();
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Subject<float> subject = new(other);
                Subject<float>.Near(subject.Run(placement), expected, $"{member} of [{string.Join(", ", other.Shape)}], {placement}:");
            }
        }
    }

    /// <summary>Sets of more than a block, and enough memory for several threads.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_OfAnyThreads_SameBits(string name)
    {
        Member member = Members.Named(name);
        Member[] larger = member.HasPositions ? [member with { Shape = [2, member.Shape[1], 71, 73] }, member.OfSamples(41)] : [member.OfSamples(41)];
        foreach (Member large in larger)
        {
            foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast, Placement.Transposed])
            {
                Pass<float> one = new Subject<float>(large).Run(placement);
                foreach (int threads in (int[])[2, 3])
                    Subject<float>.SameBits(one, new Subject<float>(large).Run(placement, threads), $"{member} of [{string.Join(", ", large.Shape)}], {placement}, {threads} threads:");
            }
        }
    }

    /// <summary>Sets of more than a block, in row-major and channels-last order.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_OfManyElements_MatchesFormula(string name)
    {
        Member member = Members.Named(name);
        Member large = member.HasPositions ? member with { Shape = [2, member.Shape[1], 37, 61] } : member.OfSamples(29);
        Gradients expected = new Subject<float>(large).Expected();
        foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
        {
            Subject<float> subject = new(large);
            Subject<float>.Near(subject.Run(placement, threads: 2), expected, $"{member}, {placement}:");
        }
    }

    /// <summary>As in inference: some layers then go a shorter way.</summary>
    [Theory, MemberData(nameof(All))]
    public void Forward_ThatSavesNothing_SameBits(string name)
    {
        foreach (Member member in (Member[])[Members.Named(name), Members.Named(name).OfSamples(1)])
        {
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Subject<float> subject = new(member);
                float[] y = Placing.Logical(subject.Layer.Forward(Placing.Place(subject.X, member.Shape, placement)));
                Closeness.SameBits<float>(new Subject<float>(member).Run(placement).Y, y, $"{member} of {member.Shape[0]}, {placement}:");
            }
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Pass_InPlaceOrOnSpans_SameBits(string name)
    {
        Member member = Members.Named(name);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Pass<float> expected = new Subject<float>(member).Run(placement);
            Subject<float> subject = new(member);
            Tensor<float> x = Placing.Place(subject.X, member.Shape, placement), dy = Placing.Place(subject.Dy, member.Shape, placement);
            Tensor<float> kept = Placing.Place(subject.X, member.Shape, placement);
            SavedStatistics saved = new();
            subject.Layer.Forward(x, x, saved);
            Closeness.SameBits<float>(expected.Y, Placing.Logical(x), $"{member}, {placement}: y in place");
            subject.Layer.Backward(dy, kept, saved, dy);
            Closeness.SameBits<float>(expected.Dx, Placing.Logical(dy), $"{member}, {placement}: dx in place of dy");
        }
        foreach (MemoryFormat format in Enum.GetValues<MemoryFormat>())
        {
            Subject<float> subject = new(member);
            bool last = format == MemoryFormat.ChannelsLast;
            float[] x = last ? Placing.ToChannelsLast(subject.X, member.Shape) : subject.X, dy = last ? Placing.ToChannelsLast(subject.Dy, member.Shape) : subject.Dy;
            float[] y = new float[x.Length], dx = new float[x.Length];
            Pass<float> expected = new Subject<float>(member).Run(last ? Placement.ChannelsLast : Placement.Contiguous);
            SavedStatistics saved = new();
            subject.Layer.Forward(x, member.Shape, y, saved, format);
            subject.Layer.Backward(dy, x, member.Shape, saved, dx, format);
            Closeness.SameBits<float>(expected.Y, last ? Placing.FromChannelsLast(y, member.Shape) : y, $"{member}, {format}: y");
            Closeness.SameBits<float>(expected.Dx, last ? Placing.FromChannelsLast(dx, member.Shape) : dx, $"{member}, {format}: dx");
            Assert.All(subject.Layer.NamedParameters.Zip(expected.Gradients), p => Closeness.SameBits<float>(p.Second.Values, Placing.Logical(p.First.Parameter.Grad), p.First.Name));
        }
    }

    /// <summary>Squares that no float holds: a finite result where the true one is.</summary>
    [Theory, MemberData(nameof(All))]
    public void Forward_OfExtremeScale_MatchesFormula(string name)
    {
        Member member = Members.Named(name);
        foreach (double scale in (double[])[1e-30, 1e-15, 1e15, 1e30])
        {
            double[] expected = new Subject<float>(member, scale: scale).Expected().Y;
            foreach (Placement placement in Enum.GetValues<Placement>())
                Closeness.Near<float>(new Subject<float>(member, scale: scale).Run(placement).Y, expected, Tolerances.ForwardFloat, $"{member}, {placement}, scale {scale}: y");
        }
    }

    /// <summary>NaN and infinity reach what the formula makes from them, and change no bit of anything else.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_WithNaNOrInfinity_StaysInItsGroup(string name)
    {
        Member member = Members.Named(name);
        int bad = member.Elements / 2;
        Subject<float> drawn = new(member);
        Var[] x = Var.Of(Inputs<float>.Doubles(drawn.X)!), y = member.Formula(x, drawn.PartsOf());
        bool[] reached = Var.ThatReadFrom(x[bad], y);
        // The gradient of an element is reached where an output that it makes is.
        bool[] reachedBack = Var.ThatMake([.. y.Where((_, i) => reached[i])], x);
        Assert.Contains(false, reached);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Pass<float> clean = new Subject<float>(member).Run(placement);
            foreach (float special in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                Subject<float> subject = new(member);
                subject.X[bad] = special;
                Pass<float> pass = subject.Run(placement);
                for (int i = 0; i < y.Length; i++)
                {
                    if (reached[i])
                        Assert.True(!float.IsNaN(special) || float.IsNaN(pass.Y[i]), $"{member}, {placement}: y[{i}] is {pass.Y[i]}, not NaN");
                    else
                        Assert.True(BitConverter.SingleToInt32Bits(pass.Y[i]) == BitConverter.SingleToInt32Bits(clean.Y[i]), $"{member}, {placement}, {special}: y[{i}] is {pass.Y[i]}, not {clean.Y[i]}");
                    if (!reachedBack[i])
                        Assert.True(BitConverter.SingleToInt32Bits(pass.Dx[i]) == BitConverter.SingleToInt32Bits(clean.Dx[i]), $"{member}, {placement}, {special}: dx[{i}] is {pass.Dx[i]}, not {clean.Dx[i]}");
                }
            }
        }
    }

    [Theory, MemberData(nameof(WithRunning))]
    public void Forward_TwoBatches_MovesRunningStatistics(string name)
    {
        Member member = Members.Named(name);
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Subject<float> subject = new(member, offset: 30);
            Parts parts = subject.PartsOf();
            foreach (int batch in (int[])[1, 2])
            {
                float[] x = Inputs<float>.Normal(new(batch), member.Elements, batch, 30 * batch);
                Dictionary<string, double[]> moved = member.Moved!(Inputs<float>.Doubles(x)!, parts);
                subject.Layer.Forward(Placing.Place(x, member.Shape, placement));
                foreach (StateEntry<float> entry in subject.Layer.State.Where(e => e.Kind == StateKind.Buffer))
                {
                    Closeness.Near<float>(Placing.Logical(entry.Value!), moved[entry.Key], batch * Tolerances.RunningFloat, $"{member}, {placement}, batch {batch}: {entry.Key}");
                    moved[entry.Key].CopyTo(parts.Buffer(entry.Key), 0);
                }
                Assert.All(subject.Layer.State.Where(e => e.Kind == StateKind.Counter && e.Key == "num_batches_tracked"), e => Assert.Equal(batch, e.Count));
            }
            // In evaluation they stay.
            subject.Layer.Eval();
            float[][] before = [.. subject.Layer.State.Where(e => e.Kind == StateKind.Buffer).Select(e => Placing.Logical(e.Value!))];
            subject.Layer.Forward(Placing.Place(subject.X, member.Shape, placement));
            Assert.Equal(before, subject.Layer.State.Where(e => e.Kind == StateKind.Buffer).Select(e => Placing.Logical(e.Value!)));
        }
    }

    /// <summary>Whatever is refused, nothing has changed: destination, gradients, running statistics.</summary>
    [Theory, MemberData(nameof(All))]
    public void Pass_Refused_ChangesNothing(string name)
    {
        Member member = Members.Named(name);
        Subject<float> subject = new(member);
        NormLayer<float> layer = subject.Layer;
        SavedStatistics saved = new();
        Tensor<float> x = Tensor.Create(subject.X, member.Shape), dy = Tensor.Create(subject.Dy, member.Shape);
        layer.Forward(x, saved);
        layer.Backward(dy, x, saved);
        float[] before = Everything();
        Tensor<float> wrong = Tensor.CreateFromShape<float>(member.WrongShape), other = Tensor.CreateFromShape<float>([.. member.Shape[..^1], member.Shape[^1] + 1]);
        string first = member.Name.Split(' ')[0];

        Assert.Contains(first, Assert.ThrowsAny<ArgumentException>(() => layer.Forward(wrong)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => layer.Forward(x, other));
        Assert.ThrowsAny<ArgumentException>(() => layer.Backward(other, x, saved));
        Assert.ThrowsAny<ArgumentException>(() => layer.Backward(dy, other, saved));
        Assert.ThrowsAny<ArgumentException>(() => layer.Backward(dy, x, saved, other));
        Assert.Throws<ArgumentNullException>("saved", () => layer.Backward(dy, x, null!));
        Assert.Throws<InvalidOperationException>(() => layer.Backward(dy, x, new SavedStatistics()));
        Assert.ThrowsAny<ArgumentException>(() => layer.Forward(subject.X.AsSpan(1), member.Shape, new float[member.Elements]));

        float[] memory = Inputs<float>.Normal(new(9), member.Elements + 1), kept = [.. memory];
        Assert.ThrowsAny<ArgumentException>(() => layer.Forward(memory.AsSpan(1), member.Shape, memory.AsSpan(0, member.Elements)));
        Assert.ThrowsAny<ArgumentException>(() => layer.Backward(memory.AsSpan(1), subject.X, member.Shape, saved, memory.AsSpan(0, member.Elements)));
        Assert.ThrowsAny<ArgumentException>(() => layer.Backward(subject.Dy, memory.AsSpan(1), member.Shape, saved, memory.AsSpan(0, member.Elements)));
        Assert.Equal(kept, (IEnumerable<float>)memory);
        Assert.Equal(before, (IEnumerable<float>)Everything());

        float[] Everything() =>
        [
            .. subject.X, .. subject.Dy, .. layer.State.SelectMany(e => e.Kind == StateKind.Counter ? [e.Count] : Placing.Logical(e.Value!)),
            .. layer.NamedParameters.SelectMany(p => Placing.Logical(p.Parameter.Grad)),
        ];
    }

    /// <summary>Gradients add up until they are cleared, whatever the parameter.</summary>
    [Theory, MemberData(nameof(All))]
    public void Backward_Twice_AddsGradients(string name)
    {
        Subject<float> subject = new(Members.Named(name));
        Tensor<float> x = Tensor.Create(subject.X, subject.Member.Shape), dy = Tensor.Create(subject.Dy, subject.Member.Shape);
        SavedStatistics saved = new();
        subject.Layer.Forward(x, saved);
        subject.Layer.Backward(dy, x, saved);
        (string Name, float[] Once)[] once = [.. subject.Layer.NamedParameters.Select(p => (p.Name, Placing.Logical(p.Parameter.Grad)))];
        subject.Layer.Backward(dy, x, saved);
        foreach (((string key, float[] values), (_, Parameter<float> parameter)) in once.Zip(subject.Layer.NamedParameters))
            Closeness.Near<float>(Placing.Logical(parameter.Grad), [.. values.Select(v => 2.0 * v)], Tolerances.ParameterGradientFloat, $"{name}: {key} twice");
        subject.Layer.ZeroGrad();
        Assert.All(subject.Layer.NamedParameters, p => Assert.All(Placing.Logical(p.Parameter.Grad), v => Assert.Equal(0, v)));
    }
}

using System.Diagnostics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>
/// What a call leaves that is cancelled by another thread while it works. When it will be cancelled is chance, and some calls end before; so each is
/// tried until it was cancelled on its way a few times. Calls whose token is cancelled before are in <see cref="BadInput.RefusalTests"/>.
/// </summary>
[Trait("Tier", "Any")]
public class CancellationTests
{
    private const int Wanted = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>What a destination holds before a call; no result is so large.</summary>
    private const float Old = 3e38f;

    public static TheoryData<string> All { get; } = Members.Names();

    [Theory, MemberData(nameof(All))]
    public void Forward_CancelledOnItsWay_MovesNoStatisticsAndVoidsTheRecord(string name)
    {
        Subject<float> subject = new(Long(Members.Named(name)));
        nint[] shape = subject.Member.Shape;
        State before = new(subject.Layer);
        float[] expected = new float[subject.X.Length], y = new float[expected.Length], dx = new float[expected.Length];
        subject.Layer.Forward(subject.X, shape, expected);
        State after = new(subject.Layer);
        foreach (int threads in (int[])[1, 2])
        {
            subject.Layer.MaxDegreeOfParallelism = threads;
            SavedStatistics saved = new();
            Interrupt(
                prepare: () =>
                {
                    before.Restore();
                    saved = new();
                    y.AsSpan().Fill(Old);
                },
                call: token => subject.Layer.Forward(subject.X, shape, y, saved, cancellationToken: token),
                whenCancelled: () =>
                {
                    Assert.Equal("", before.DifferenceOf(subject.Layer));
                    Assert.Equal("", saved.Layer);
                    Assert.Throws<InvalidOperationException>(() => subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx));
                    Assert.Equal("", before.DifferenceOf(subject.Layer));
                    EachIsOldOrNew(expected, y);
                });
            before.Restore();
            subject.Layer.Forward(subject.X, shape, y, saved);
            Closeness.SameBits<float>(expected, y, name);
            Assert.Equal("", after.DifferenceOf(subject.Layer));
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Backward_CancelledOnItsWay_AddsNoGradient(string name)
    {
        Subject<float> subject = new(Long(Members.Named(name)));
        nint[] shape = subject.Member.Shape;
        float[] y = new float[subject.X.Length], dx = new float[y.Length], expected = new float[y.Length];
        SavedStatistics saved = new();
        subject.Layer.Forward(subject.X, shape, y, saved);
        subject.Layer.Backward(subject.Dy, subject.X, shape, saved, expected);
        State once = new(subject.Layer);
        subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx);
        State twice = new(subject.Layer);
        foreach (int threads in (int[])[1, 2])
        {
            subject.Layer.MaxDegreeOfParallelism = threads;
            Interrupt(
                prepare: () =>
                {
                    once.Restore();
                    dx.AsSpan().Fill(Old);
                },
                call: token => subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx, cancellationToken: token),
                whenCancelled: () =>
                {
                    Assert.Equal("", once.DifferenceOf(subject.Layer));
                    EachIsOldOrNew(expected, dx);
                });
            once.Restore();
            subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx);
            Closeness.SameBits<float>(expected, dx, name);
            Assert.Equal("", twice.DifferenceOf(subject.Layer));
        }
    }

    [Fact]
    public void Functions_CancelledOnTheirWay_LeaveRunningStatisticsAndGradients()
    {
        nint[] shape = [4, 10, 160, 160];
        float[] x = Inputs<float>.Normal(new(1), 1_024_000), y = new float[x.Length], mean = [.. Enumerable.Repeat(5f, 10)], variance = [.. Enumerable.Repeat(7f, 10)];
        Interrupt(
            prepare: () => { mean.AsSpan().Fill(5); variance.AsSpan().Fill(7); },
            call: token => Functional.BatchNorm<float>(x, shape, y, training: true, mean, variance, cancellationToken: token),
            whenCancelled: () =>
            {
                Assert.All(mean, value => Assert.Equal(5, value));
                Assert.All(variance, value => Assert.Equal(7, value));
            });

        SavedStatistics saved = new();
        float[] weight = Inputs<float>.Normal(new(2), 10), gradWeight = new float[10], gradBias = new float[10], dx = new float[x.Length];
        Functional.BatchNorm<float>(x, shape, y, training: true, weight: weight, saved: saved);
        Interrupt(
            prepare: () => { gradWeight.AsSpan().Fill(5); gradBias.AsSpan().Fill(7); },
            call: token => Functional.Backward<float>(y, x, shape, saved, weight, dx, gradWeight, gradBias, cancellationToken: token),
            whenCancelled: () =>
            {
                Assert.All(gradWeight, value => Assert.Equal(5, value));
                Assert.All(gradBias, value => Assert.Equal(7, value));
            });
    }

    /// <summary>They keep nothing: what is to be seen is the destination, in which each value is the old one or the right one.</summary>
    [Fact]
    public void FunctionsWithoutARecord_CancelledOnTheirWay_LeaveOldAndNewValues()
    {
        nint[] shape = [4, 10, 160, 160];
        float[] x = Inputs<float>.Normal(new(1), 1_024_000), y = new float[x.Length], expected = new float[x.Length];
        Functional.LocalResponseNorm<float>(x, shape, expected, 5);
        Interrupt(() => y.AsSpan().Fill(Old), token => Functional.LocalResponseNorm<float>(x, shape, y, 5, cancellationToken: token), () => EachIsOldOrNew(expected, y));
        Functional.Normalize<float>(x, shape, expected, 3);
        Interrupt(() => y.AsSpan().Fill(Old), token => Functional.Normalize<float>(x, shape, y, 3, cancellationToken: token), () => EachIsOldOrNew(expected, y));
    }

    [Fact]
    public void LayersOfSeveralInputs_CancelledOnTheirWay_VoidTheRecord()
    {
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 1_024_000), [40, 160, 160]), y = Tensor.CreateFromShape<float>([40, 160, 160]);
        Tensor<float> sum = Tensor.CreateFromShape<float>([40, 160, 160]), scale = Tensor.Create(Inputs<float>.Normal(new(2), 6400), [40, 160]);
        LayerNorm<float> rows = new(160);
        AdaptiveLayerNorm<float> adaptive = new(160);
        AdaptiveInstanceNorm<float> style = new();
        WeightNorm<float> weight = new(x);
        SavedStatistics saved = new();
        Action<CancellationToken>[] calls =
        [
            token => rows.ForwardAdd(x, x, y, sum, saved, cancellationToken: token), token => adaptive.Forward(x, scale, scale, y, saved, token),
            token => style.Forward<float>(x, x, y, saved, token), token => weight.Forward(saved, token),
        ];
        foreach (Action<CancellationToken> call in calls)
            Interrupt(() => saved = new(), call, () => Assert.Equal("", saved.Layer));

        saved = new();
        rows.ForwardAdd(x, x, y, sum, saved);
        State before = new(rows);
        Interrupt(before.Restore, token => rows.BackwardAdd(x, x, sum, saved, y, token), () => Assert.Equal("", before.DifferenceOf(rows)));

        saved = new();
        weight.Forward(saved);
        Interrupt(
            weight.ZeroGrad, token => weight.Backward(x, saved, token),
            () => Assert.All((float[])[.. Placing.Logical(weight.Magnitude.Grad), .. Placing.Logical(weight.Direction.Grad)], value => Assert.Equal(0, value)));
    }

    /// <summary>A row or an instance of very many elements, alone: on one thread, too, the call ends between its blocks.</summary>
    [Fact]
    public void Forward_OfOneLongSet_IsCancelledInside()
    {
        float[] x = Inputs<float>.Normal(new(1), 1 << 22), y = new float[x.Length];
        LayerNorm<float> layer = new(x.Length, elementwiseAffine: false) { MaxDegreeOfParallelism = 1 };
        int cancelledBeforeTheEnd = 0;
        Interrupt(
            prepare: () => y.AsSpan().Fill(float.NaN), call: token => layer.Forward(x, [1, x.Length], y, cancellationToken: token),
            whenCancelled: () => cancelledBeforeTheEnd += float.IsNaN(y[0]) || float.IsNaN(y[^1]) ? 1 : 0);    // from either end
        Assert.True(cancelledBeforeTheEnd > 0);
    }

    /// <summary>A cancelled call has written some values, each of them the right one, and left the others.</summary>
    private static void EachIsOldOrNew(float[] expected, float[] values)
    {
        int wrong = Enumerable.Range(0, values.Length).FirstOrDefault(
            i => values[i] != Old && BitConverter.SingleToInt32Bits(values[i]) != BitConverter.SingleToInt32Bits(expected[i]), -1);
        Assert.True(wrong < 0, $"element {wrong}: {(wrong < 0 ? 0 : values[wrong])}, neither the old {Old} nor the new {(wrong < 0 ? 0 : expected[wrong])}");
    }

    /// <summary>Larger, so that a call takes some milliseconds.</summary>
    private static Member Long(Member member) =>
        member.HasPositions ? member with { Shape = [.. member.Shape[..2], 131, 137] }
        : member.FixedSamples ? member with { Shape = [member.Shape[0], member.Shape[1] * 220, .. member.Shape[2..]] } : member.OfSamples(900);

    /// <summary>Makes a call again and again, each time cancelled a little later or sooner, until it was so on its way a few times.</summary>
    private static void Interrupt(Action prepare, Action<CancellationToken> call, Action whenCancelled)
    {
        long whole = long.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            prepare();
            long start = Stopwatch.GetTimestamp();
            call(CancellationToken.None);
            whole = Math.Min(whole, Stopwatch.GetTimestamp() - start);
        }
        Random random = new(1);
        int cancelled = 0, tries = 0;
        for (Stopwatch watch = Stopwatch.StartNew(); cancelled < Wanted && (cancelled == 0 || tries < 50) && watch.Elapsed < Patience; tries++)
        {
            prepare();
            using CancellationTokenSource source = new();
            int began = 0;    // both spin, for a thread that has to be woken comes when the call is over
            long delay = (long)(whole * 0.6 * random.NextDouble());
            Thread canceller = new(() =>
            {
                Volatile.Write(ref began, 1);
                while (Volatile.Read(ref began) != 2)
                    Thread.SpinWait(10);
                for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetTimestamp() - start < delay;)
                    Thread.SpinWait(10);
                source.Cancel();
            });
            canceller.Start();
            while (Volatile.Read(ref began) != 1)
                Thread.SpinWait(10);
            Volatile.Write(ref began, 2);
            try
            {
                call(source.Token);
            }
            catch (OperationCanceledException e)
            {
                Assert.Equal(source.Token, e.CancellationToken);
                cancelled++;
                whenCancelled();
            }
            finally
            {
                canceller.Join();
            }
        }
        Assert.True(cancelled > 0, $"not once of {tries} times was the call cancelled");
    }

    /// <summary>All that a layer holds, gradients included, as it was.</summary>
    private sealed class State(NormLayer<float> layer)
    {
        private readonly (StateEntry<float> Entry, float[] Values, float[] Grad, long Count)[] entries =
            [.. layer.State.Select(e => (e, e.Value is null ? [] : Placing.Logical(e.Value), e.Parameter is null ? [] : Placing.Logical(e.Parameter.Grad), e.Kind == StateKind.Counter ? e.Count : 0))];

        /// <summary>Which entries have other bits now; none, and all is as it was.</summary>
        public string DifferenceOf(NormLayer<float> now) => string.Join(", ", entries.Zip(new State(now).entries).Where(p =>
            !Same(p.First.Values, p.Second.Values) || !Same(p.First.Grad, p.Second.Grad) || p.First.Count != p.Second.Count).Select(p => p.First.Entry.Key));

        public void Restore()
        {
            foreach ((StateEntry<float> entry, float[] values, float[] grad, long count) in entries)
            {
                if (entry.Kind == StateKind.Counter)
                    entry.Count = count;
                else
                    Tensor.Create(values, entry.Value!.Lengths).CopyTo(entry.Value);
                if (entry.Parameter is Parameter<float> parameter)
                    Tensor.Create(grad, parameter.Grad.Lengths).CopyTo(parameter.Grad);
            }
        }

        private static bool Same(float[] a, float[] b) => a.AsSpan().SequenceEqual(b) && a.Zip(b).All(p => BitConverter.SingleToInt32Bits(p.First) == BitConverter.SingleToInt32Bits(p.Second));
    }
}

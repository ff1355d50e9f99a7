using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>The bits of everything that a layer gives for one seeded set of inputs, as a hash, and the ways of computing them that must not matter.</summary>
internal static class MemberBits
{
    private static readonly Placement[] Placements = [Placement.Contiguous, Placement.ChannelsLast, Placement.Stepped];

    /// <summary>
    /// SHA-256 of output, gradients and moved running statistics, in float, double, Half and BFloat16, row-major, channels-last and strided, with a mask where
    /// the layer takes one, and, unless told, of an input that is large enough for several threads.
    /// </summary>
    public static string Hash(Member member, int threads = 1, bool withLarge = true)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Placement placement in Placements)
        {
            Add(hash, new Subject<float>(member, offset: 3), placement, threads);
            Add(hash, new Subject<double>(member, offset: 3), placement, threads);
            AddNarrow(hash, new Subject<float>(member, offset: 3), placement, threads, v => (Half)v);
            AddNarrow(hash, new Subject<float>(member, offset: 3), placement, threads, v => (BFloat16)v);
            if (member.TakesMask)
                Add(hash, new Subject<float>(member, offset: 3, mask: [.. Enumerable.Range(0, member.Elements).Select(i => i % 7 > 1)]), placement, threads);
        }
        if (!withLarge)
            return Convert.ToHexString(hash.GetHashAndReset());
        Member large = member.HasPositions ? member with { Shape = [member.OfSamples(2).Shape[0], member.Shape[1], 71, 73] } : member.OfSamples(41);
        Add(hash, new Subject<float>(large), Placement.Contiguous, threads);
        Add(hash, new Subject<float>(large), Placement.ChannelsLast, threads);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    /// <summary>Whether a sample's output depends on no other sample, by the formula.</summary>
    public static bool HasIndependentSamples(Member member)
    {
        if (member.FixedSamples || member.Splits > 1)
            return false;
        Member two = member.OfSamples(2);
        if (two.HasPositions)
            two = two with { Shape = [2, two.Shape[1], 3] };
        Subject<double> drawn = new(two);
        Var[] x = Var.Of(drawn.X), y = two.Formula(x, drawn.PartsOf());
        return !Var.ThatReadFrom(x[0], y).AsSpan(y.Length / 2).Contains(true);
    }

    /// <summary>Whether 64 samples give the bits that each gives alone, in batches of 2, 3 and 17, and in another order; output and gradient of the input.</summary>
    public static bool RowsHaveTheSameBitsInAnyBatch(Member member)
    {
        Member batch = member.OfSamples(64);
        int width = batch.Elements / 64;
        Subject<float> subject = new(batch, offset: 3);
        (float[] y, float[] dx) = Pass(subject.Layer, subject.X, subject.Dy, batch.Shape);
        foreach (int count in (int[])[1, 2, 3, 17])
        {
            for (int first = 0; first + count <= 64; first += count)
            {
                Range rows = (first * width)..((first + count) * width);
                (float[] someY, float[] someDx) = Pass(subject.Layer, subject.X[rows], subject.Dy[rows], [count, .. batch.Shape[1..]]);
                if (!Same(y[rows], someY) || !Same(dx[rows], someDx))
                    return false;
            }
        }
        int[] order = [.. Enumerable.Range(0, 64).Select(i => i * 37 % 64)];
        (float[] otherY, float[] otherDx) = Pass(subject.Layer, Ordered(subject.X), Ordered(subject.Dy), batch.Shape);
        return Same(Ordered(y), otherY) && Same(Ordered(dx), otherDx);

        float[] Ordered(float[] of) => [.. order.SelectMany(row => of[(row * width)..((row + 1) * width)])];
    }

    /// <summary>Whether the same bits come out at 64 addresses, each an element further than the one before, of input, output and gradients.</summary>
    public static bool HasTheSameBitsAtAnyAddress(Member member)
    {
        Subject<float> subject = new(member, offset: 3);
        (float[] Y, float[] Dx)? first = null;
        for (int offset = 0; offset < 64; offset++)
        {
            int n = member.Elements;
            float[] x = new float[n + 64], dy = new float[n + 64], y = new float[n + 64], dx = new float[n + 64];
            subject.X.CopyTo(x, offset);
            subject.Dy.CopyTo(dy, 63 - offset);
            Subject<float> fresh = new(member, offset: 3);
            SavedStatistics saved = new();
            fresh.Layer.Forward(x.AsSpan(offset, n), member.Shape, y.AsSpan(63 - offset, n), saved);
            fresh.Layer.Backward(dy.AsSpan(63 - offset, n), x.AsSpan(offset, n), member.Shape, saved, dx.AsSpan(offset, n));
            (float[] Y, float[] Dx) now = (y[(63 - offset)..(63 - offset + n)], dx[offset..(offset + n)]);
            first ??= now;
            if (!Same(first.Value.Y, now.Y) || !Same(first.Value.Dx, now.Dx))
                return false;
        }
        return true;
    }

    private static (float[] Y, float[] Dx) Pass(NormLayer<float> layer, float[] x, float[] dy, nint[] shape)
    {
        float[] y = new float[x.Length], dx = new float[x.Length];
        SavedStatistics saved = new();
        layer.Forward(x, shape, y, saved);
        layer.Backward(dy, x, shape, saved, dx);
        return (y, dx);
    }

    private static bool Same(float[] a, float[] b) => MemoryMarshal.AsBytes(a.AsSpan()).SequenceEqual(MemoryMarshal.AsBytes(b.AsSpan()));

    private static void Add<T>(IncrementalHash hash, Subject<T> subject, Placement placement, int threads) where T : unmanaged, System.Numerics.IBinaryFloatingPointIeee754<T>
    {
        Pass<T> pass = subject.Run(placement, threads);
        foreach (T[] values in (T[][])[pass.Y, pass.Dx, .. pass.Gradients.Select(g => g.Values)])
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        foreach (StateEntry<T> buffer in subject.Layer.State.Where(e => e.Kind == StateKind.Buffer))
            hash.AppendData(MemoryMarshal.AsBytes(Placing.Logical(buffer.Value!).AsSpan()));
    }

    private static void AddNarrow<TInput>(IncrementalHash hash, Subject<float> subject, Placement placement, int threads, Converter<float, TInput> narrow) where TInput : unmanaged
    {
        subject.Layer.MaxDegreeOfParallelism = threads;
        SavedStatistics saved = new();
        Tensor<TInput> x = Placing.Place(Array.ConvertAll(subject.X, narrow), subject.Member.Shape, placement), dy = Placing.Place(Array.ConvertAll(subject.Dy, narrow), subject.Member.Shape, placement);
        foreach (Tensor<TInput> values in (Tensor<TInput>[])[subject.Layer.Forward<TInput>(x, saved), subject.Layer.Backward<TInput>(dy, x, saved)])
            hash.AppendData(MemoryMarshal.AsBytes(Placing.Logical(values).AsSpan()));
        foreach ((_, Parameter<float> parameter) in subject.Layer.NamedParameters)
            hash.AppendData(MemoryMarshal.AsBytes(Placing.Logical(parameter.Grad).AsSpan()));
    }
}

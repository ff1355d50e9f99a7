using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>
/// The numbers of a set give one result, to the bit, however they come: in any layout, packed or picked by a mask, in any order, on any number of threads,
/// and at each level of certainty.
/// </summary>
[CollectionDefinition(nameof(SameNumbersTests), DisableParallelization = true)]
[Collection(nameof(SameNumbersTests))]
public class SameNumbersTests
{
    private static readonly Placement[] Placements = Enum.GetValues<Placement>();

    public static MatrixTheoryData<DefinedNorm, int> NormsAndLevels { get; } = new(Enum.GetValues<DefinedNorm>(), [1, 2, 3]);

    public static MatrixTheoryData<int, int> SeedsAndLevels { get; } = new([1, 2, 3], [1, 2, 3]);

    public static TheoryData<int> Levels { get; } = [1, 2, 3];

    [Theory, MemberData(nameof(NormsAndLevels))]
    public void Layout_Any_SameBits(DefinedNorm norm, int level) => WithLevel(level, () =>
    {
        foreach (Drawn drawn in DrawnFor(norm))
        {
            LibraryPass expected = drawn.Run();
            foreach (Placement placement in Placements)
                SameBits.Check(expected, drawn.Run(placement), $"{drawn.Problem}, {placement}");
        }
    });

    [Theory, MemberData(nameof(NormsAndLevels))]
    public void Threads_AnyNumber_SameBits(DefinedNorm norm, int level) => WithLevel(level, () =>
    {
        foreach (DefinedCase problem in LargeFor(norm))
        {
            Drawn drawn = new(problem, seed: 8);
            LibraryPass expected = drawn.Run();
            foreach ((Placement placement, int threads) in ((Placement, int)[])[(Placement.Contiguous, 2), (Placement.Contiguous, 3), (Placement.ChannelsLast, 3)])
                SameBits.Check(expected, drawn.Run(placement, threads), $"{problem}, {placement}, {threads} threads");
        }
    });

    /// <summary>A mask of random elements against the elements that it leaves, one set after the other, and one that leaves all against none.</summary>
    [Theory, MemberData(nameof(NormsAndLevels))]
    public void Mask_Any_SameBitsAsWhatItLeaves(DefinedNorm norm, int level) => WithLevel(level, () =>
    {
        foreach (Drawn drawn in DrawnFor(norm))
        {
            // Group norm's channels each have a weight, so that what a mask leaves is a tensor only where it leaves the same positions of each.
            DefinedCase problem = drawn.Problem;
            bool byPosition = norm == DefinedNorm.Group && !problem.WeightsByElement;
            Random random = new(3);
            bool[] positions = [.. Enumerable.Range(0, problem.S * problem.N).Select(_ => random.Next(3) > 0)];
            // Two positions stay: group norm without positions has a weight for each element, in another formula.
            for (int i = 0; byPosition && i < positions.Length; i++)
                positions[i] |= i % problem.S < 2;
            bool[] mask = [.. Enumerable.Range(0, problem.Elements).Select(i => byPosition ? positions[(i / (problem.C * problem.S) * problem.S) + (i % problem.S)] : random.Next(3) > 0)];
            bool[] all = [.. Enumerable.Repeat(true, mask.Length)];
            LibraryPass packed = Packed(drawn, mask), plain = drawn.Run();
            foreach (Placement placement in Placements)
            {
                LibraryPass masked = drawn.Run(placement, mask: mask);
                SameBits.Check([.. packed.Moments.SelectMany(SameBits.Fields)], [.. masked.Moments.SelectMany(SameBits.Fields)], $"{problem}, {placement}: moments");
                SameBits.Check(packed.Y, masked.Y, $"{problem}, {placement}: y");
                SameBits.Check(packed.Dx, masked.Dx, $"{problem}, {placement}: dx");
                if (norm == DefinedNorm.Batch)
                {
                    SameBits.Check(packed.DWeight, masked.DWeight, $"{problem}, {placement}: gradient of the weight");
                    SameBits.Check(packed.DBias, masked.DBias, $"{problem}, {placement}: gradient of the bias");
                }
            }
            foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
                SameBits.Check(plain, drawn.Run(placement, mask: all), $"{problem}, {placement}, a mask of all");
            SameBits.Check(drawn.Run(mask: mask), drawn.Run(Placement.ChannelsLast, threads: 3, mask: mask), $"{problem}, mask and threads");
        }
    });

    /// <summary>The elements of each set in another order give the same results in that order.</summary>
    [Theory, MemberData(nameof(NormsAndLevels))]
    public void Order_OfTheElementsOfASet_SameBits(DefinedNorm norm, int level) => WithLevel(level, () =>
    {
        foreach (Drawn drawn in DrawnFor(norm))
        {
            LibraryPass plain = drawn.Run();
            for (int seed = 1; seed <= 3; seed++)
            {
                Order order = Order.Of(drawn.Problem, new(seed));
                foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
                    SameBits.Check(order.Of(plain), order.Of(drawn).Run(placement), $"{drawn.Problem}, {placement}, order {seed}");
            }
        }
    });

    /// <summary>Without weights the elements of each row may be in an order of their own.</summary>
    [Theory, MemberData(nameof(SeedsAndLevels))]
    public void Order_OfEachRowWithoutWeights_SameBits(int seed, int level) => WithLevel(level, () =>
    {
        foreach (DefinedNorm norm in (DefinedNorm[])[DefinedNorm.Layer, DefinedNorm.Rms])
        {
            Drawn drawn = new Drawn(new(norm, [11, 203]), seed) with { Weight = null, Bias = null };
            Random random = new(seed);
            int[] from = [.. Enumerable.Range(0, 11).SelectMany(row => Shuffled(random, 203).Select(i => (row * 203) + i))];
            Order order = new(from, []);
            SameBits.Check(order.Of(drawn.Run()), order.Of(drawn).Run(), $"{norm}, order {seed}");
        }
    });

    /// <summary>A batch in another order of its samples: outputs move with them, all else stays.</summary>
    [Theory, MemberData(nameof(SeedsAndLevels))]
    public void Samples_InAnyOrder_SameBits(int seed, int level) => WithLevel(level, () =>
    {
        foreach (nint[] shape in (nint[][])[[67, 13], [21, 5, 9], [19, 6, 5, 7], [261, 3, 17]])
        {
            Drawn drawn = new(new(DefinedNorm.Batch, shape), seed);
            (int n, int each) = (drawn.Problem.N, drawn.Problem.Elements / drawn.Problem.N);
            Order order = new([.. Shuffled(new(seed), n).SelectMany(sample => Enumerable.Range(sample * each, each))], []);
            SameBits.Check(order.Of(drawn.Run()), order.Of(drawn).Run(), $"{drawn.Problem}");
            (float[] Mean, float[] Variance) moved = Running(drawn);
            Assert.Equal(moved, Running(order.Of(drawn)), SameFloats);
        }
    });

    [Theory, MemberData(nameof(SeedsAndLevels))]
    public void RunningStatistics_OfAnyLayoutOrderAndThreads_SameBits(int seed, int level) => WithLevel(level, () =>
    {
        foreach (nint[] shape in (nint[][])[[67, 13], [9, 6, 5, 7], [33, 3, 301]])
        {
            Drawn drawn = new(new(DefinedNorm.Batch, shape), seed);
            (float[] Mean, float[] Variance) expected = Running(drawn);
            Order order = Order.Of(drawn.Problem, new(seed));
            foreach (Placement placement in Placements)
            {
                foreach (int threads in (int[])[1, 2, 3])
                {
                    Assert.Equal(expected, Running(drawn, placement, threads), SameFloats);
                    Assert.Equal(expected, Running(order.Of(drawn), placement, threads), SameFloats);
                }
            }
        }
    });

    /// <summary>Running statistics under a mask are those of what it leaves.</summary>
    [Theory, MemberData(nameof(Levels))]
    public void RunningStatistics_OfAMask_SameBitsAsWhatItLeaves(int level) => WithLevel(level, () =>
    {
        DefinedCase problem = new(DefinedNorm.Batch, [23, 6, 5]);
        Drawn drawn = new(problem, seed: 4);
        Random random = new(9);
        bool[] mask = [.. Enumerable.Range(0, problem.Elements).Select(_ => random.Next(3) > 0)];
        (float[] mean, float[] variance) = Running(drawn, mask: mask);
        foreach ((int channel, int[] elements) in problem.ElementsOfSets().Index())
        {
            float[] left = [.. elements.Where(i => mask[i]).Select(i => drawn.X[i])];
            Drawn packed = new(new(DefinedNorm.Batch, [left.Length, 1]), left, left, null, null);
            Assert.Equal(([mean[channel]], [variance[channel]]), Running(packed), SameFloats);
        }
    });

    [Theory, MemberData(nameof(NormsAndLevels))]
    public void SixteenBits_OfAnyLayoutOrderAndThreads_SameBits(DefinedNorm norm, int level) => WithLevel(level, () =>
    {
        foreach (Drawn drawn in DrawnFor(norm).Take(3))
        {
            Check(SixteenBitFormat.Half, bits => Unsafe.BitCast<ushort, Half>(bits));
            Check(SixteenBitFormat.BFloat16, bits => Unsafe.BitCast<ushort, BFloat16>(bits));

            void Check<T>(SixteenBitFormat format, Func<ushort, T> element) where T : unmanaged
            {
                T[] x = Array.ConvertAll(drawn.X, v => element(format.Nearest(v))), dy = Array.ConvertAll(drawn.Dy, v => element(format.Nearest(v)));
                LibraryPass plain = LibraryPass.OfLayer(drawn.Problem, x, dy, drawn.Weight, drawn.Bias);
                Order order = Order.Of(drawn.Problem, new(5));
                (T[] otherX, T[] otherDy, Drawn other, LibraryPass expected) = (order.OfElements(x), order.OfElements(dy), order.Of(drawn), order.Of(plain));
                foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast, Placement.Stepped])
                {
                    string what = $"{drawn.Problem}, {typeof(T).Name}, {placement}";
                    SameBits.Check(plain, LibraryPass.OfLayer(drawn.Problem, x, dy, drawn.Weight, drawn.Bias, 0, placement, threads: 2), what);
                    SameBits.Check(expected, LibraryPass.OfLayer(drawn.Problem, otherX, otherDy, other.Weight, other.Bias, 0, placement), $"{what}, in another order");
                }
            }
        }
    });

    /// <summary>Layer and RMS norm over a dimension that is not innermost, against rows.</summary>
    [Theory, MemberData(nameof(SeedsAndLevels))]
    public void Axes_NotInnermost_SameBitsAsRows(int seed, int level) => WithLevel(level, () =>
    {
        const int N = 3, C = 37, S = 35;
        foreach (DefinedNorm norm in (DefinedNorm[])[DefinedNorm.Layer, DefinedNorm.Rms])
        {
            Drawn rows = new(new(norm, [N * S, C]), seed);
            LibraryPass expected = rows.Run();
            // (N, C, S) in place of (N, S, C).
            int[] from = [.. Enumerable.Range(0, N * C * S).Select(i => (((i / (C * S) * S) + (i % S)) * C) + (i / S % C))];
            float[] x = [.. from.Select(i => rows.X[i])], dy = [.. from.Select(i => rows.Dy[i])], y = new float[x.Length], dx = new float[x.Length];
            SavedStatistics saved = new();
            if (norm == DefinedNorm.Layer)
                Functional.LayerNorm<float>(x, [N, C, S], y, [C], rows.Weight, rows.Bias, saved: saved, axes: [1]);
            else
                Functional.RmsNorm<float>(x, [N, C, S], y, [C], rows.Weight, 1e-5, saved, axes: [1]);
            Functional.Backward<float>(dy, x, [N, C, S], saved, rows.Weight, dx);
            SameBits.Check([.. expected.Moments.SelectMany(SameBits.Fields)], [.. saved.Moments.ToArray().SelectMany(SameBits.Fields)], $"{norm}: moments");
            SameBits.Check([.. from.Select(i => expected.Y[i])], LibraryPass.Widened(y), $"{norm}: y");
            SameBits.Check([.. from.Select(i => expected.Dx[i])], LibraryPass.Widened(dx), $"{norm}: dx");
        }
    });

    /// <summary>A channel whose weight takes it beyond what floats hold is computed in double, and its neighbours in the group are not: in each layout.</summary>
    [Theory]
    [InlineData(1e-31f)]
    [InlineData(3e38f)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void Layout_OfChannelsThatNeedDouble_SameBits(float weight)
    {
        foreach (DefinedCase problem in (DefinedCase[])[new(DefinedNorm.Group, [2, 12, 35], Groups: 2, Eps: 0), new(DefinedNorm.Group, [3, 6, 2], Groups: 1, Eps: 0)])
        {
            for (int channel = 0; channel < problem.C; channel += 5)
            {
                Drawn drawn = new(problem, seed: 1);
                for (int i = 0; i < problem.Elements; i++)
                    drawn.X[i] *= 1e-9f;
                drawn.Weight![channel] = weight;
                LibraryPass expected = drawn.Run();
                foreach (Placement placement in Placements)
                    SameBits.Check(expected, drawn.Run(placement), $"{problem}, {placement}, channel {channel}");
            }
        }
    }

    /// <summary>A zero has the same sign over any dimension: of deviations, weights and biases that are zeros of either sign.</summary>
    [Theory, MemberData(nameof(Levels))]
    public void Axes_NotInnermost_SameZerosAsRows(int level) => WithLevel(level, () =>
    {
        const int C = 6, S = 5;
        foreach (float eps in (float[])[0, 1e-5f, 1e30f])
        {
            // One row to a position: constants, zeros of both signs, and numbers whose quotient is too small for a float.
            float[] rows = [.. Enumerable.Range(0, S * C).Select(i => (i / C) switch { 0 => 3, 1 => 0, 2 => i % 2 == 0 ? 0 : -0f, 3 => (i % 2 == 0 ? 1 : -1) * float.Epsilon, _ => i % 3 })];
            float[] weight = [1, -1, 0, -0f, 2, -2], bias = [-0f, -0f, -0f, -0f, 0, 0];
            float[] expected = new float[rows.Length], y = new float[rows.Length];
            int[] from = [.. Enumerable.Range(0, S * C).Select(i => (i % S * C) + (i / S))];
            float[] x = [.. from.Select(i => rows[i])];
            foreach ((float[]? w, float[]? b) in ((float[]?, float[]?)[])[(weight, bias), (weight, null), (null, bias), (null, null)])
            {
                Functional.LayerNorm<float>(rows, [S, C], expected, [C], w, b, eps);
                Functional.LayerNorm<float>(x, [1, C, S], y, [C], w, b, eps, axes: [1]);
                SameBits.Check([.. from.Select(i => (double)expected[i])], LibraryPass.Widened(y), $"eps {eps}, weight {w is not null}, bias {b is not null}");
            }
        }
    });

    /// <summary>Slopes of an activation take gradients of sets of subnormals, which are computed in double, down to where squares and their products underflow.</summary>
    [Theory, MemberData(nameof(Levels))]
    public void Gradients_TakenFarDownByAnActivation_SameBits(int level)
    {
        const int Width = 24;
        Random random = new(6);
        foreach (float bias in (float[])[-12, -17, -21, -23, -25, -26, -27, -30])
        {
            LayerNorm<float> layer = new(Width, eps: 0) { Activation = Activation.Gelu };
            layer.Bias!.Value.AsTensorSpan().Fill(bias);
            float[] x = [.. Enumerable.Range(0, Width).Select(_ => BitConverter.Int32BitsToSingle(random.Next(1 << 20)))], dy = Inputs<float>.Normal(random, Width, 1);
            float[] expected = Dx();
            WithLevel(level, () => Assert.Equal(expected.Select(BitConverter.SingleToInt32Bits), Dx().Select(BitConverter.SingleToInt32Bits)));

            float[] Dx()
            {
                float[] y = new float[Width], dx = new float[Width];
                SavedStatistics saved = new();
                layer.Forward(x, [1, Width], y, saved);
                layer.Backward(dy, x, [1, Width], saved, dx);
                return dx;
            }
        }
    }

    /// <summary>What is not finite has nothing to be certain of, at any level; and its neighbours are as they were.</summary>
    [Theory]
    [InlineData(DefinedNorm.Layer)]
    [InlineData(DefinedNorm.Rms)]
    [InlineData(DefinedNorm.Batch)]
    [InlineData(DefinedNorm.Instance)]
    [InlineData(DefinedNorm.Group)]
    public void Levels_OfNumbersThatAreNotFinite_SameBits(DefinedNorm norm)
    {
        foreach (float value in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
        {
            for (int where = 0; where < 3; where++)
            {
                Drawn drawn = DrawnFor(norm).First();
                (where == 0 ? drawn.X : where == 1 ? drawn.Dy : drawn.Weight!)[1] = value;
                foreach (Placement placement in (Placement[])[Placement.Contiguous, Placement.ChannelsLast])
                {
                    LibraryPass expected = drawn.Run(placement);
                    for (int level = 2; level <= 3; level++)
                        WithLevel(level, () => SameBits.Check(expected, drawn.Run(placement), $"{drawn.Problem}, {placement}, {value} in place {where}"));
                }
            }
        }
    }

    /// <summary>Runs a check with every set computed at a level of certainty, or at the least that it needs for level 1.</summary>
    private static void WithLevel(int level, Action check)
    {
        Assert.InRange(level, 1, 3);
        Certainty.ForcedLevel = level;
        try
        {
            check();
        }
        finally
        {
            Certainty.ForcedLevel = 1;
        }
    }

    private static IEnumerable<Drawn> DrawnFor(DefinedNorm norm)
    {
        DefinedCase[] problems = norm switch
        {
            DefinedNorm.Layer or DefinedNorm.Rms => [new(norm, [13, 37]), new(norm, [3, 1021]), new(norm, [2, 4201]), new(norm, [9, 3], Eps: 0)],
            DefinedNorm.Batch => [new(norm, [37, 19]), new(norm, [5, 13, 7, 11]), new(norm, [601, 5]), new(norm, [3, 2, 1711]), new(norm, [23, 7, 3], Eps: 0)],
            DefinedNorm.Instance => [new(norm, [3, 5, 7, 11]), new(norm, [1, 2, 4201]), new(norm, [5, 9, 3], Eps: 0)],
            _ => [
                new(norm, [3, 12, 7, 5], Groups: 4), new(norm, [5, 30], Groups: 3), new(norm, [1, 6, 1711], Groups: 2), new(norm, [2, 21, 3], Groups: 7, Eps: 0),
                new(norm, [3, 10, 11], Groups: 1)],
        };
        return problems.Select((problem, i) => new Drawn(problem, seed: i + 1));
    }

    /// <summary>Many sets, and few large ones, with work enough for three threads.</summary>
    private static DefinedCase[] LargeFor(DefinedNorm norm) => norm switch
    {
        DefinedNorm.Layer or DefinedNorm.Rms => [new(norm, [201, 257]), new(norm, [3, 17011])],
        DefinedNorm.Batch => [new(norm, [1021, 51]), new(norm, [4, 3, 61, 73])],
        DefinedNorm.Instance => [new(norm, [7, 13, 571]), new(norm, [1, 3, 17011])],
        _ => [new(norm, [7, 12, 619], Groups: 3), new(norm, [1, 6, 8707], Groups: 2)],
    };

    /// <summary>What a mask leaves of each set, computed alone; the gradients of weight and bias only where they are those of one set.</summary>
    private static LibraryPass Packed(Drawn drawn, bool[] mask)
    {
        DefinedCase problem = drawn.Problem;
        Moments[] moments = new Moments[problem.Sets];
        double[] y = new double[problem.Elements], dx = new double[problem.Elements], dWeight = new double[problem.Parameters], dBias = new double[problem.Parameters];
        foreach ((int set, int[] elements) in problem.ElementsOfSets().Index())
        {
            int[] left = [.. elements.Where(i => mask[i])];
            if (left.Length == 0)
                continue;
            int[] parameters = problem.WeightsByElement ? [.. left.Select(problem.ParameterOf)] : [.. elements.Select(problem.ParameterOf).Distinct()];
            // Instance norm of a channel is group norm of it alone.
            DefinedNorm ofPlanes = problem.Norm == DefinedNorm.Batch ? DefinedNorm.Batch : DefinedNorm.Group;
            DefinedCase alone = problem.HasRows ? new(problem.Norm, [1, left.Length], Eps: problem.Eps)
                : problem.WeightsByElement ? new(DefinedNorm.Group, [1, left.Length], 1, problem.Eps)
                : new(ofPlanes, [1, parameters.Length, left.Length / parameters.Length], 1, problem.Eps);
            Drawn packed = new(
                alone, [.. left.Select(i => drawn.X[i])], [.. left.Select(i => drawn.Dy[i])],
                drawn.Weight is null ? null : [.. parameters.Select(p => drawn.Weight[p])], drawn.Bias is null ? null : [.. parameters.Select(p => drawn.Bias[p])]);
            // Without a mask all but layer and RMS norm refuse a set of one element; the definition does not.
            LibraryPass pass = left.Length > 1 || problem.HasRows ? packed.Run() : packed.ByDefinition();
            moments[set] = pass.Moments[0];
            foreach ((int at, int element) in left.Index())
                (y[element], dx[element]) = (pass.Y[at], pass.Dx[at]);
            if (problem.Norm == DefinedNorm.Batch)
                (dWeight[set], dBias[set]) = (pass.DWeight[0], pass.DBias[0]);
        }
        return new(moments, y, dx, dWeight, dBias);
    }

    private static (float[] Mean, float[] Variance) Running(Drawn drawn, Placement placement = Placement.Contiguous, int threads = 1, bool[]? mask = null)
    {
        DefinedCase problem = drawn.Problem;
        float[] mean = [.. Enumerable.Repeat(1 / 7f, problem.C)], variance = [.. Enumerable.Repeat(4 / 3f, problem.C)];
        Tensor<bool>? kept = mask is null ? null : Placing.Place(mask, problem.Shape, placement);
        Functional.BatchNorm<float>(
            Placing.Place(drawn.X, problem.Shape, placement), training: true, Tensor.Create(mean), Tensor.Create(variance), maxDegreeOfParallelism: threads, mask: kept.OrNone());
        return (mean, variance);
    }

    private static bool SameFloats((float[] Mean, float[] Variance) a, (float[] Mean, float[] Variance) b) =>
        a.Mean.Concat(a.Variance).Select(BitConverter.SingleToInt32Bits).SequenceEqual(b.Mean.Concat(b.Variance).Select(BitConverter.SingleToInt32Bits));

    private static int[] Shuffled(Random random, int count)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        random.Shuffle(order);
        return order;
    }

    /// <summary>A case with its numbers.</summary>
    private sealed record Drawn(DefinedCase Problem, float[] X, float[] Dy, float[]? Weight, float[]? Bias)
    {
        /// <summary>Each set at an offset of its own, of 0 to a thousand standard deviations, so that sums have digits to lose.</summary>
        public Drawn(DefinedCase problem, int seed)
            : this(problem, new float[problem.Elements], [], null, null)
        {
            Random random = new(seed);
            foreach (int[] set in problem.ElementsOfSets())
            {
                float[] values = Inputs<float>.Normal(random, set.Length, 1 + random.Next(3), ((double[])[0, 2, -30, 1000])[random.Next(4)]);
                for (int i = 0; i < set.Length; i++)
                    X[set[i]] = values[i];
            }
            Dy = Inputs<float>.Normal(random, problem.Elements, 1, 0.25);
            Weight = Inputs<float>.Normal(random, problem.Parameters, 0.5, 1);
            Bias = problem.Norm == DefinedNorm.Rms ? null : Inputs<float>.Normal(random, problem.Parameters, 0.5);
        }

        public LibraryPass Run(Placement placement = Placement.Contiguous, int threads = 1, bool[]? mask = null) =>
            LibraryPass.OfFunctions(Problem, X, Dy, Weight, Bias, placement, threads, mask);

        public LibraryPass ByDefinition()
        {
            DefinedPass pass = DefinedPass.Of(Problem, X, Dy, Weight, Bias);
            return new([.. pass.Moments.Select(m => new Moments(m.Count, m.Mean, m.Q) { MeanLow = m.Low })], pass.Y, pass.Dx, pass.DWeight ?? [], pass.DBias ?? []);
        }
    }

    /// <summary>Another order: which element, and which parameter, comes in the place of each. Sets stay where they are.</summary>
    private sealed record Order(int[] Elements, int[] Parameters)
    {
        /// <summary>A random order of the elements of each set; where they have weights, these go with them.</summary>
        public static Order Of(DefinedCase problem, Random random)
        {
            int[] parameters = [.. Enumerable.Range(0, problem.Parameters)];
            if (problem.HasRows)
            {
                random.Shuffle(parameters);
            }
            else if (problem.Norm == DefinedNorm.Group)
            {
                // Channels change places within their group, and so in all samples.
                int each = problem.C / problem.Groups;
                for (int group = 0; group < problem.Groups; group++)
                    random.Shuffle(parameters.AsSpan(group * each, each));
            }
            int[] elements = [.. Enumerable.Range(0, problem.Elements)];
            if (problem.Norm == DefinedNorm.Batch)
            {
                foreach (int[] set in problem.ElementsOfSets())
                {
                    int[] order = Shuffled(random, set.Length);
                    for (int i = 0; i < set.Length; i++)
                        elements[set[i]] = set[order[i]];
                }
                return new(elements, parameters);
            }
            // Positions of each channel of each sample in an order of their own.
            for (int plane = 0; plane < problem.N * problem.C; plane++)
            {
                int from = (plane / problem.C * problem.C) + parameters[plane % problem.C];
                foreach ((int at, int position) in Shuffled(random, problem.S).Index())
                    elements[(plane * problem.S) + at] = (from * problem.S) + position;
            }
            return new(elements, parameters);
        }

        public T[] OfElements<T>(T[] values) => Of(values, Elements)!;

        public Drawn Of(Drawn drawn) => new(
            drawn.Problem, OfElements(drawn.X), OfElements(drawn.Dy), Of(drawn.Weight, Parameters), Of(drawn.Bias, Parameters));

        public LibraryPass Of(LibraryPass pass) => new(
            pass.Moments, OfElements(pass.Y), OfElements(pass.Dx), Of(pass.DWeight, Parameters)!, Of(pass.DBias, Parameters)!);

        /// <summary>No order leaves things as they are.</summary>
        private static T[]? Of<T>(T[]? values, int[] order) => values is null || order.Length == 0 || values.Length == 0 ? values : [.. order.Select(i => values[i])];
    }
}

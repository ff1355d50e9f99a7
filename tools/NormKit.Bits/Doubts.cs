using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Bits;

/// <summary>Counts how many sets are in doubt after each level of the float kernels, by the functions that the kernels call.</summary>
internal static class Doubts
{
    private const string Begin = "<!-- doubts: dotnet run -c Release --project tools/NormKit.Bits -- doubts --write docs/numerics.md -->", End = "<!-- /doubts -->";

    /// <summary>Sums and means are rounded to steps; thresholds are given in units of 2^-29 of a step.</summary>
    private const int UnitsOfStep = 29;

    private const long OfThreshold = (1L << UnitsOfStep) - Certainty.ThetaNumerator, Half = 1L << (UnitsOfStep - 1), Near = (1L << UnitsOfStep) / 100_000;

    // Sets are windows of these numbers, each set with a scale of its own, so that their sums are distinct.
    private static readonly float[] Pool = Inputs<float>.Normal(new(1), 1 << 22);

    /// <summary>Makes a set and the gradients of its elements.</summary>
    private delegate void Draw(Random random, Span<float> x, Span<float> g);

    public static int Make(string? file)
    {
        StringBuilder text = new();
        text.Append("| data | elements | sets | forward: in doubt after one pass | after a pass about the mean | after compensated sums | backward: after one pass | after compensated sums |\n|---|---|---|---|---|---|---|---|\n");
        foreach (double mean in (double[])[0, 1, 30, 1e4])
        {
            foreach ((int length, int sets) in ((int, int)[])[(49, 400_000), (768, 300_000), (4096, 100_000), (65536, 10_000)])
                Row(string.Create(CultureInfo.InvariantCulture, $"normal, mean of {mean} standard deviations"), length, sets, (random, x, g) => { Normal(random, x, mean); Normal(random, g, 0.25); });
        }
        foreach (int length in (int[])[768, 4096])
            Row("normal, statistics about 0 (RMS norm)", length, 100_000, (random, x, g) => { Normal(random, x, 0); Normal(random, g, 0.25); }, isCentred: false);
        foreach (int length in (int[])[49, 4096])
        {
            Row("pixels, 0 to 255; normal gradients", length, 100_000, (random, x, g) => { Whole(random, x, 0, 255); Normal(random, g, 0.25); });
            Row("whole numbers, 0 to 9; gradients -3 to 3", length, 100_000, (random, x, g) => { Whole(random, x, 0, 9); Whole(random, g, -3, 3); });
            Row("two values, gradients too", length, 100_000, (random, x, g) => { TwoValues(random, x); TwoValues(random, g); });
        }
        Row("normal, one of 10,000", 4096, 100_000, (random, x, g) => { Normal(random, x, 0); x[random.Next(x.Length)] = 1e4f; Normal(random, g, 0.25); });
        Row("mean and gradients' sum at half a step", 4096, 20_000, (random, x, g) => { AtASum(random, x, Half); AtASum(random, g, Half); });
        Row("the same at a threshold, or at most 1e-5 of a step from it", 4096, 20_000, (random, x, g) => { AtASum(random, x, OfThreshold + random.NextInt64(-Near, Near)); AtASum(random, g, OfThreshold + random.NextInt64(-Near, Near)); });
        Row("the same at a threshold, or 2^-29 of a step below it", 4096, 20_000, (random, x, g) => { AtASum(random, x, OfThreshold - random.Next(2)); AtASum(random, g, OfThreshold - random.Next(2)); });
        text.Append($"\n{Probe.Conditions[..Probe.Conditions.IndexOf(' ', StringComparison.Ordinal)]}, .NET {Environment.Version}; percent of the sets.\n");
        if (file is not null)
            Table.Write(file, Begin, End, text.ToString());
        return 0;

        void Row(string name, int length, int sets, Draw draw, bool isCentred = true)
        {
            Random random = new(length);
            float[] x = new float[length], g = new float[length];
            int onePass = 0, aboutMean = 0, compensated = 0, backwardOnePass = 0, backwardCompensated = 0;
            for (int i = 0; i < sets; i++)
            {
                draw(random, x, g);
                int certain = Forward(x, isCentred, out Moments moments);
                onePass += certain > 1 ? 1 : 0;
                aboutMean += certain > 2 ? 1 : 0;
                compensated += certain > 3 ? 1 : 0;
                certain = Backward(g, x, moments);
                backwardOnePass += certain > 1 ? 1 : 0;
                backwardCompensated += certain > 3 ? 1 : 0;
            }
            // There is no mean to pass about.
            string second = isCentred ? Share(aboutMean) : "-";
            string row = string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {length} | {sets:N0} | {Share(onePass)} | {second} | {Share(compensated)} | {Share(backwardOnePass)} | {Share(backwardCompensated)} |\n");
            Console.Write(row);
            text.Append(row);

            string Share(int count) => count == 0 ? "0" : (100.0 * count / sets).ToString("0.#### '%'", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>Returns the level at which the moments of a set are certain: 1 is one pass, 2 a pass about the mean, 3 compensated sums, 4 exact sums.</summary>
    private static int Forward(ReadOnlySpan<float> x, bool isCentred, out Moments moments)
    {
        BlockPlan plan = SetMoments.PlanOf(NormGeometry.Layer(1, x.Length));
        int chain = BlockSums.Chain(plan.Blocks);
        double centre = isCentred ? x[0] : 0;
        if (Certainty.TryMoments(SumsOf(x, plan, isCentred, centre), centre, isCentred, chain, out moments))
            return 1;
        if (isCentred)
        {
            centre = (float)moments.Mean;
            if (Certainty.TryMoments(SumsOf(x, plan, isCentred, centre), centre, isCentred, chain, out moments))
                return 2;
            centre = (float)moments.Mean;
        }
        CompensatedSum first = default, second = default;
        foreach (float value in x)
        {
            double deviation = value - centre;
            first.Add(deviation);
            second.AddProduct(deviation, deviation);
        }
        if (Certainty.TryMoments(new(x.Length, first.Value, second.Value, 0), centre, isCentred, Certainty.Compensated, out moments))
            return 3;
        ExactSum sum = new(), squares = new();
        sum.Add(x);
        foreach (float value in x)
            squares.AddProduct(value, value);
        moments = ExactRounding.OfSet(x.Length, sum, squares, isCentred);
        return 4;
    }

    /// <summary>Returns the level at which the two sums of the gradients are certain, which has no second pass about the mean.</summary>
    private static int Backward(ReadOnlySpan<float> g, ReadOnlySpan<float> x, in Moments moments)
    {
        BlockPlan plan = SetMoments.PlanOf(NormGeometry.Layer(1, x.Length));
        Centre<float> centre = new(moments);
        BlockSums[] parts = new BlockSums[plan.Blocks];
        for (int block = 0; block < parts.Length; block++)
        {
            int start = (int)plan[block].Start;
            parts[block] = Sums.AlongRun(
                plan[block].Count, new RowGradients.Uniform<float>(ref MemoryMarshal.GetReference(g[start..]), ref MemoryMarshal.GetReference(x[start..]), centre.High), anyShape: true);
        }
        if (Certainty.TryPair(BlockSums.Of(parts), moments, centre.Low, BlockSums.Chain(parts.Length), out _))
            return 1;
        CompensatedSum first = default, second = default, third = default;
        for (int i = 0; i < g.Length; i++)
        {
            first.Add(g[i]);
            second.AddProduct(g[i], (double)x[i] - centre.High);
            third.AddProduct(g[i], g[i]);
        }
        return Certainty.TryPair(new(g.Length, first.Value, second.Value, third.Value), moments, centre.Low, Certainty.Compensated, out _) ? 3 : 4;
    }

    private static BlockSums SumsOf(ReadOnlySpan<float> x, BlockPlan plan, bool isCentred, double centre)
    {
        BlockSums[] parts = new BlockSums[plan.Blocks];
        for (int block = 0; block < parts.Length; block++)
            parts[block] = SetMoments.OfBlock(x.Slice((int)plan[block].Start, plan[block].Count), isCentred, centre, ahead: 0, anyShape: true);
        return BlockSums.Of(parts);
    }

    private static void Normal(Random random, Span<float> x, double mean)
    {
        TensorPrimitives.Add(Pool.AsSpan(random.Next(Pool.Length - x.Length), x.Length), (float)mean, x);
        TensorPrimitives.Multiply(x, 1 + random.NextSingle(), x);
    }

    private static void Whole(Random random, Span<float> x, int least, int most)
    {
        foreach (ref float value in x)
            value = random.Next(least, most + 1);
    }

    private static void TwoValues(Random random, Span<float> x)
    {
        float a = Pool[random.Next(Pool.Length)], b = Pool[random.Next(Pool.Length)], share = random.NextSingle();
        foreach (ref float value in x)
            value = random.NextSingle() < share ? a : b;
        x[0] = a;
        x[1] = b;
    }

    /// <summary>Normal numbers of mean 1 and variance 2, and two small ones that put the mean at a whole number of steps of 2^-30 and a fraction of one.</summary>
    private static void AtASum(Random random, Span<float> x, long fraction)
    {
        const int Coarse = 20, Step = 30;
        // The variance, with and without the mean, must be in 1 to 4 for this step, in backward for as many gradients as a power of two.
        TensorPrimitives.MultiplyAdd(Pool.AsSpan(random.Next(Pool.Length - x.Length), x.Length), 1.4f, Fill(x, 1), x);
        long sum = 0;
        foreach (ref float value in x[..^2])
        {
            long units = (long)Math.Round(Math.ScaleB(value, Coarse));
            sum += units;
            value = (float)Math.ScaleB(units, -Coarse);
        }
        const int Units = Step + UnitsOfStep;
        Int128 all = (Int128)sum << (Units - Coarse), steps = all / ((Int128)x.Length << UnitsOfStep);
        long rest = (long)((x.Length * ((steps << UnitsOfStep) + fraction)) - all);
        x[^2] = (float)Math.ScaleB(rest >> 24, 24 - Units);
        x[^1] = (float)Math.ScaleB(rest & 0xFFFFFF, -Units);
    }

    private static Span<float> Fill(Span<float> x, float value)
    {
        x.Fill(value);
        return x;
    }
}

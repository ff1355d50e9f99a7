using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>Sets of elements and gradients, made by hand, that lie where a rounding is most easily missed.</summary>
internal static class HardSets
{
    /// <summary>What the definition's theta is a multiple of 2^-29 of.</summary>
    private const long Theta = 324508639;

    /// <summary>Which whole number of steps a value next to a threshold lies next to.</summary>
    public const int Steps = 12345;

    /// <summary>How far from a threshold, in units of 2^-29 of a step: from 0 on a value rounds up to <see cref="Steps"/>.</summary>
    public static int[] Distances { get; } = [-2, -1, 0, 1];

    /// <summary>The number of 30 bits that <see cref="SquaresNextToAThreshold"/> and <see cref="DeviationsNextToAThreshold"/> are next to.</summary>
    public const long StepsOfSquares = (1L << 29) + 87654321;

    /// <summary>All sets, with a name each.</summary>
    public static IEnumerable<(string Name, float[] X)> All()
    {
        foreach (float constant in (float[])[0, 1, -1f / 3, 1e-30f, -7e30f, float.Epsilon, 3 * float.Epsilon, 1.1754944e-38f, float.MaxValue, float.MinValue])
        {
            foreach (int n in (int[])[1, 2, 3, 7, 33])
                yield return ($"{n} times {constant}", [.. Enumerable.Repeat(constant, n)]);
        }
        foreach ((float a, float b) in ((float, float)[])[
            (0, 1), (1, 2), (1, MathF.BitIncrement(1)), (-1e6f, MathF.BitIncrement(-1e6f)), (1 / 3f, 2 / 3f), (float.Epsilon, 0), (float.Epsilon, -float.Epsilon),
            (float.MaxValue, MathF.BitDecrement(float.MaxValue)), (float.MaxValue, -float.MaxValue), (1e30f, 1e-30f), (5e-20f, -5e-20f)])
        {
            foreach (int n in (int[])[2, 3, 4, 5, 9, 27])
            {
                foreach (int ofA in ((int[])[1, n / 2, n - 1]).Distinct())
                    yield return ($"{ofA} of {n} are {a}, the others {b}", [.. Enumerable.Range(0, n).Select(i => i < ofA ? a : b)]);
            }
        }
        for (int n = 1; n <= 9; n++)
        {
            yield return ($"1 to {n}", [.. Enumerable.Range(1, n).Select(i => (float)i)]);
            yield return ($"halves to {n}", [.. Enumerable.Range(1, n).Select(i => (i * i) - 3.5f)]);
            yield return ($"{n} subnormals", [.. Enumerable.Range(1, n).Select(i => (i % 3 == 0 ? -i : i) * float.Epsilon)]);
            yield return ($"{n} powers of two", [.. Enumerable.Range(0, n).Select(i => MathF.ScaleB(1, -3 * i))]);
            yield return ($"{n} odd multiples beside 2^24", [.. Enumerable.Range(0, n).Select(i => 16777215f - (2 * i))]);
        }
        foreach (int n in (int[])[2, 9, 17, 40])
        {
            float[] normal = Inputs<float>.Normal(new(n), n);
            foreach (float outlier in (float[])[1e30f, -1e30f, 1e10f, float.MaxValue, 3e-39f])
                yield return ($"{outlier} among {n}", [outlier, .. normal[1..]]);
            yield return ($"{n} subnormals and 1", [1, .. Enumerable.Range(1, n - 1).Select(i => i * float.Epsilon)]);
            yield return ($"{n} of all sizes", [.. Enumerable.Range(0, n).Select(i => MathF.ScaleB(normal[i], 240 * i / n - 120))]);
            yield return ($"{n} around the largest", [.. Enumerable.Range(0, n).Select(i => (i % 2 == 0 ? 1 : -1) * (float.MaxValue / (1 + (i / 5))))]);
            yield return ($"{n} up to the largest", [.. Enumerable.Range(0, n).Select(i => float.MaxValue - (i * 2.028241e31f))]);
        }
        foreach (int distance in Distances)
        {
            yield return ($"sum of squares {distance} from a threshold", SquaresNextToAThreshold(distance));
            yield return ($"squared deviations {distance} from a threshold", DeviationsNextToAThreshold(distance));
            yield return ($"mean {distance} from a threshold", MeanNextToAThreshold(distance));
            yield return ($"mean {distance} from a threshold, negative", Array.ConvertAll(MeanNextToAThreshold(distance), v => -v));
        }
    }

    /// <summary>Whole numbers whose squares sum to a number of 59 bits next to <c>(StepsOfSquares - theta) * 2^29</c>.</summary>
    public static float[] SquaresNextToAThreshold(int distance) => [.. RootsOf(((BigInteger)StepsOfSquares << 29) - Theta + distance)];

    /// <summary>The same of the squared deviations from a mean of 0.</summary>
    public static float[] DeviationsNextToAThreshold(int distance) =>
        [.. RootsOf(2 * (((BigInteger)StepsOfSquares << 29) - Theta + distance)).SelectMany(root => (float[])[root / 2, -root / 2])];

    /// <summary>Eight numbers of variance 1/2, so that means are rounded to steps of 2^-31, with a mean next to <c>(Steps - theta) * 2^-31</c>.</summary>
    public static float[] MeanNextToAThreshold(int distance)
    {
        (float high, float low) = PartsOf(distance, 8, 31);
        return [1, -1, 1, -1, high, low, 0, 0];
    }

    /// <summary>Eight gradients whose sum is rounded to steps of 2^-28 and lies next to <c>(Steps - theta) * 2^-28</c>.</summary>
    public static float[] GradientNextToAThreshold(int distance)
    {
        (float high, float low) = PartsOf(distance, 1, 28);
        return [1, -1, 1, -1, high, low, 0, 0];
    }

    /// <summary>Eight gradients of which the same is true for the sum with the deviations of <see cref="Alternating"/>.</summary>
    public static float[] ProductsNextToAThreshold(int distance)
    {
        (float high, float low) = PartsOf(distance, 1, 28);
        return [1, 1, -1, -1, high, -low, 0, 0];
    }

    public static float[] Alternating { get; } = [1, -1, 1, -1, 1, -1, 1, -1];

    /// <summary>Gradients for the elements of a set, with a name each.</summary>
    public static IEnumerable<(string Name, float[] Dy)> GradientsOf(float[] x)
    {
        int n = x.Length;
        float[] normal = Inputs<float>.Normal(new(n + 1), n, 1, 0.25);
        yield return ("normal gradients", normal);
        yield return ("no gradient", new float[n]);
        yield return ("one gradient for all", [.. Enumerable.Repeat(1f / 3, n)]);
        yield return ("gradients that sum to 0", [.. Enumerable.Range(0, n).Select(i => i == n - 1 && n % 2 == 1 ? 0 : (i % 2 == 0 ? 1 : -1) * (1 + (i / 2 / 8f)))]);
        yield return ("gradients of all sizes", [.. Enumerable.Range(0, n).Select(i => MathF.ScaleB(normal[i], (40 * i / n) - 20))]);
        yield return ("subnormal gradients", [.. Enumerable.Range(0, n).Select(i => (i - 1) * float.Epsilon)]);
        if (n == 8)
        {
            foreach (int distance in Distances)
            {
                yield return ($"sum of gradients {distance} from a threshold", GradientNextToAThreshold(distance));
                yield return ($"sum of products {distance} from a threshold", ProductsNextToAThreshold(distance));
            }
        }
    }

    /// <summary>Two floats that sum to <c>count * (Steps - theta + distance * 2^-29) * 2^-log2OfSteps</c>.</summary>
    private static (float High, float Low) PartsOf(int distance, int count, int log2OfSteps)
    {
        long total = ((long)Steps << 29) - Theta + distance;    // 43 bits
        return (count * MathF.ScaleB(total >> 24, 24 - 29 - log2OfSteps), count * MathF.ScaleB(total & 0xFFFFFF, -29 - log2OfSteps));
    }

    /// <summary>Whole numbers of 24 significant bits whose squares have a given sum.</summary>
    private static IEnumerable<float> RootsOf(BigInteger sum)
    {
        while (!sum.IsZero)
        {
            long root = (long)Math.Sqrt((double)sum);
            while ((BigInteger)root * root > sum)
                root--;
            int excess = Math.Max(64 - BitOperations.LeadingZeroCount((ulong)root) - 24, 0);
            root = root >> excess << excess;
            sum -= (BigInteger)root * root;
            yield return root;
        }
    }
}

using System.Runtime.CompilerServices;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>The library against the second implementation of its definition: every moment, output and gradient, to the bit.</summary>
public class DefinitionTests
{
    // Five norms, two values of eps, forty sizes, of which batch and instance norm take those from 2 on: 10,296 sets.
    private const int SetsOfEachSize = 26;

    public static MatrixTheoryData<DefinedNorm, double> NormsAndEps { get; } = new(Enum.GetValues<DefinedNorm>(), [1e-5, 0]);

    public static TheoryData<DefinedNorm> Norms { get; } = [.. Enum.GetValues<DefinedNorm>()];

    [Theory, MemberData(nameof(NormsAndEps))]
    public void SmallSets_OfFloats_AreAsDefined(DefinedNorm norm, double eps)
    {
        Random random = new(((int)norm * 2) + (eps == 0 ? 1 : 0));
        for (int size = SmallestSet(norm); size <= 40; size++)
            CheckFloats(Shaped(norm, size, SetsOfEachSize, eps, random), random, $"sets of {size}");
    }

    [Theory, MemberData(nameof(Norms))]
    public void LargeSets_OfFloats_AreAsDefined(DefinedNorm norm)
    {
        Random random = new(11 + (int)norm);
        foreach (int size in (int[])[100, 256, 1023, 4096, 4100])
            CheckFloats(Shaped(norm, size, 2, 1e-5, random), random, $"sets of {size}");
    }

    [Theory, MemberData(nameof(NormsAndEps))]
    public void SmallSets_OfHalves_AreAsDefined(DefinedNorm norm, double eps) => CheckSixteenBits<Half>(norm, eps, SixteenBitFormat.Half);

    [Theory, MemberData(nameof(NormsAndEps))]
    public void SmallSets_OfBFloat16s_AreAsDefined(DefinedNorm norm, double eps) => CheckSixteenBits<BFloat16>(norm, eps, SixteenBitFormat.BFloat16);

    [Theory, MemberData(nameof(Norms))]
    public void HardSets_OfFloats_AreAsDefined(DefinedNorm norm)
    {
        Random random = new(5);
        List<string> failures = [];
        foreach ((string name, float[] x) in HardSets.All().Where(s => s.X.Length >= SmallestSet(norm)))
        {
            foreach ((int number, (string gradients, float[] dy)) in HardSets.GradientsOf(x).Index())
            {
                // With weights, which take gradients away from the thresholds that they are made for, only a few.
                Check(name, x, gradients, dy, 0, weighted: false);
                if (number is 0 or 3)
                    Check(name, x, gradients, dy, 1e-5, weighted: true);
            }
        }
        Assert.True(failures.Count == 0, $"{failures.Count} failures:\n{string.Join('\n', failures.Take(20))}");

        void Check(string name, float[] x, string gradients, float[] dy, double eps, bool weighted)
        {
            DefinedCase problem = Shaped(norm, x.Length, 2, eps, random);
            // Each set has the same elements in another order.
            float[] input = Filled(problem, set => Rotated(x, set)), gradient = Filled(problem, set => Rotated(dy, set));
            float[]? weight = weighted ? Weights(problem, random) : null;
            float[]? bias = weighted && norm != DefinedNorm.Rms ? Inputs<float>.Normal(random, problem.Parameters) : null;
            try
            {
                SameBits.Check(
                    DefinedPass.Of(problem, input, gradient, weight, bias), LibraryPass.OfFunctions(problem, input, gradient, weight, bias), $"{name}, {gradients}: {problem}");
            }
            catch (Xunit.Sdk.XunitException e)
            {
                failures.Add(e.Message);
            }
        }
    }

    /// <summary>
    /// Elements and gradients whose sums any order of additions gives exactly, so that the definition's roundings change nothing: what is left are the
    /// operations that make coefficients, outputs and gradients of them.
    /// </summary>
    [Theory, MemberData(nameof(NormsAndEps))]
    public void ExactSums_OfFloats_AreAsDefined(DefinedNorm norm, double eps)
    {
        Random random = new(41);
        foreach (int size in (int[])[16, 48, 256, 4096])
        {
            foreach (float mean in (float[])[0, 64, -4096])
            {
                DefinedCase problem = Shaped(norm, size, 4, eps, random);
                // Of sixteen deviations eleven or so are 1 and the others 7, in pairs of both signs.
                float[] x = Filled(problem, set => [.. Enumerable.Range(0, size).Select(i => mean + ((i % 16 / 2 < 4 + set % 3 ? 1 : 7) * (i % 2 == 0 ? 1 : -1)))]);
                float[] dy = [.. Enumerable.Range(0, problem.Elements).Select(_ => random.Next(-8, 12) / 8f)];
                float[] weight = [.. Enumerable.Range(0, problem.Parameters).Select(_ => random.Next(-8, 9) / 4f)];
                float[]? bias = norm == DefinedNorm.Rms ? null : Inputs<float>.Normal(random, problem.Parameters);
                SameBits.Check(
                    DefinedPass.Of(problem, x, dy, weight, bias), LibraryPass.OfFunctions(problem, x, dy, weight, bias), $"mean {mean}: {problem}");
            }
        }
    }

    /// <summary>Weights that take a run out of the range of floats, and weights that take everything away.</summary>
    [Theory, MemberData(nameof(Norms))]
    public void Weights_OfAnySize_AreAsDefined(DefinedNorm norm)
    {
        Random random = new(17);
        foreach (float size in (float[])[0, -0f, 1e-30f, 1e-38f, float.Epsilon, -1e30f, 1e38f])
        {
            foreach (int n in (int[])[SmallestSet(norm), 6, 24])
            {
                DefinedCase problem = Shaped(norm, n, 3, 1e-5, random);
                float[] x = Inputs<float>.Normal(random, problem.Elements, 1, 3), dy = Inputs<float>.Normal(random, problem.Elements, 1e-3, 1e-4);
                float[] weight = [.. Inputs<float>.Normal(random, problem.Parameters, 0.1, 1).Select((w, i) => i % 3 == 1 ? w : w * size)];
                float[]? bias = norm == DefinedNorm.Rms ? null : Inputs<float>.Normal(random, problem.Parameters);
                SameBits.Check(
                    DefinedPass.Of(problem, x, dy, weight, bias), LibraryPass.OfFunctions(problem, x, dy, weight, bias), $"weights of {size}: {problem}");
            }
        }
    }

    private static void CheckFloats(DefinedCase problem, Random random, string what)
    {
        float[] x = Filled(problem, _ => Elements(random, problem.Elements / problem.Sets, 30, 1e6));
        float[] dy = Filled(problem, _ => Elements(random, problem.Elements / problem.Sets, 5, 3));
        // With and without weight and bias; RMS norm has no bias.
        int parameters = random.Next(4);
        float[]? weight = parameters == 1 ? null : Weights(problem, random);
        float[]? bias = parameters == 2 || problem.Norm == DefinedNorm.Rms ? null : Inputs<float>.Normal(random, problem.Parameters, 0.5);
        if (parameters == 3)
            (weight, bias) = (null, null);
        SameBits.Check(DefinedPass.Of(problem, x, dy, weight, bias), LibraryPass.OfFunctions(problem, x, dy, weight, bias), $"{what}: {problem}");

    }

    private static void CheckSixteenBits<T>(DefinedNorm norm, double eps, SixteenBitFormat format) where T : unmanaged
    {
        Random random = new(29 + (int)norm);
        bool isHalf = typeof(T) == typeof(Half);
        for (int size = SmallestSet(norm); size <= 40; size++)
        {
            DefinedCase problem = Shaped(norm, size, 4, eps, random) with { RoundsBeforeWeight = norm == DefinedNorm.Rms && size % 2 == 0 };
            T[] x = Narrowed(Filled(problem, _ => Elements(random, size, isHalf ? 2 : 30, isHalf ? 100 : 1e6)));
            T[] dy = Narrowed(Filled(problem, _ => Elements(random, size, isHalf ? 2 : 5, 3)));
            float[]? weight = size % 3 == 0 ? null : Weights(problem, random), bias = size % 3 == 0 ? null : Inputs<float>.Normal(random, problem.Parameters, 0.5);
            float old = size % 2 == 0 ? 0 : 1 / 3f;
            DefinedPass expected = DefinedPass.Of(problem, AsFloats(x), AsFloats(dy), weight, norm == DefinedNorm.Rms ? null : bias, format, old);
            SameBits.Check(expected, LibraryPass.OfLayer(problem, x, dy, weight, bias, old), $"sets of {size}: {problem}");
        }

        T[] Narrowed(float[] values) => Array.ConvertAll(values, v => { ushort bits = format.Nearest(v); return Unsafe.As<ushort, T>(ref bits); });
    }

    /// <summary>Batch and instance norm refuse sets of one element, as PyTorch does.</summary>
    private static int SmallestSet(DefinedNorm norm) => norm is DefinedNorm.Batch or DefinedNorm.Instance ? 2 : 1;

    private static float[] AsFloats<T>(T[] values) where T : unmanaged => Array.ConvertAll(LibraryPass.Widened(values), v => (float)v);

    /// <summary>A shape with a number of sets of a size, or a few more; which of several, a random number says.</summary>
    private static DefinedCase Shaped(DefinedNorm norm, int size, int sets, double eps, Random random)
    {
        int[] divisors = [.. Enumerable.Range(1, size).Where(d => size % d == 0)];
        int part = divisors[random.Next(divisors.Length)];
        return norm switch
        {
            DefinedNorm.Layer or DefinedNorm.Rms => sets % 2 == 0 && part % 2 == 1 ? new(norm, [sets / 2, 2 * size], 2, eps) : new(norm, [sets, size], Eps: eps),
            DefinedNorm.Batch => new(norm, part == size && random.Next(2) == 0 ? [size, sets] : [part, sets, size / part], Eps: eps),
            DefinedNorm.Instance => new(norm, [2, (sets + 1) / 2, size], Eps: eps),
            _ => new(norm, part == size && random.Next(2) == 0 ? [2, (sets + 1) / 2 * part] : [2, (sets + 1) / 2 * part, size / part], (sets + 1) / 2, eps),
        };
    }

    /// <summary>Normal numbers of a random size, at a mean of 0 to a million standard deviations.</summary>
    private static float[] Elements(Random random, int count, double largestPower, double largestOffset)
    {
        double scale = random.Next(2) == 0 ? 1 : Math.Pow(10, ((random.NextDouble() * 2) - 1) * largestPower);
        double offset = Math.Min(((double[])[0, 0, 3, 100, 1e4, 1e6])[random.Next(6)], largestOffset);
        return Inputs<float>.Normal(random, count, scale, (random.Next(2) == 0 ? scale : -scale) * offset);
    }

    private static float[] Weights(DefinedCase problem, Random random) =>
        Array.ConvertAll(Inputs<float>.Normal(random, problem.Parameters, 0.5, 1), w => random.Next(20) switch { 0 => 0, 1 => 1e-30f, 2 => 1e30f, _ => w });

    /// <summary>An input whose sets have the elements that they are given.</summary>
    private static float[] Filled(DefinedCase problem, Func<int, float[]> ofSet)
    {
        float[] values = new float[problem.Elements];
        foreach ((int set, int[] elements) in problem.ElementsOfSets().Index())
        {
            foreach ((int at, float value) in ofSet(set).Index())
                values[elements[at]] = value;
        }
        return values;
    }

    private static float[] Rotated(float[] values, int by) => [.. Enumerable.Range(0, values.Length).Select(i => values[(i + by) % values.Length])];
}

namespace NormKit.Tests.Reference.Formulas;

/// <summary>The gradients that formulas give of themselves, against finite differences of the same formulas.</summary>
[Trait("Tier", "Any")]
public class FormulaTests
{
    private const double Eps = 1e-3;
    private static readonly nint[] Shape = [4, 6, 3];
    private static readonly int[] Channel = Over.Sets(Shape, 1);
    private static readonly double[] X = Draw(72, 1), Weight = Draw(6, 2, 1), Bias = Draw(6, 3), V = Draw(6, 4, 1), RunningMean = Draw(6, 5);
    private static readonly double[] RunningVar = [.. Draw(6, 6).Select(v => 0.5 + (v * v))];
    private static readonly bool[] Mask = [.. Draw(72, 7).Select((v, i) => v > -0.3 && Channel[i] != 4)];

    private static readonly Dictionary<string, (Func<Var[][], Var[]> Formula, double[][] Inputs)> Cases = new()
    {
        ["batch"] = (v => Over.Affine(CentredFormulas.Normalize(v[0], Channel, Eps), Channel, v[1], v[2]), [X, Weight, Bias]),
        ["batch in evaluation"] = (v => CentredFormulas.Normalize(v[0], Channel, Var.Of(RunningMean), Var.Of(RunningVar), Eps), [X]),
        ["batch masked"] = (v => CentredFormulas.Normalize(v[0], Channel, Eps, Mask), [X]),
        ["layer over channels"] = (v => Over.Affine(CentredFormulas.Normalize(v[0], Over.Axes(Shape, 1), Eps), Channel, v[1], v[2]), [X, Weight, Bias]),
        ["group masked"] = (v => CentredFormulas.Normalize(v[0], Over.Groups(Shape, 3), Eps, Mask), [X]),
        ["adaptive layer"] = (v => CentredFormulas.Adaptive(CentredFormulas.Normalize(v[0], Over.Axes(Shape, 2), Eps), Shape, v[1], v[2]), [X, Draw(12, 8), Draw(12, 9)]),
        ["adaptive rms"] = (v => CentredFormulas.Adaptive(UncentredFormulas.Rms(v[0], Over.Axes(Shape, 2), Eps), Shape, v[1], v[2]), [X, Draw(12, 8), Draw(12, 9)]),
        ["adaptive instance"] = (v => CentredFormulas.AdaptiveInstance(v[0], Shape, v[1], [4, 6, 5], Eps), [X, Draw(120, 10)]),
        ["batch renorm"] = (v => CentredFormulas.BatchRenorm(v[0], Shape, V, RunningMean, Eps, v[1], v[2]), [X, Weight, Bias]),
        ["ghost batch"] = (v => CentredFormulas.Normalize(v[0], CentredFormulas.GhostSets(Shape, 2), Eps), [X]),
        ["switchable"] = (v => CentredFormulas.Switchable(v[0], Shape, v[1], v[2], Eps, v[3], v[4]), [X, Draw(3, 11), Draw(3, 12), Weight, Bias]),
        ["switchable in evaluation"] = (v => CentredFormulas.Switchable(v[0], Shape, v[1], v[2], Eps, v[3], v[4], (RunningMean, RunningVar)), [X, Draw(3, 11), Draw(3, 12), Weight, Bias]),
        ["rms"] = (v => Over.Affine(UncentredFormulas.Rms(v[0], Over.Axes(Shape, 1, 2), Eps), Over.Sets(Shape, 1, 2), v[1]), [X, Draw(18, 13, 1)]),
        ["query key"] = (v => Over.Affine(UncentredFormulas.Rms(v[0], Over.Axes(Shape, 2), Eps), Over.Sets(Shape, 1, 2), v[1]), [X, Draw(18, 13, 1)]),
        ["lp 0"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), 0, Eps), [X]),
        ["lp 1"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), 1, Eps), [X]),
        ["lp 2"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), 2, Eps), [X]),
        ["lp 2, some clamped"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), 2, 2.4), [X]),
        ["lp 2.5"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), 2.5, Eps), [X]),
        ["lp 3"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 0), 3, Eps), [X]),
        ["lp infinity"] = (v => UncentredFormulas.LpNormalize(v[0], Over.Axes(Shape, 1), double.PositiveInfinity, Eps), [X]),
        ["scale"] = (v => UncentredFormulas.ScaleNorm(v[0], Over.Axes(Shape, 2), v[1][0], Eps), [X, [1.7]]),
        ["cosine"] = (v => UncentredFormulas.CosineSimilarity(v[0], v[1], Over.Axes(Shape, 1), Eps), [X, Draw(72, 14)]),
        ["weight norm"] = (v => UncentredFormulas.WeightNorm(v[0], v[1], Channel), [Weight, X]),
        ["spectral"] = (v => SpectralFormula.Of(v[0], SpectralFormula.SingularVectors(X, 6).U, SpectralFormula.SingularVectors(X, 6).V), [X]),
        ["local response"] = (v => UncentredFormulas.LocalResponse(v[0], Shape, 3, 0.4, 0.75, 1.5), [X]),
        ["local response, even"] = (v => UncentredFormulas.LocalResponse(v[0], Shape, 4, 0.4, 0.6, 1.5), [X]),
        ["local response, even, ONNX"] = (v => UncentredFormulas.LocalResponse(v[0], Shape, 4, 0.4, 0.6, 1.5, onnx: true), [X]),
        ["filter response"] = (v => UncentredFormulas.FilterResponse(v[0], Shape, Eps, v[1], v[2], v[3]), [X, Weight, Bias, Draw(6, 17, -0.5)]),
        ["global response"] = (v => UncentredFormulas.GlobalResponse(v[0], Shape, Eps, v[1], v[2]), [X, Weight, Bias]),
        ["dynamic tanh"] = (v => UncentredFormulas.DynamicTanh(v[0], Channel, v[1][0], v[2], v[3]), [X, [0.6], Weight, Bias]),
        ["evo s0"] = (v => EvoNormFormulas.S0(v[0], Shape, 2, Eps, v[1], v[2], v[3]), [X, Weight, Bias, V]),
        ["evo b0"] = (v => EvoNormFormulas.B0(v[0], Shape, Eps, v[1], v[2], v[3]), [X, Weight, Bias, V]),
        ["evo b0 in evaluation"] = (v => EvoNormFormulas.B0(v[0], Shape, Eps, v[1], v[2], v[3], RunningVar), [X, Weight, Bias, V]),
        ["relu"] = (v => Array.ConvertAll(v[0], ActivationFormulas.Relu), [X]),
        ["leaky relu"] = (v => Array.ConvertAll(v[0], x => ActivationFormulas.LeakyRelu(x, 0.2)), [X]),
        ["silu"] = (v => Array.ConvertAll(v[0], ActivationFormulas.Silu), [X]),
        ["gelu"] = (v => Array.ConvertAll(v[0], ActivationFormulas.Gelu), [X]),
        ["gelu by tanh"] = (v => Array.ConvertAll(v[0], ActivationFormulas.GeluTanh), [X]),
    };

    public static TheoryData<string> Names { get; } = [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public void Gradients_OfEachFormula_AreFiniteDifferences(string name)
    {
        (Func<Var[][], Var[]> formula, double[][] given) = Cases[name];
        double[][] inputs = Array.ConvertAll(given, array => (double[])[.. array]);
        double[] dy = Draw(Gradients.Value(formula, inputs).Length, 21, 0.25);
        Gradients gradients = Gradients.By(formula, dy, inputs);
        for (int i = 0; i < inputs.Length; i++)
        {
            Assert.Contains(gradients.Of[i], g => Math.Abs(g) > 1e-3);
            double[] slopes = FiniteDifferences.Of(inputs[i], () => FiniteDifferences.Dot(Gradients.Value(formula, inputs), dy));
            Closeness.Near<double>(slopes, gradients.Of[i], Tolerances.FiniteDifference, $"{name}, input {i}");
        }
    }

    [Fact]
    public void Transcendentals_KnownValues_AreExactTo28Digits()
    {
        // e and ln 10 to 33 digits, as two doubles.
        Near(new(2.718281828459045, 1.4456468917292502e-16), Transcendental.Exp(1));
        Near(new(2.302585092994046, -2.1707562233822494e-16), Transcendental.Log(10));
        Near(Transcendental.Exp(new(2.302585092994046, -2.1707562233822494e-16)), 10);
        // erf is odd, and tends to 1 as its complement falls: erfc(3) = 2.209049699858544137e-5.
        Near(-Transcendental.Erf(0.5), Transcendental.Erf(-0.5));
        Assert.Equal(2.209049699858544137e-5, (double)(1 - Transcendental.Erf(3)), 1e-20);

        static void Near(DoubleDouble expected, DoubleDouble actual) => Assert.Equal(0, (double)((actual - expected) / expected), 1e-28);
    }

    /// <summary>The spectral norm of a matrix with known singular values: a diagonal one between two reflections.</summary>
    [Fact]
    public void SingularVectors_OfAKnownMatrix_GiveItsNorm()
    {
        double[] w = new double[20], singular = [3.5, 1.2, 0.7, 0.2];
        double[] a = Unit(Draw(4, 31)), b = Unit(Draw(5, 32));
        for (int r = 0; r < 4; r++)
        {
            for (int c = 0; c < 5; c++)
                w[(r * 5) + c] = Enumerable.Range(0, 4).Sum(k => ((r == k ? 1 : 0) - (2 * a[r] * a[k])) * singular[k] * ((c == k ? 1 : 0) - (2 * b[c] * b[k])));
        }
        (double[] u, double[] v) = SpectralFormula.SingularVectors(w, 4);
        double[] scaled = Gradients.Value(x => SpectralFormula.Of(x[0], u, v), w);
        Closeness.Near<double>(scaled, [.. w.Select(x => x / 3.5)], 1e-14, "w / sigma");

        static double[] Unit(double[] x) => [.. x.Select(e => e / Math.Sqrt(x.Sum(y => y * y)))];
    }

    /// <summary>The formulas for sets, at the four layers, are the reference that the core was held against.</summary>
    [Theory, CombinatorialNorms]
    public void Normalize_OfTheFourLayers_IsTheOtherReference(Norm norm)
    {
        Problem problem = new(norm, [2, 6, 5], Groups: 3, NormalizedRank: 2, Eps);
        Inputs<double> inputs = Inputs<double>.Draw(problem, seed: 3, offset: 1e4);
        int[] sets = [.. Enumerable.Range(0, problem.Elements).Select(problem.SetOf)], parameter = [.. Enumerable.Range(0, problem.Elements).Select(problem.ParameterOf)];
        Gradients gradients = Gradients.By(
            v => Over.Affine(CentredFormulas.Normalize(v[0], sets, Eps), parameter, v[1], v[2]), inputs.Dy, inputs.X, inputs.Weight!, inputs.Bias!);
        Expected expected = inputs.By(problem);
        Closeness.Near<double>(gradients.Y, expected.Y, 4e-16, "y");
        Closeness.Near<double>(gradients.Of[0], expected.Dx, 4e-16, "dx");
        Closeness.Near<double>(gradients.Of[1], expected.DWeight, 4e-16, "dweight");
        Closeness.Near<double>(gradients.Of[2], expected.DBias, 4e-16, "dbias");
        Assert.Equal(sets, norm switch
        {
            Norm.Batch => Over.Sets(problem.Shape, 1),
            Norm.Instance => Over.Sets(problem.Shape, 0, 1),
            Norm.Group => Over.Groups(problem.Shape, 3),
            _ => Over.Axes(problem.Shape, 1, 2),
        });
    }

    private static double[] Draw(int count, int seed, double offset = 0) => Inputs<double>.Normal(new(seed), count, 1, offset);
}

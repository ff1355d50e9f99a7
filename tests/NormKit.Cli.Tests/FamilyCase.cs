using NormKit.Tests.Reference.Formulas;

namespace NormKit.Cli.Tests;

/// <summary>A layer on the command line beside its formula.</summary>
/// <param name="Line">The layer and its options, without files.</param>
/// <param name="Arrays">The input, "input", then every other array by its name: parameters, running statistics, other inputs.</param>
/// <param name="Formula">Makes the output of these.</param>
internal sealed record FamilyCase(string Line, (string Name, nint[] Shape)[] Arrays, Func<Var[][], Var[]> Formula)
{
    private static readonly string[] Inputs = ["style", "scale", "shift", "residual", "x2", "gate"];
    private static readonly nint[] Shape = [4, 6, 5, 3];

    // Before All, whose formulas use it.
    private static readonly int[] LastGroups = Over.Axes([4, 5, 3, 2], 3);

    private static readonly (string Name, Func<Var, Var> Of)[] Activations =
    [
        ("relu", ActivationFormulas.Relu), ("leaky-relu", x => ActivationFormulas.LeakyRelu(x, 0.01)), ("silu", ActivationFormulas.Silu),
        ("gelu", ActivationFormulas.Gelu), ("gelu-tanh", ActivationFormulas.GeluTanh),
    ];

    public static readonly FamilyCase[] All =
    [
        new("batch-norm --eps 0.01", [Input(), Channel("weight"), Channel("bias")], a => Affine(Centred(a[0], [1], 0.01), a[1], a[2])),
        new("batch-norm-2d --eval", [Input(), Channel("weight"), Channel("bias"), Channel("running_mean"), Channel("running_var")],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Sets(Shape, 1), a[3], a[4], 1e-5), a[1], a[2])),
        .. Activations.Select(activation => new FamilyCase(
            $"batch-norm --activation {activation.Name}", [Input(), Channel("weight"), Channel("bias")],
            a => Array.ConvertAll(Affine(Centred(a[0], [1], 1e-5), a[1], a[2]), v => activation.Of(v)))),
        new("instance-norm --eps 0.5", [Input(), Channel("weight"), Channel("bias")], a => Affine(Centred(a[0], [0, 1], 0.5), a[1], a[2])),
        new("instance-norm-2d", [Input()], a => Centred(a[0], [0, 1], 1e-5)),
        new("group-norm --groups 3", [Input(), Channel("weight"), Channel("bias")],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Groups(Shape, 3), 1e-5), a[1], a[2])),
        new("layer-norm --axes 1", [Input(), Channel("weight"), Channel("bias")], a => Affine(Centred(a[0], [0, 2, 3], 1e-5), a[1], a[2])),
        new("layer-norm --axes 1,-1 --eps 0.1", [Input(), ("weight", [6, 3]), ("bias", [6, 3])],
            a => Over.Affine(Centred(a[0], [0, 2], 0.1), Over.Sets(Shape, 1, 3), a[1], a[2])),
        new("layer-norm --unit-offset --normalized-shape 5,3", [Input(), ("weight", [5, 3])],
            a => Over.Affine(Centred(a[0], [0, 1], 1e-5), Over.Sets(Shape, 2, 3), Array.ConvertAll(a[1], w => w + 1))),
        new("layer-norm", [Input(), ("bias", [6, 5, 3]), ("residual", Shape)],
            a => Over.Affine(Centred([.. a[0].Zip(a[2], (x, r) => x + r)], [0], 1e-5), Over.Sets(Shape, 1, 2, 3), null, a[1])),
        new("lazy-batch-norm --eps 0.01", [Input(), Channel("weight"), Channel("bias")], a => Affine(Centred(a[0], [1], 0.01), a[1], a[2])),
        new("lazy-instance-norm-2d", [Input()], a => Centred(a[0], [0, 1], 1e-5)),
        new("lazy-instance-norm --eps 0.2", [Input(), Channel("weight"), Channel("bias")], a => Affine(Centred(a[0], [0, 1], 0.2), a[1], a[2])),
        new("frozen-batch-norm", [Input(), Channel("weight"), Channel("bias"), Channel("running_mean"), Channel("running_var")],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Sets(Shape, 1), a[3], a[4], 1e-5), a[1], a[2])),
        new("ghost-batch-norm", [Input(), Channel("weight"), Channel("bias")],
            a => Affine(CentredFormulas.Normalize(a[0], CentredFormulas.GhostSets(Shape, 2), 1e-5), a[1], a[2])),
        new("ghost-batch-norm --num-splits 3 --eval", [Input(), Channel("running_mean"), Channel("running_var")],
            a => CentredFormulas.Normalize(a[0], Over.Sets(Shape, 1), a[1], a[2], 1e-5)),
        new("adaptive-instance-norm", [Input(), ("style", Shape)], a => CentredFormulas.AdaptiveInstance(a[0], Shape, a[1], Shape, 1e-5)),
        new("adaptive-instance-norm --eps 0.1", [Input(), ("style", [4, 6, 7, 2])],
            a => CentredFormulas.AdaptiveInstance(a[0], Shape, a[1], [4, 6, 7, 2], 0.1)),
        new("adaptive-layer-norm --eps 0.1", [Input(4, 5, 6), ("scale", [4, 6]), ("shift", [4, 6])],
            a => CentredFormulas.Adaptive(CentredFormulas.Normalize(a[0], Over.Sets([4, 5, 6], 0, 1), 0.1), [4, 5, 6], a[1], a[2])),
        new("adaptive-rms-norm --eps 0.1", [Input(4, 5, 6), ("scale", [4, 6]), ("shift", [4, 6])],
            a => CentredFormulas.Adaptive(UncentredFormulas.Rms(a[0], Over.Sets([4, 5, 6], 0, 1), 0.1), [4, 5, 6], a[1], a[2])),
        new("scale-norm", [Input(), ("weight", [1])], a => UncentredFormulas.ScaleNorm(a[0], Over.Sets(Shape, 0, 1, 2), a[1][0], 1e-5)),
        new("scale-norm --eps 2.5", [Input()], a => UncentredFormulas.ScaleNorm(a[0], Over.Sets(Shape, 0, 1, 2), Math.Sqrt(3), 2.5)),
        new("query-key-norm --eps 0.1", [Input(), ("weight", [6, 3])],
            a => Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets(Shape, 0, 1, 2), 0.1), Over.Sets(Shape, 1, 3), a[1])),
        new("local-response-norm --size 4", [Input()], a => UncentredFormulas.LocalResponse(a[0], Shape, 4, 1e-4, 0.75, 1)),
        new("local-response-norm --size 4 --alpha 2 --beta 0.6 --k 0.5 --window onnx", [Input()],
            a => UncentredFormulas.LocalResponse(a[0], Shape, 4, 2, 0.6, 0.5, onnx: true)),
        new("lp-normalize", [Input()], a => UncentredFormulas.LpNormalize(a[0], Over.Axes(Shape, 1), 2, 1e-12)),
        new("lp-normalize --p 3 --dim -1", [Input()], a => UncentredFormulas.LpNormalize(a[0], Over.Axes(Shape, 3), 3, 1e-12)),
        new("lp-normalize --p inf --dim 2", [Input()], a => UncentredFormulas.LpNormalize(a[0], Over.Axes(Shape, 2), double.PositiveInfinity, 1e-12)),
        new("dynamic-tanh", [Input(), ("alpha", [1]), ("weight", [6, 5, 3]), ("bias", [6, 5, 3])],
            a => UncentredFormulas.DynamicTanh(a[0], Over.Sets(Shape, 1, 2, 3), a[1][0], a[2], a[3])),
        new("dynamic-tanh --normalized-shape 3", [Input(), ("weight", [3])],
            a => UncentredFormulas.DynamicTanh(a[0], Over.Sets(Shape, 3), 0.5, a[1], null)),
        new("spectral-norm --eval", [Input(), ("u", [4]), ("v", [90])],
            a => SpectralFormula.Of(a[0], Array.ConvertAll(a[1], u => (double)u.Value), Array.ConvertAll(a[2], v => (double)v.Value))),
        new("batch-renorm --eps 0.01 --r-max 1.5 --d-max 0.5", [Input(), Channel("weight"), Channel("bias"), Channel("running_mean"), Channel("running_var")],
            a =>
            {
                (double[] r, double[] d) = CentredFormulas.Renormalization(Doubles(a[0]), Shape, Doubles(a[3]), Doubles(a[4]), 0.01, 1.5, 0.5);
                return CentredFormulas.BatchRenorm(a[0], Shape, r, d, 0.01, a[1], a[2]);
            }),
        new("batch-renorm --eval", [Input(), Channel("weight"), Channel("bias"), Channel("running_mean"), Channel("running_var")],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Sets(Shape, 1), a[3], a[4], 1e-5), a[1], a[2])),
        new("filter-response-norm --eps 0.1", [Input(), Channel("weight"), Channel("bias"), Channel("tau")],
            a => UncentredFormulas.FilterResponse(a[0], Shape, 0.1, a[1], a[2], a[3])),
        new("global-response-norm --eps 0.1", [Input(), Channel("weight"), Channel("bias")],
            a => UncentredFormulas.GlobalResponse(a[0], Shape, 0.1, a[1], a[2])),
        new("evo-norm-s0 --groups 3", [Input(), Channel("weight"), Channel("bias"), Channel("v")],
            a => EvoNormFormulas.S0(a[0], Shape, 3, 1e-5, a[1], a[2], a[3])),
        new("evo-norm-b0", [Input(), Channel("weight"), Channel("bias"), Channel("v")], a => EvoNormFormulas.B0(a[0], Shape, 1e-3, a[1], a[2], a[3])),
        new("evo-norm-b0 --eval --eps 0.1", [Input(), Channel("weight"), Channel("bias"), Channel("v"), Channel("running_var")],
            a => EvoNormFormulas.B0(a[0], Shape, 0.1, a[1], a[2], a[3], Doubles(a[4]))),
        new("switchable-norm --eps 0.1", [Input(), Channel("weight"), Channel("bias"), ("mean_weight", [3]), ("var_weight", [3])],
            a => CentredFormulas.Switchable(a[0], Shape, a[3], a[4], 0.1, a[1], a[2])),
        new("switchable-norm --eval", [Input(), Channel("weight"), Channel("bias"), ("mean_weight", [3]), ("var_weight", [3]), Channel("running_mean"), Channel("running_var")],
            a => CentredFormulas.Switchable(a[0], Shape, a[3], a[4], 1e-5, a[1], a[2], (Doubles(a[5]), Doubles(a[6])))),
        new("weight-norm", [Input(), ("g", [4, 1, 1, 1])], a => UncentredFormulas.WeightNorm(a[1], a[0], Over.Sets(Shape, 0))),
        new("weight-norm --dim -3", [Input(), ("g", [1, 6, 1, 1])], a => UncentredFormulas.WeightNorm(a[1], a[0], Over.Sets(Shape, 1))),
        new("weight-norm --dim none", [Input(), ("g", [1])], a => UncentredFormulas.WeightNorm(a[1], a[0], new int[a[0].Length])),
        new("weight-standardization", [Input()], a => Centred(a[0], [0], 1e-6)),
        new("weight-standardization --dim 1 --eps 0.1", [Input(), Channel("weight")],
            a => Over.Affine(Centred(a[0], [1], 0.1), Over.Sets(Shape, 1), a[1])),
        new("rms-norm --normalized-shape 3 --eps 1e-3", [Input(), ("weight", [3])],
            a => Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets(Shape, 0, 1, 2), 1e-3), Over.Sets(Shape, 3), a[1])),
        new("rms-norm --axes 1,2 --eps 0.2 --unit-offset", [Input(), ("weight", [6, 5])],
            a => Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets(Shape, 0, 3), 0.2), Over.Sets(Shape, 1, 2), Array.ConvertAll(a[1], w => w + 1))),
        new("rms-norm --eps 0.1", [Input(), ("weight", [6, 5, 3]), ("residual", Shape)],
            a => Over.Affine(UncentredFormulas.Rms([.. a[0].Zip(a[2], (x, r) => x + r)], Over.Sets(Shape, 0), 0.1), Over.Sets(Shape, 1, 2, 3), a[1])),
        new("cosine-similarity", [Input(), ("x2", Shape)], a => UncentredFormulas.CosineSimilarity(a[0], a[1], Over.Axes(Shape, 1), 1e-8)) { Output = [4, 5, 3] },
        new("cosine-similarity --dim -2 --eps 0.1", [Input(), ("x2", [6, 1, 3])],
            a => UncentredFormulas.CosineSimilarity(a[0], Spread(a[1], Over.Sets(Shape, 1, 3)), Over.Axes(Shape, 2), 0.1)) { Output = [4, 6, 3] },
        new("cosine-similarity --dim 3", [Input(6, 1, 3), ("x2", Shape)],
            a => UncentredFormulas.CosineSimilarity(Spread(a[0], Over.Sets(Shape, 1, 3)), a[1], Over.Axes(Shape, 3), 1e-8)) { Output = [4, 6, 5] },

        new("lp-normalize --dim 1,2", [Input()], a => UncentredFormulas.LpNormalize(a[0], Over.Axes(Shape, 1, 2), 2, 1e-12)),
        new("lp-normalize --p 1 --dim -1,1 --eps 0.1", [Input()], a => UncentredFormulas.LpNormalize(a[0], Over.Axes(Shape, 1, 3), 1, 0.1)),
        new("layer-norm --groups 3", [Input(4, 5, 6), ("weight", [6]), ("bias", [6])],
            a => Over.Affine(CentredFormulas.Normalize(a[0], LastGroups, 1e-5), Over.Sets([4, 5, 6], 2), a[1], a[2])),
        new("rms-norm --groups 3 --eps 0.1", [Input(4, 5, 6), ("weight", [6]), ("residual", [4, 5, 6])],
            a => Over.Affine(UncentredFormulas.Rms([.. a[0].Zip(a[2], (x, r) => x + r)], LastGroups, 0.1), Over.Sets([4, 5, 6], 2), a[1])),
        new("gated-rms-norm", [Input(4, 5, 6), ("weight", [6]), ("gate", [4, 5, 6])],
            a => Gated(Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets([4, 5, 6], 0, 1), 1e-5), Over.Sets([4, 5, 6], 2), a[1]), a[2])),
        new("gated-rms-norm --gate-first --groups 3 --eps 0.1", [Input(4, 5, 6), ("weight", [6]), ("gate", [4, 5, 6])],
            a => Over.Affine(UncentredFormulas.Rms(Gated(a[0], a[2]), LastGroups, 0.1), Over.Sets([4, 5, 6], 2), a[1])),
        new("rms-norm --gate-first --normalized-shape 5,6 --eps 0.1", [Input(4, 5, 6), ("gate", [4, 5, 6])],
            a => UncentredFormulas.Rms(Gated(a[0], a[1]), Over.Sets([4, 5, 6], 0), 0.1)),
        new("rms-norm --groups 2 --eps 0.2", [Input(4, 5, 6), ("weight", [6]), ("gate", [4, 5, 6])],
            a => Gated(Over.Affine(UncentredFormulas.Rms(a[0], Over.Axes([4, 5, 2, 3], 3), 0.2), Over.Sets([4, 5, 6], 2), a[1]), a[2])),

        // Parameters in shapes that broadcast.
        new("group-norm --groups 2 --eps 0.1", [Input(), ("weight", [1, 6, 1, 1]), ("bias", [])],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Groups(Shape, 2), 0.1), a[1], Spread(a[2], new int[6]))),
        new("batch-norm --eval --eps 0.1", [Input(), ("weight", [6, 1, 1]), ("bias", [1]), ("running_mean", [1, 6, 1, 1]), ("running_var", [])],
            a => Affine(CentredFormulas.Normalize(a[0], Over.Sets(Shape, 1), a[3], Spread(a[4], new int[6]), 0.1), a[1], Spread(a[2], new int[6]))),
        new("layer-norm --eps 0.3", [Input(), ("weight", [5, 1]), ("bias", [1, 6, 1, 3])],
            a => Over.Affine(Centred(a[0], [0], 0.3), Over.Sets(Shape, 1, 2, 3), Spread(a[1], Over.Sets([6, 5, 3], 1)), Spread(a[2], Over.Sets([6, 5, 3], 0, 2)))),
        new("rms-norm --axes 1 --eps 0.3", [Input(), ("weight", [1, 6, 1, 1])],
            a => Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets(Shape, 0, 2, 3), 0.3), Over.Sets(Shape, 1), a[1])),
        new("query-key-norm --eps 0.3", [Input(), ("weight", [6, 1, 3])],
            a => Over.Affine(UncentredFormulas.Rms(a[0], Over.Sets(Shape, 0, 1, 2), 0.3), Over.Sets(Shape, 1, 3), a[1])),
        new("adaptive-layer-norm --eps 0.3", [Input(4, 5, 6), ("scale", [4, 1, 6]), ("shift", [6])],
            a => CentredFormulas.Adaptive(
                CentredFormulas.Normalize(a[0], Over.Sets([4, 5, 6], 0, 1), 0.3), [4, 5, 6], a[1], Spread(a[2], Over.Sets([4, 6], 1)))),
    ];

    /// <summary>The shape of the output where it is not the input's.</summary>
    public nint[]? Output { get; init; }

    public string Layer => Line.Split(' ')[0];

    public bool IsEval => Line.Contains("--eval", StringComparison.Ordinal);

    /// <summary>Values for each array; what is a variance is positive.</summary>
    public double[][] Values(int seed) =>
        [.. Arrays.Select((array, i) => Near.Random((int)array.Shape.Aggregate((nint)1, (a, b) => a * b), seed + i, offset: array.Name == "running_var" ? 2 : 0.3))];

    /// <summary>Whether an array has a gradient.</summary>
    public bool HasGradient(string name) => !name.StartsWith("running", StringComparison.Ordinal) && (Layer is not ("frozen-batch-norm" or "spectral-norm") || name == "input");

    /// <summary>Writes the arrays, and the command line behind the layer: options, and each file.</summary>
    public string[] Files(Workplace work, double[][] values, IO.ElementType type = IO.ElementType.Float64)
    {
        List<string> options = [.. Line.Split(' ')[1..]];
        for (int i = 1; i < Arrays.Length; i++)
        {
            (string name, nint[] shape) = Arrays[i];
            string file = work.Array($"{name}.safetensors", values[i], shape, type) + ":tensor";
            string[] option = Inputs.Contains(name) ? [$"--{name}", file]
                : name is "weight" or "bias" or "running_mean" or "running_var" ? [$"--{name.Replace('_', '-')}", file]
                : ["--param", $"{name}={file}"];
            options.AddRange(option);
        }
        return [.. options];
    }

    public override string ToString() => Line;

    private static (string, nint[]) Input(params nint[] shape) => ("input", shape.Length == 0 ? Shape : shape);

    private static Var[] Gated(Var[] values, Var[] gate) => [.. values.Zip(gate, (value, g) => value * ActivationFormulas.Silu(g))];

    private static Var[] Spread(Var[] values, int[] from) => Array.ConvertAll(from, i => values[i]);

    private static (string, nint[]) Channel(string name) => (name, [6]);

    private static double[] Doubles(Var[] values) => Array.ConvertAll(values, value => (double)value.Value);

    private static Var[] Centred(Var[] x, int[] kept, double eps) => CentredFormulas.Normalize(x, Over.Sets(Shape, kept), eps);

    private static Var[] Affine(Var[] x, Var[] weight, Var[] bias) => Over.Affine(x, Over.Sets(Shape, 1), weight, bias);
}

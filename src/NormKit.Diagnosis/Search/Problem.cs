using System.Collections.Concurrent;
using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>A request, checked and laid out for the search.</summary>
internal sealed class Problem
{
    private const int FewElements = 128;
    private readonly ConcurrentDictionary<(View, Affine, NumberFormat, NumberFormat), (double[] Factor, double[] Summand)> values = [];

    private readonly Lazy<PlainOutput?> plain;

    public Problem(DiagnosisRequest request, double[] output)
    {
        plain = new(() => PlainOutput.Of(this));
        Request = request;
        Shape = request.Shape;
        Output = output;
        Input = new(request.Input);
        OutputFormat = Formats.Narrowest(output, request.OutputFormat);
        InputFormat = Formats.Narrowest(request.Input, request.InputFormat);
        Channels = Shape.Length == 1 ? new(Shape, [0]) : IndexMap.Keeping(Shape, [.. Enumerable.Range(0, Shape.Length).Select(d => d == 1)]);
        Groupings = Sharing.Groupings.Of(Shape, request.Expected is null ? null : Expectation.AxesOf(request.Expected, Shape.Length));
    }

    public DiagnosisRequest Request { get; }

    public int[] Shape { get; }

    public int Length => Output.Length;

    public RoundedInput Input { get; }

    /// <summary>The output in the order of the input.</summary>
    public double[] Output { get; }

    /// <summary>The narrowest format that holds the output: that to which it was rounded at the end.</summary>
    public NumberFormat OutputFormat { get; }

    public NumberFormat InputFormat { get; }

    /// <summary>The second dimension.</summary>
    public IndexMap Channels { get; }

    public IReadOnlyList<Grouping> Groupings { get; }

    public double[]? RunningMean => Request.RunningMean;

    public double[]? RunningVar => Request.RunningVar;

    public double[]? RunningMeanAfter => Request.RunningMeanAfter;

    public double[]? RunningVarAfter => Request.RunningVarAfter;

    public double[]? ConvolutionBias => Request.ConvolutionBias;

    public ExpectedLayer? Expected => Request.Expected;

    /// <summary>What a correct program's roundings come to, as a share of the output: half a unit of the type it computes in. In double the sums made
    /// here are no better than that program's.</summary>
    public double ComputingUnit => OutputFormat == NumberFormat.Float64 ? 16 * NumberFormat.Float64.Unit() : NumberFormat.Float32.Unit();

    /// <summary>How many times the rounding of a large array must be allowed for: of a few elements, in a few sets, the roundings of mean and factor do not
    /// average out, and a number that is fitted takes them up.</summary>
    public double SmallSample => Length <= FewElements ? 4 : 1;

    /// <summary>What the output is where it is nothing but one value or a line of the input; null where it is not.</summary>
    public PlainOutput? Plain => plain.Value;

    public bool IsSmall => Length <= FewElements;

    public View ViewOf(int target, int seed, CancellationToken stop) =>
        new(Input, Output, target == 0 ? null : Sampling.Of(Shape, target, new Random(seed)), Channels, stop);

    /// <summary>Factor and summand of each element, of weights that are given.</summary>
    public (double[] Factor, double[] Summand) ValuesOf(View view, Affine affine, Roundings roundings) => view.IsAll
        ? Lay(view, affine, roundings)
        : values.GetOrAdd((view, affine, roundings.Parameters, roundings.WeightSum), _ => Lay(view, affine, roundings));

    /// <summary>A parameter's value for each element; null for one that is fitted.</summary>
    public double[] ValuesOf(View view, Parameter parameter, double neutral, Roundings roundings)
    {
        double[] laid = new double[view.Length];
        if (parameter.Origin is Origin.None or Origin.Ones)
        {
            Array.Fill(laid, parameter.Origin == Origin.Ones ? 1 : neutral);
            return laid;
        }
        double[] given = Array.ConvertAll((parameter.Origin == Origin.Weight ? Request.Weight : Request.Bias)!, value => Formats.Round(value, roundings.Parameters));
        double[] used = parameter.Use switch
        {
            Use.PlusOne => Array.ConvertAll(given, value => Formats.Round(1 + value, roundings.WeightSum)),
            Use.MinusOne => Array.ConvertAll(given, value => value - 1),
            Use.Twice => Array.ConvertAll(given, value => neutral == 1 ? value * value : 2 * value),
            _ => given,
        };
        int[] number = view.NumbersOf(parameter.Map!);
        for (int i = 0; i < laid.Length; i++)
            laid[i] = used[number[i]];
        return laid;
    }

    private (double[] Factor, double[] Summand) Lay(View view, Affine affine, Roundings roundings)
    {
        double[] factor = ValuesOf(view, affine.Weight, 1, roundings), summand = ValuesOf(view, affine.Bias, 0, roundings);
        if (affine.BiasFirst)
        {
            for (int i = 0; i < summand.Length; i++)
                summand[i] *= factor[i];
        }
        return (factor, summand);
    }
}

using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

public class AdaptiveInstanceNormTests
{
    private static readonly nint[] ContentShape = [3, 5, 7, 11];

    /// <summary>Of another rank, and of fewer positions than a vector.</summary>
    private static readonly nint[][] StyleShapes = [[3, 5, 6, 4], [3, 5, 13], [3, 5, 2, 3, 2], [3, 5]];

    private static Gradients Expected<T>(T[] content, nint[] contentShape, T[] style, nint[] styleShape, T[] dy, double eps = 1e-5)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        Gradients.By(
            v => CentredFormulas.AdaptiveInstance(v[0], contentShape, v[1], styleShape, eps), Inputs<T>.Doubles(dy)!, Inputs<T>.Doubles(content)!,
            Inputs<T>.Doubles(style)!);

    private static (T[] Content, T[] Style, T[] Dy) Draw<T>(nint[] contentShape, nint[] styleShape, double offset = 0)
        where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        (Inputs<T>.Normal(new(1), Elements(contentShape), 2, offset), Inputs<T>.Normal(new(2), Elements(styleShape), 0.5, -offset),
            Inputs<T>.Normal(new(3), Elements(contentShape), 1, 0.25));

    private static int Elements(nint[] shape) => shape.Aggregate(1, (a, b) => a * (int)b);

    [Theory, WithEach(0, 100, 10000)]
    public void Pass_OfAnyStyle_MatchesFormula(Placement placement, int offset)
    {
        foreach (nint[] styleShape in StyleShapes)
        {
            MatchesFormula<float>(ContentShape, styleShape, placement, offset);
            MatchesFormula<double>(ContentShape, styleShape, placement, offset);
        }
    }

    /// <summary>Content so far off that a mean rounded to double would cost the output 1e-9, and a style about 0, in which that shows.</summary>
    [Fact]
    public void Forward_OfContentFarOff_KeepsTheDigitsOfDouble()
    {
        double[] content = Inputs<double>.Normal(new(1), Elements(ContentShape), 2, 1e8), style = Inputs<double>.Normal(new(2), Elements(StyleShapes[0]), 0.5);
        double[] expected = Expected(content, ContentShape, style, StyleShapes[0], new double[content.Length]).Y;
        Tensor<double> y = new AdaptiveInstanceNorm<double>().Forward<double>(Tensor.Create(content, ContentShape), Tensor.Create(style, StyleShapes[0]));
        Closeness.Near<double>(Placing.Logical(y), expected, Tolerances.Forward<double>(), "y");
    }

    /// <summary>Planes of more than a block, threads, and one sample of one position.</summary>
    [Fact]
    public void Pass_OfOtherSizes_MatchesFormula()
    {
        MatchesFormula<float>([2, 3, 67, 71], [2, 3, 4133], Placement.ChannelsLast, 3);
        MatchesFormula<double>([2, 3, 5, 1], [2, 3, 67, 71], Placement.Contiguous, 3);
    }

    private static void MatchesFormula<T>(nint[] contentShape, nint[] styleShape, Placement placement, double offset)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        (T[] content, T[] style, T[] dy) = Draw<T>(contentShape, styleShape, offset);
        Gradients expected = Expected(content, contentShape, style, styleShape, dy);
        Tensor<T> x = Placing.Place(content, contentShape, placement), s = Placing.Place(style, styleShape, placement), g = Placing.Place(dy, contentShape, placement);
        AdaptiveInstanceNorm<T> layer = new();
        SavedStatistics saved = new();
        T[] y = Placing.Logical(layer.Forward<T>(x, s, saved));
        (Tensor<T> dx, Tensor<T> ds) = layer.Backward<T>(g, x, s, saved);
        string what = $"[{string.Join(", ", styleShape)}], {placement}, offset {offset}:";
        Closeness.Near<T>(y, expected.Y, Tolerances.Forward<T>(), $"{what} y");
        Closeness.Near<T>(Placing.Logical(dx), expected.Of[0], Tolerances.InputGradient<T>(), $"{what} dcontent");
        Closeness.Near<T>(Placing.Logical(ds), expected.Of[1], Tolerances.InputGradient<T>(), $"{what} dstyle");
    }

    [Theory, WithEach(1, 2, 3)]
    public void Pass_OfAnyThreadsOrInPlace_SameBits(Placement placement, int threads)
    {
        nint[] contentShape = [2, 3, 71, 73], styleShape = [2, 3, 79, 61];
        (float[] content, float[] style, float[] dy) = Draw<float>(contentShape, styleShape);
        Tensor<float> x = Place(content, contentShape), s = Place(style, styleShape), g = Place(dy, contentShape);
        AdaptiveInstanceNorm<float> one = new() { MaxDegreeOfParallelism = 1 }, layer = new() { MaxDegreeOfParallelism = threads };
        SavedStatistics saved = new();
        Tensor<float> y = one.Forward<float>(x, s, saved);
        (Tensor<float> dx, Tensor<float> ds) = one.Backward<float>(g, x, s, saved);

        Tensor<float> over = Place(content, contentShape), overStyle = Place(style, styleShape);
        layer.Forward<float>(over, s, over, saved);
        Closeness.SameBits<float>(Placing.Logical(y), Placing.Logical(over), "y in place of the content");
        layer.Backward<float>(g, x, overStyle, saved, g, overStyle);
        Closeness.SameBits<float>(Placing.Logical(dx), Placing.Logical(g), "dcontent in place of dy");
        Closeness.SameBits<float>(Placing.Logical(ds), Placing.Logical(overStyle), "dstyle in place of the style");

        Tensor<float> alone = Place(style, styleShape);
        layer.Backward<float>(Place(dy, contentShape), x, s, saved, default, alone);
        Closeness.SameBits<float>(Placing.Logical(ds), Placing.Logical(alone), "dstyle alone");

        Tensor<float> Place(float[] values, nint[] shape) => Placing.Place(values, shape, placement);
    }

    [Fact]
    public void Pass_InSixteenBits_IsTheFormulaRounded()
    {
        Rounded(SixteenBitFormat.Half, v => (Half)v, v => Unsafe.BitCast<Half, ushort>(v));
        Rounded(SixteenBitFormat.BFloat16, v => (BFloat16)v, v => Unsafe.BitCast<BFloat16, ushort>(v));
    }

    private static void Rounded<TInput>(SixteenBitFormat format, Func<float, TInput> narrow, Func<TInput, ushort> bits) where TInput : unmanaged
    {
        nint[] styleShape = StyleShapes[0];
        (float[] content, float[] style, float[] dy) = Draw<float>(ContentShape, styleShape, 3);
        TInput[][] narrowed = [.. new[] { content, style, dy }.Select(a => Array.ConvertAll(a, v => narrow(v)))];
        double[][] values = [.. narrowed.Select(a => Array.ConvertAll(a, v => format.Value(bits(v))))];
        Gradients expected = Expected(values[0], ContentShape, values[1], styleShape, values[2]);
        Tensor<TInput> x = Tensor.Create(narrowed[0], ContentShape), s = Tensor.Create(narrowed[1], styleShape);
        AdaptiveInstanceNorm<float> layer = new();
        SavedStatistics saved = new();
        Near(layer.Forward<TInput>(x, s, saved), expected.Y);
        (Tensor<TInput> dx, Tensor<TInput> ds) = layer.Backward<TInput>(Tensor.Create(narrowed[2], ContentShape), x, s, saved);
        Near(dx, expected.Of[0]);
        Near(ds, expected.Of[1]);

        void Near(Tensor<TInput> actual, double[] formula) => Assert.All(
            Placing.Logical(actual).Zip(formula), p => Assert.InRange(Ordered(bits(p.First)) - Ordered(format.Nearest(p.Second)), -1, 1));

        static int Ordered(ushort of) => (of & 0x8000) == 0 ? of : -(of & 0x7FFF);
    }

    [Fact]
    public void Forward_OfItsOwnStyle_GivesTheContentBack()
    {
        (double[] content, _, _) = Draw<double>(ContentShape, ContentShape, 5);
        Tensor<double> x = Tensor.Create(content, ContentShape);
        Closeness.Near<double>(Placing.Logical(new AdaptiveInstanceNorm<double>().Forward<double>(x, x)), content, Tolerances.ForwardDouble, "y");
    }

    /// <summary>NaN stays in its plane; constant planes and one position follow the formula.</summary>
    [Fact]
    public void Pass_OfConstantsAndNaN_FollowsTheFormula()
    {
        nint[] styleShape = StyleShapes[0];
        (double[] content, double[] style, double[] dy) = Draw<double>(ContentShape, styleShape);
        Array.Fill(content, 1.5, 0, 77);
        Array.Fill(style, -0.5, 24, 24);
        Gradients expected = Expected(content, ContentShape, style, styleShape, dy);
        AdaptiveInstanceNorm<double> layer = new();
        SavedStatistics saved = new();
        Tensor<double> x = Tensor.Create(content, ContentShape), s = Tensor.Create(style, styleShape), g = Tensor.Create(dy, ContentShape);
        Closeness.Near<double>(Placing.Logical(layer.Forward<double>(x, s, saved)), expected.Y, Tolerances.ForwardDouble, "y");
        (Tensor<double> dx, Tensor<double> ds) = layer.Backward<double>(g, x, s, saved);
        Closeness.Near<double>(Placing.Logical(dx), expected.Of[0], Tolerances.InputGradientDouble, "dcontent");
        Closeness.Near<double>(Placing.Logical(ds), expected.Of[1], Tolerances.InputGradientDouble, "dstyle");

        (content[2 * 77], style[3 * 24]) = (double.NaN, double.NaN);
        double[] y = Placing.Logical(layer.Forward<double>(Tensor.Create(content, ContentShape), Tensor.Create(style, styleShape)));
        Assert.Equal(Over.Sets(ContentShape, 0, 1).Select(plane => plane is 2 or 3), y.Select(double.IsNaN));
    }

    [Fact]
    public void Pass_OfNothing_GivesNothing()
    {
        AdaptiveInstanceNorm<float> layer = new();
        SavedStatistics saved = new();
        Tensor<float> empty = Tensor.CreateFromShape<float>([2, 3, 0]), style = Tensor.Create(Inputs<float>.Normal(new(1), 24), [2, 3, 4]);
        Assert.Equal(0, layer.Forward<float>(empty, style, saved).FlattenedLength);
        Assert.All(Placing.Logical(layer.Backward<float>(empty, empty, style, saved).GradStyle), v => Assert.Equal(0, v));
    }

    [Fact]
    public void Pass_Refused_ChangesNothing()
    {
        nint[] styleShape = StyleShapes[0];
        (float[] content, float[] style, float[] dy) = Draw<float>(ContentShape, styleShape);
        Tensor<float> x = Tensor.Create(content, ContentShape), s = Tensor.Create(style, styleShape), g = Tensor.Create(dy, ContentShape);
        AdaptiveInstanceNorm<float> layer = new();
        SavedStatistics saved = new();
        layer.Forward<float>(x, s, saved);

        Refused("style", () => layer.Forward<float>(x, Tensor.CreateFromShape<float>([3, 4, 7, 11])));
        Refused("style", () => layer.Forward<float>(x, Tensor.CreateFromShape<float>([2, 5, 7, 11])));
        Refused("style", () => layer.Forward<float>(x, Tensor.CreateFromShape<float>([3])));
        Refused("style", () => layer.Forward<float>(x, Tensor.CreateFromShape<float>([3, 5, 0])));
        Refused("content", () => layer.Forward<float>(Tensor.CreateFromShape<float>([3]), s));
        Refused("destination", () => layer.Forward<float>(x, s, g.Slice([0..3, 0..5, 0..7, 0..10])));
        Refused("destination", () => layer.Forward<float>(x, x, x));
        Refused("gradOutput", () => layer.Backward<float>(s, x, s, saved));
        Refused("content", () => layer.Backward<float>(s, s, x, saved));
        Refused("style", () => layer.Backward<float>(g, x, Tensor.CreateFromShape<float>([3, 5, 25]), saved));
        Refused("gradStyle", () => layer.Backward<float>(g, x, s, saved, x, g));
        Refused("gradContent", () => layer.Backward<float>(g, x, s, saved, s, default));
        Assert.Throws<ArgumentNullException>("saved", () => layer.Backward<float>(g, x, s, null!));
        Assert.Throws<InvalidOperationException>(() => layer.Backward<float>(g, x, s, new()));
        SavedStatistics other = new();
        new InstanceNorm<float>(5).Forward(x, other);
        Refused("saved", () => layer.Backward<float>(g, x, s, other));
        Assert.Throws<NotSupportedException>(() => layer.Forward<double>(Tensor.CreateFromShape<double>(ContentShape), Tensor.CreateFromShape<double>(styleShape)));
        Assert.Throws<ArgumentOutOfRangeException>("eps", () => new AdaptiveInstanceNorm<float>(double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>("maxDegreeOfParallelism", () => layer.MaxDegreeOfParallelism = 0);
        Assert.Equal([.. content, .. style, .. dy], (IEnumerable<float>)[.. Placing.Logical(x), .. Placing.Logical(s), .. Placing.Logical(g)]);

        static void Refused(string argument, Action pass) =>
            Assert.Contains("AdaptiveInstanceNorm: ", Assert.Throws<ArgumentException>(argument, pass).Message, StringComparison.Ordinal);
    }
}

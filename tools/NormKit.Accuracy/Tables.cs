using System.Globalization;
using System.Text;
using NormKit.Tests;

namespace NormKit.Accuracy;

/// <summary>The figures as the docs have them.</summary>
internal static class Tables
{
    private const string Begin = "<!-- accuracy: dotnet run -c Release --project tools/NormKit.Accuracy -p:Torch=true -- --write docs/guarantees.md -->", End = "<!-- /accuracy -->";

    public static string OfLayers(List<Figure> figures)
    {
        StringBuilder text = new();
        text.Append("Float: max error / max magnitude, the worst of five layouts; the columns of the worst dx and ulp cover all four offsets. With eps 1e-5, the output for input of scale 1e-20 is nearly the bias; FunctionalAccuracyTests tests eps 0.\n\n");
        text.Append("| layer | y, offset 0 | 1e2 | 1e4 | 1e6 | scale 1e-20 | scale 1e20 | dx, offset 0 | worst dx | parameters, offset 0 | worst ulp of y | double y, x 2^29 |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        foreach (Member member in Members.Every)
        {
            Figure[] own = [.. figures.Where(f => f.Layer == member.Name && f.Type == nameof(Single))], plain = [.. own.Where(f => f.Scale == 1)];
            text.Append("| ").Append(member.Name).Append(" |");
            foreach (double offset in Figure.Offsets)
                Cell(plain.Where(f => f.Offset == offset).Max(f => f.Y.OfLargest));
            Cell(own.Where(f => f.Scale < 1).Max(f => f.Y.OfLargest));
            Cell(own.Where(f => f.Scale > 1).Max(f => f.Y.OfLargest));
            Cell(plain.Where(f => f.Offset == 0).Max(f => f.Dx.OfLargest));
            Cell(plain.Max(f => f.Dx.OfLargest));
            Cell(plain.Where(f => f.Offset == 0).Max(f => f.Parameters.OfLargest));
            text.Append(CultureInfo.InvariantCulture, $" {plain.Max(f => f.Y.Ulp):0.0} |");
            Cell(figures.Where(f => f.Layer == member.Name && f.Type == nameof(Double) && f.Scale == 1).Max(f => f.Y.OfLargest) * Math.Pow(2, 29));
            text.Append('\n');
        }
        return text.ToString();

        void Cell(double value) => text.Append(' ').Append(Text(value)).Append(" |");
    }

    public static string OfSixteenBits(List<SixteenBitFigure> figures)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"16-bit tensors in layers of float: the worst error of {Members.Every.Count} layers and five layouts, in units in the last place of the 16-bit type, and the layer with this error. 0.5 is a correctly rounded result. The input is rounded to the type first.\n\n");
        text.Append("| type | y, offset 0 | y, 1e2 | dx, offset 0 | dx, 1e2 |\n|---|---|---|---|---|\n");
        foreach (string type in (string[])[nameof(Half), nameof(BFloat16)])
        {
            text.Append("| ").Append(type).Append(" |");
            foreach (Func<SixteenBitFigure, double> error in (Func<SixteenBitFigure, double>[])[f => f.Y, f => f.Dx])
            {
                foreach (double offset in SixteenBitFigure.Offsets)
                {
                    SixteenBitFigure worst = figures.Where(f => f.Type == type && f.Offset == offset).MaxBy(error)!;
                    text.Append(CultureInfo.InvariantCulture, $" {error(worst):0.0000}, {worst.Layer} |");
                }
            }
            text.Append('\n');
        }
        return text.ToString();
    }

    public static string OfPeers()
    {
        StringBuilder text = new();
        text.Append("Other libraries on the same input, float, row-major, scale 1: max error / max magnitude (worst error in units in the last place, over elements of at least 1 % of the largest).\n\n");
        text.Append("| layer | offset | NormKit y | libtorch y | ONNX Runtime y | E[x^2] - E[x]^2 in float, y | NormKit dx | libtorch dx |\n|---|---|---|---|---|---|---|---|\n");
        foreach (string layer in Peers.Layers)
        {
            foreach (double offset in Figure.Offsets)
            {
                (PeerErrors own, PeerErrors? torch, PeerErrors? onnx, PeerErrors naive) = Peers.At(layer, offset);
                text.Append(CultureInfo.InvariantCulture, $"| {layer} | {offset:g1} | {Both(own.Y)} | {Both(torch?.Y)} | {(onnx is null ? "no kernel" : Both(onnx?.Y))} | {Both(naive.Y)} | {Both(own.Dx)} | {Both(torch?.Dx)} |\n");
            }
        }
        string folder = Path.Combine("tests", "NormKit.Tests", "Golden", "data");
        (string Case, NormLayer<float> Layer)[] golden =
        [
            ("batch_offset", new BatchNorm<float>(3)), ("layer_offset", new LayerNorm<float>(640)), ("group_offset", new GroupNorm<float>(2, 4)),
        ];
        text.Append("\nPyTorch's float32 output in the golden files, against its float64 output:\n\n| case | NormKit | PyTorch |\n|---|---|---|\n");
        foreach ((string name, NormLayer<float> layer) in golden.Where(g => File.Exists(Path.Combine(folder, g.Case + ".npz"))))
        {
            (Errors own, Errors torch) = Peers.Golden(Path.Combine(folder, name + ".npz"), layer);
            text.Append(CultureInfo.InvariantCulture, $"| {name} | {Both(own)} | {Both(torch)} |\n");
        }
        return text.ToString();
    }

    public static void Write(string file, string tables)
    {
        string text = File.ReadAllText(file);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal), end = text.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{file} has no lines '{Begin}' and '{End}' to write between.");
        File.WriteAllText(file, $"{text[..(begin + Begin.Length)]}\n{tables}{text[end..]}");
    }

    private static string Both(Errors? of) => of is not Errors errors ? "" : $"{Text(errors.OfLargest)} ({(errors.Ulp > 1e6 || double.IsNaN(errors.Ulp) ? "> 1e6" : errors.Ulp.ToString(errors.Ulp < 10 ? "0.0" : "0", CultureInfo.InvariantCulture))})";

    private static string Text(double value) => value == 0 ? "0" : double.IsFinite(value) ? value.ToString("0.0e-0", CultureInfo.InvariantCulture) : "NaN";
}

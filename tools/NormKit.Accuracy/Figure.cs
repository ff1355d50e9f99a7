using System.Globalization;
using System.Numerics;
using NormKit.Tests;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Accuracy;

/// <summary>One layer on one input: output, gradient of the input, and the worst gradient of a parameter, against the formula in double-double.</summary>
internal sealed record Figure(string Layer, string Type, Placement Placement, double Offset, double Scale, Errors Y, Errors Dx, Errors Parameters)
{
    public static readonly double[] Offsets = [0, 1e2, 1e4, 1e6], Scales = [1e-20, 1, 1e20];

    public static string Header => "layer\ttype\tlayout\toffset\tscale\ty\ty ulp\tdx\tdx ulp\tparameters\tparameters ulp";

    public static List<Figure> OfEveryLayer()
    {
        List<Figure> figures = [];
        foreach (Member member in Members.Every)
        {
            Console.Error.WriteLine(member.Name);
            foreach (double scale in Scales)
            {
                foreach (double offset in Offsets)
                {
                    figures.AddRange(Of<float>(member, offset, scale));
                    figures.AddRange(Of<double>(member, offset, scale));
                }
            }
        }
        return figures;
    }

    private static IEnumerable<Figure> Of<T>(Member member, double offset, double scale) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Gradients expected = new Subject<T>(member, offset: offset * scale, scale: scale).Expected();
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            Pass<T> pass = new Subject<T>(member, offset: offset * scale, scale: scale).Run(placement);
            Errors parameters = default;
            for (int i = 0; i < pass.Gradients.Length; i++)
            {
                // Of a few numbers, which are sums of terms of about 1 that may cancel by chance, there is no largest to measure by.
                if (pass.Gradients[i].Values.Length > 3)
                    parameters = Errors.Worst(parameters, Errors.Of(pass.Gradients[i].Values, expected.Of[i + 1]));
            }
            yield return new(member.Name, typeof(T).Name, placement, offset, scale, Errors.Of(pass.Y, expected.Y), Errors.Of(pass.Dx, expected.Of[0]), parameters);
        }
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Layer}\t{Type}\t{Placement}\t{Offset:g1}\t{Scale:g1}\t{Y.OfLargest:e1}\t{Y.Ulp:g3}\t{Dx.OfLargest:e1}\t{Dx.Ulp:g3}\t{Parameters.OfLargest:e1}\t{Parameters.Ulp:g3}");
}

using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Tests;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Accuracy;

/// <summary>One layer on tensors of a 16-bit type: the worst errors in units in that type's last place; 0.5 is a correctly rounded result.</summary>
internal sealed record SixteenBitFigure(string Layer, string Type, double Offset, double Y, double Dx)
{
    public static readonly double[] Offsets = [0, 1e2];

    public static List<SixteenBitFigure> OfEveryLayer()
    {
        List<SixteenBitFigure> figures = [];
        foreach (Member member in Members.Every)
        {
            Console.Error.WriteLine($"{member.Name} in 16 bits");
            foreach (double offset in Offsets)
            {
                figures.Add(Of<Half>(member, offset, SixteenBitFormat.Half));
                figures.Add(Of<BFloat16>(member, offset, SixteenBitFormat.BFloat16));
            }
        }
        return figures;
    }

    /// <summary>In the columns of <see cref="Figure.Header"/>, of which it has some.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Layer}\t{Type}\tworst of all\t{Offset:g1}\t1\t\t{Y:g5}\t\t{Dx:g5}\t\t");

    private static SixteenBitFigure Of<T>(Member member, double offset, SixteenBitFormat format) where T : unmanaged
    {
        Gradients expected = SixteenBitSubject.Draw(member, offset, format).Expected();
        double y = 0, dx = 0;
        foreach (Placement placement in Enum.GetValues<Placement>())
        {
            (Tensor<T> output, Tensor<T> gradient) = SixteenBitSubject.Run<T>(SixteenBitSubject.Draw(member, offset, format), placement, format);
            y = Math.Max(y, Worst(output, expected.Y, format));
            dx = Math.Max(dx, Worst(gradient, expected.Of[0], format));
        }
        return new(member.Name, typeof(T).Name, offset, y, dx);
    }

    /// <summary>Of the elements of at least a hundredth of the largest, as <see cref="Errors"/> has it.</summary>
    private static double Worst<T>(Tensor<T> actual, double[] expected, SixteenBitFormat format) where T : unmanaged
    {
        double worst = 0, least = expected.Max(Math.Abs) / 100;
        foreach ((T value, double wanted) in Placing.Logical(actual).Zip(expected))
        {
            ushort nearest = (ushort)(format.Nearest(wanted) & 0x7FFF);
            double unit = format.Value((ushort)(nearest + 1)) - format.Value(nearest), error = Math.Abs(format.Value(Unsafe.BitCast<T, ushort>(value)) - wanted);
            if (Math.Abs(wanted) >= least && error > 0)
                worst = Math.Max(worst, double.IsNaN(error) ? double.PositiveInfinity : error / unit);
        }
        return worst;
    }
}

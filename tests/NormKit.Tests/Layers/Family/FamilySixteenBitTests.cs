using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>16-bit input and output in float layers: at most one step from the correctly rounded result.</summary>
public class FamilySixteenBitTests
{
    public static TheoryData<string> All { get; } = Members.Names();

    [Theory, MemberData(nameof(All))]
    public void Pass_OfHalf_IsAStepFromTheRoundedFormula(string name) => IsAStepAway<Half>(Members.Named(name), SixteenBitFormat.Half);

    [Theory, MemberData(nameof(All))]
    public void Pass_OfBFloat16_IsAStepFromTheRoundedFormula(string name) => IsAStepAway<BFloat16>(Members.Named(name), SixteenBitFormat.BFloat16);

    private static void IsAStepAway<TInput>(Member member, SixteenBitFormat format) where TInput : unmanaged
    {
        foreach (double offset in member.Offsets.Where(o => o <= 100))
        {
            Subject<float> drawn = Draw(member, offset, format);
            Gradients expected = drawn.Expected();
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Subject<float> subject = Draw(member, offset, format);
                Tensor<TInput> x = Placing.Place(Narrow(subject.X), member.Shape, placement), dy = Placing.Place(Narrow(subject.Dy), member.Shape, placement);
                SavedStatistics saved = new();
                Tensor<TInput> y = subject.Layer.Forward<TInput>(x, saved), dx = subject.Layer.Backward<TInput>(dy, x, saved);
                string what = $"{member}, {placement}, offset {offset}:";
                AStepAway(y, expected.Y, Tolerances.ForwardFloat, $"{what} y");
                AStepAway(dx, expected.Of[0], Tolerances.InputGradientFloat, $"{what} dx");
                foreach (((string key, Parameter<float> parameter), double[] wanted) in subject.Layer.NamedParameters.Zip(expected.Of[1..]))
                    Closeness.Near<float>(Placing.Logical(parameter.Grad), wanted, Tolerances.ParameterGradientFloat, $"{what} gradient of {key}");
            }
        }

        TInput[] Narrow(float[] values) => Array.ConvertAll(values, v => Unsafe.BitCast<ushort, TInput>(format.Nearest(v)));

        void AStepAway(Tensor<TInput> actual, double[] wanted, double tolerance, string what)
        {
            TInput[] values = Placing.Logical(actual);
            // A result that cancels to nearly nothing keeps float's absolute error, which may be more than a step of 16 bits there.
            double absolute = tolerance * wanted.Max(Math.Abs);
            for (int i = 0; i < values.Length; i++)
            {
                ushort bits = Unsafe.BitCast<TInput, ushort>(values[i]), nearest = format.Nearest(wanted[i]);
                bool near = Math.Abs(Order(bits) - Order(nearest)) <= 1 || Math.Abs(format.Value(bits) - wanted[i]) <= absolute;
                Assert.True(near, $"{what}[{i}] is {format.Value(bits)}, not {format.Value(nearest)}");
            }
        }

        // Neighbours differ by 1, across zero too.
        static int Order(ushort bits) => (bits & 0x8000) == 0 ? bits : -(bits & 0x7FFF);
    }

    /// <summary>A subject whose inputs are 16-bit numbers.</summary>
    private static Subject<float> Draw(Member member, double offset, SixteenBitFormat format)
    {
        Subject<float> subject = new(member, offset: offset);
        foreach (float[] values in (float[][])[subject.X, subject.Dy])
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)format.Value(format.Nearest(values[i]));
        }
        return subject;
    }
}

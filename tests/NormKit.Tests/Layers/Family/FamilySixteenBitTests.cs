using System.Numerics.Tensors;
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
            Subject<float> drawn = SixteenBitSubject.Draw(member, offset, format);
            Gradients expected = drawn.Expected();
            foreach (Placement placement in Enum.GetValues<Placement>())
            {
                Subject<float> subject = SixteenBitSubject.Draw(member, offset, format);
                (Tensor<TInput> y, Tensor<TInput> dx) = SixteenBitSubject.Run<TInput>(subject, placement, format);
                string what = $"{member}, {placement}, offset {offset}:";
                SixteenBits.AreAStepAway(y, expected.Y, format, Tolerances.ForwardFloat, $"{what} y");
                SixteenBits.AreAStepAway(dx, expected.Of[0], format, Tolerances.InputGradientFloat, $"{what} dx");
                foreach (((string key, Parameter<float> parameter), double[] wanted) in subject.Layer.NamedParameters.Zip(expected.Of[1..]))
                    Closeness.Near<float>(Placing.Logical(parameter.Grad), wanted, Tolerances.ParameterGradientFloat, $"{what} gradient of {key}");
            }
        }
    }
}

namespace NormKit.Tests.Reference;

/// <summary>The reference's gradients against its own forward formula; the golden files hold that against PyTorch.</summary>
public class NormFormulaTests
{
    [Theory, CombinatorialNorms]
    public void Gradients_OfEachLayer_AreFiniteDifferences(Norm norm)
    {
        Problem problem = new(norm, [2, 6, 5], Groups: 3, NormalizedRank: 2, Eps: 1e-3);
        Inputs<double> inputs = Inputs<double>.Draw(problem, seed: 3, offset: 0.7);
        Expected expected = inputs.By(problem);

        Closeness.Near<double>(Slopes(inputs.X), expected.Dx, Tolerances.FiniteDifference, "dx");
        Closeness.Near<double>(Slopes(inputs.Weight!), expected.DWeight, Tolerances.FiniteDifference, "dweight");
        Closeness.Near<double>(Slopes(inputs.Bias!), expected.DBias, Tolerances.FiniteDifference, "dbias");

        double[] Slopes(double[] at) => FiniteDifferences.Of(at, () => FiniteDifferences.Dot(inputs.By(problem).Y, inputs.Dy));
    }
}

using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>NaN and infinity spread through their own set only.</summary>
public class FunctionalSpecialValuesTests
{
    [Theory, CombinatorialNorms]
    public void Forward_NaNOrInfinityInOneSet_MakesThatSetNaNAndNoOther(Norm norm, Placement placement)
    {
        foreach (Problem problem in (Problem[])[Problem.Usual(norm), new(norm, [3, 10, 5], Groups: 5, NormalizedRank: 2), new(norm, [23, 10, 1], Groups: 5, NormalizedRank: 2)])
        {
            if (problem.S == 1 && norm == Norm.Instance)
                continue;
            foreach (float special in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
            {
                Inputs<float> inputs = Inputs<float>.Draw(problem, 7, offset: -3);
                Results<float> clean = Results<float>.OnTensors(problem, inputs, placement);
                int bad = problem.Elements / 2;
                inputs.X[bad] = special;
                Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
                for (int i = 0; i < problem.Elements; i++)
                {
                    bool ofBadSet = problem.SetOf(i) == problem.SetOf(bad);
                    Check(ofBadSet, clean.Y[i], results.Y[i], $"{special}: y[{i}] of [{string.Join(", ", problem.Shape)}]");
                    Check(ofBadSet, clean.Dx[i], results.Dx[i], $"{special}: dx[{i}] of [{string.Join(", ", problem.Shape)}]");
                }
                bool[] touched = new bool[problem.Parameters];
                for (int i = 0; i < problem.Elements; i++)
                    touched[problem.ParameterOf(i)] |= problem.SetOf(i) == problem.SetOf(bad);
                for (int i = 0; i < problem.Parameters; i++)
                    Check(touched[i], clean.DWeight[i], results.DWeight[i], $"{special}: dweight[{i}]");
            }
        }

        static void Check(bool nan, float clean, float value, string what)
        {
            if (nan)
                Assert.True(float.IsNaN(value), $"{what} is {value}, not NaN");
            else
                Assert.True(BitConverter.SingleToInt32Bits(clean) == BitConverter.SingleToInt32Bits(value), $"{what} is {value}, not {clean}");
        }
    }

    /// <summary>A set that is computed in double for its scale changes no bit of its neighbours.</summary>
    [Theory, CombinatorialNorms]
    public void Forward_OneSetOfExtremeScale_LeavesTheOthersAlone(Norm norm, Placement placement)
    {
        foreach (double scale in (double[])[1e-30, 1e25])
        {
            Problem problem = Problem.Usual(norm, eps: 0);
            Inputs<float> inputs = Inputs<float>.Draw(problem, 7, offset: -3);
            Results<float> clean = Results<float>.OnTensors(problem, inputs, placement);
            int set = problem.SetOf(problem.Elements / 2);
            for (int i = 0; i < problem.Elements; i++)
                inputs.X[i] = problem.SetOf(i) == set ? (float)(inputs.X[i] * scale) : inputs.X[i];
            Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
            for (int i = 0; i < problem.Elements; i++)
                Assert.True(problem.SetOf(i) == set || clean.Y[i] == results.Y[i], $"scale {scale}: y[{i}] is {results.Y[i]}, not {clean.Y[i]}");
        }
    }

    [Theory, CombinatorialNorms]
    public void Backward_NaNInOneGradient_StaysInItsSet(Norm norm, Placement placement)
    {
        Problem problem = Problem.Usual(norm);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 7, offset: -3);
        Results<float> clean = Results<float>.OnTensors(problem, inputs, placement);
        int bad = problem.Elements / 2;
        inputs.Dy[bad] = float.NaN;
        Results<float> results = Results<float>.OnTensors(problem, inputs, placement);
        for (int i = 0; i < problem.Elements; i++)
            Assert.Equal(problem.SetOf(i) == problem.SetOf(bad) ? float.NaN : clean.Dx[i], results.Dx[i]);
        for (int i = 0; i < problem.Parameters; i++)
            Assert.Equal(i == problem.ParameterOf(bad) ? float.NaN : clean.DBias[i], results.DBias[i]);
    }
}

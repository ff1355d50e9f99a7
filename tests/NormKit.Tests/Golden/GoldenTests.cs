using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Golden;

/// <summary>PyTorch's float64 answers for float32 input, through layers and functions, in every layout that the rank allows.</summary>
public class GoldenTests
{
    public static TheoryData<string> Names { get; } = [.. GoldenCase.Names];

    [Fact]
    public void Names_OfTheFourLayers_AreAllThere() => Assert.Equal(23, GoldenCase.Names.Length);

    [Theory, MemberData(nameof(Names))]
    public void Formula_OfEachCase_IsPyTorch(string name)
    {
        GoldenCase golden = GoldenCase.Load(name);
        double[] x = golden.Arrays["x"];
        Expected formula = NormFormula.Of(
            golden.Problem, x, golden.Arrays["dy"], golden.Optional("weight"), golden.Optional("bias"),
            golden.Train ? null : (golden.Arrays["running_mean"], golden.Arrays["running_var"]));
        Closeness.Near<double>(formula.Y, golden.Arrays["want_y"], Tolerances.PyTorchDouble, "y");
        if (!IsZero(golden.Arrays["want_dx"]))
            Closeness.Near<double>(formula.Dx, golden.Arrays["want_dx"], Tolerances.PyTorchDouble, "dx");
        if (golden.Optional("weight") is not null && !IsZero(golden.Arrays["want_dweight"]))
            Closeness.Near<double>(formula.DWeight, golden.Arrays["want_dweight"], Tolerances.PyTorchDouble, "dweight");
    }

    [Theory, MemberData(nameof(Names))]
    public void Layer_OfEachCase_IsPyTorch(string name)
    {
        GoldenCase golden = GoldenCase.Load(name);
        foreach (Placement placement in PlacementsOf(golden.Problem))
        {
            Problem problem = golden.Problem;
            NormLayer<float> layer = problem.Norm switch
            {
                Norm.Batch => new BatchNorm<float>(problem.C, problem.Eps, golden.Momentum, golden.Optional("weight") is not null, golden.Optional("running_mean") is not null),
                Norm.Instance => new InstanceNorm<float>(problem.C, problem.Eps, affine: golden.Optional("weight") is not null),
                Norm.Layer => new LayerNorm<float>(problem.NormalizedShape, problem.Eps, golden.Optional("weight") is not null),
                _ => new GroupNorm<float>(problem.Groups, problem.C, problem.Eps, golden.Optional("weight") is not null),
            };
            Results<float>.Load(layer.Weight, golden.Floats("weight"));
            Results<float>.Load(layer.Bias, golden.Floats("bias"));
            RunningNormLayer<float>? running = layer as RunningNormLayer<float>;
            if (running?.RunningMean is not null)
            {
                golden.Floats("running_mean")!.CopyTo(running.RunningMean.GetSpan([0], problem.C));
                golden.Floats("running_var")!.CopyTo(running.RunningVar!.GetSpan([0], problem.C));
            }
            if (!golden.Train)
                layer.Eval();
            SavedStatistics saved = new();
            Tensor<float> x = Placing.Place(golden.Floats("x")!, problem.Shape, placement);
            Tensor<float> y = layer.Forward(x, saved);
            Tensor<float> dx = layer.Backward(Placing.Place(golden.Floats("dy")!, problem.Shape, placement), x, saved);
            Check(golden, y, dx, layer.Weight?.Grad, layer.Bias?.Grad, running?.RunningMean, running?.RunningVar, $"{name} {placement}");
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Function_OfEachCase_IsPyTorch(string name)
    {
        GoldenCase golden = GoldenCase.Load(name);
        Problem problem = golden.Problem;
        foreach (Placement placement in PlacementsOf(problem))
        {
            Tensor<float> x = Placing.Place(golden.Floats("x")!, problem.Shape, placement), dy = Placing.Place(golden.Floats("dy")!, problem.Shape, placement);
            Tensor<float>? weight = Results<float>.Parameter(golden.Floats("weight"), problem), bias = Results<float>.Parameter(golden.Floats("bias"), problem);
            Tensor<float>? mean = golden.Floats("running_mean") is { } m ? Tensor.Create(m) : null;
            Tensor<float>? variance = golden.Floats("running_var") is { } v ? Tensor.Create(v) : null;
            SavedStatistics saved = new();
            Tensor<float> y = problem.Norm == Norm.Batch
                ? Functional.BatchNorm<float>(x, golden.Train, mean.OrNone(), variance.OrNone(), weight.OrNone(), bias.OrNone(), golden.Momentum, problem.Eps, saved)
                : Results<float>.Forward(problem, x, weight.OrNone(), bias.OrNone(), saved);
            (Tensor<float> dx, Tensor<float>? dWeight, Tensor<float>? dBias) = Functional.Backward<float>(dy, x, saved, weight.OrNone());
            Check(golden, y, dx, dWeight, dBias, mean, variance, $"{name} {placement}");
        }
    }

    private static void Check(
        GoldenCase golden, Tensor<float> y, Tensor<float> dx, Tensor<float>? dWeight, Tensor<float>? dBias, Tensor<float>? mean, Tensor<float>? variance, string what)
    {
        Near(y, "want_y", Tolerances.ForwardFloat);
        Near(dx, "want_dx", Tolerances.InputGradientFloat);
        Near(dWeight, "want_dweight", Tolerances.ParameterGradientFloat);
        Near(dBias, "want_dbias", Tolerances.ParameterGradientFloat);
        Near(mean, "want_running_mean", Tolerances.RunningFloat);
        Near(variance, "want_running_var", Tolerances.RunningFloat);

        void Near(Tensor<float>? actual, string array, double tolerance)
        {
            Assert.Equal(actual is not null, golden.Optional(array) is not null);
            if (actual is null)
                return;
            // Sets of one element have gradients of 0, the difference of terms of this size.
            double term = golden.Arrays["dy"].Max(Math.Abs) * (golden.Optional("weight")?.Max(Math.Abs) ?? 1) / Math.Sqrt(golden.Problem.Eps);
            if (IsZero(golden.Arrays[array]))
                Assert.All(Placing.Logical(actual), v => Assert.InRange(v, -tolerance * term, tolerance * term));
            else
                Closeness.Near<float>(Placing.Logical(actual), golden.Arrays[array], tolerance, $"{what} {array}");
        }
    }

    private static bool IsZero(double[] values) => values.All(v => Math.Abs(v) < 1e-12);

    private static Placement[] PlacementsOf(Problem problem) => problem.Shape.Length >= 3
        ? Enum.GetValues<Placement>()
        : [Placement.Contiguous, Placement.Transposed, Placement.Sliced, Placement.Stepped];
}

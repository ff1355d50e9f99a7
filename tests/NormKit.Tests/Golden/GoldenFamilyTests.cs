using System.Numerics.Tensors;
using System.Text.Json;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests.Golden;

/// <summary>PyTorch's float64 answers for float32 input: RMS norm, local response norm, Lp normalization.</summary>
public class GoldenFamilyTests
{
    public static TheoryData<string> Names { get; } = [.. GoldenCase.FamilyNames];

    [Fact]
    public void Names_OfTheFamily_AreAllThere() => Assert.Equal(8, GoldenCase.FamilyNames.Length);

    [Theory, MemberData(nameof(Names))]
    public void Formula_OfEachCase_IsPyTorch(string name)
    {
        JsonElement json = GoldenCase.Entry(name);
        nint[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(n => (nint)n.GetInt32())];
        Dictionary<string, double[]> arrays = NumpyArchive.Read(Path.Combine(GoldenCase.Folder, name + ".npz"));
        Func<Var[][], Var[]> formula;
        switch (json.GetProperty("layer").GetString())
        {
            case "RmsNorm":
                int[] axes = Over.Last(shape, json.GetProperty("normalized_shape").GetArrayLength());
                formula = v => Over.Affine(UncentredFormulas.Rms(v[0], Over.Axes(shape, axes), Number("eps")), Over.Sets(shape, axes), v.Length > 1 ? v[1] : null);
                break;
            case "LocalResponseNorm":
                formula = v => UncentredFormulas.LocalResponse(v[0], shape, (int)Number("size"), Number("alpha"), Number("beta"), Number("k"));
                break;
            default:
                formula = v => UncentredFormulas.LpNormalize(v[0], Over.Axes(shape, (int)Number("dim")), Number("p"), 1e-12);
                break;
        }
        double[][] inputs = arrays.TryGetValue("weight", out double[]? weight) ? [arrays["x"], weight] : [arrays["x"]];
        Gradients gradients = Gradients.By(formula, arrays["dy"], inputs);
        Closeness.Near<double>(gradients.Y, arrays["want_y"], Tolerances.PyTorchDouble, "y");
        Closeness.Near<double>(gradients.Of[0], arrays["want_dx"], Tolerances.PyTorchDouble, "dx");
        Assert.Equal(weight is not null, arrays.ContainsKey("want_dweight"));
        if (weight is not null)
            Closeness.Near<double>(gradients.Of[1], arrays["want_dweight"], Tolerances.PyTorchDouble, "dweight");

        double Number(string property) => json.GetProperty(property).GetDouble();
    }

    [Theory, MemberData(nameof(Names))]
    public void Layer_OfEachCase_IsPyTorch(string name)
    {
        JsonElement json = GoldenCase.Entry(name);
        nint[] shape = [.. json.GetProperty("shape").EnumerateArray().Select(n => (nint)n.GetInt32())];
        Dictionary<string, double[]> arrays = NumpyArchive.Read(Path.Combine(GoldenCase.Folder, name + ".npz"));
        foreach (Placement placement in Enum.GetValues<Placement>().Where(p => p != Placement.ChannelsLast || shape.Length >= 3))
        {
            NormLayer<float> layer = json.GetProperty("layer").GetString() switch
            {
                "RmsNorm" => new RmsNorm<float>([.. json.GetProperty("normalized_shape").EnumerateArray().Select(n => (nint)n.GetInt32())], Number("eps"), arrays.ContainsKey("weight")),
                "LocalResponseNorm" => new LocalResponseNorm<float>((int)Number("size"), Number("alpha"), Number("beta"), Number("k")),
                _ => new LpNormalize<float>(Number("p"), (int)Number("dim")),
            };
            Results<float>.Load(layer.Weight, Floats("weight"));
            SavedStatistics saved = new();
            Tensor<float> x = Placing.Place(Floats("x")!, shape, placement);
            Near(layer.Forward(x, saved), "want_y", Tolerances.ForwardFloat);
            Near(layer.Backward(Placing.Place(Floats("dy")!, shape, placement), x, saved), "want_dx", Tolerances.InputGradientFloat);
            if (layer.Weight is not null)
                Near(layer.Weight.Grad, "want_dweight", Tolerances.ParameterGradientFloat);

            void Near(Tensor<float> actual, string array, double tolerance) =>
                Closeness.Near<float>(Placing.Logical(actual), arrays[array], tolerance, $"{name}, {placement}: {array}");
        }

        double Number(string property) => json.GetProperty(property).GetDouble();

        float[]? Floats(string array) => arrays.TryGetValue(array, out double[]? values) ? Array.ConvertAll(values, v => (float)v) : null;
    }
}

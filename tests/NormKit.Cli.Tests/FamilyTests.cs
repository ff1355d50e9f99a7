using NormKit.Cli.Catalogue;
using NormKit.IO;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Cli.Tests;

/// <summary>Every layer that apply and grad know, against its formula.</summary>
public sealed class FamilyTests
{
    public static TheoryData<string> Lines() => [.. FamilyCase.All.Select(call => call.Line)];

    /// <summary>A residual's sum is rounded to the type too, which no formula of exact numbers says.</summary>
    public static TheoryData<string, string> LinesAndTypes() => new(
        from call in FamilyCase.All
        where call.Arrays.All(array => array.Name != LayerJob.Residual)
        from type in (string[])["float16", "bfloat16", "float32", "float64"]
        select (call.Line, type));

    [Theory, MemberData(nameof(Lines))]
    public void Apply_EachLayer_IsItsFormula(string line)
    {
        using Workplace work = new();
        FamilyCase call = Case(line);
        double[][] values = call.Values(seed: 100);
        work.Array("x.npy", values[0], call.Arrays[0].Shape, ElementType.Float64);
        Workplace.Succeed(["apply", call.Layer, work["x.npy"], "-o", work["y.npy"], .. call.Files(work, values)]);
        Near.Equal(Gradients.Value(call.Formula, values), Workplace.Read(work["y.npy"]), Near.Double);
    }

    [Theory, MemberData(nameof(Lines))]
    public void Grad_EachLayer_HasTheFormulasGradients(string line)
    {
        using Workplace work = new();
        FamilyCase call = Case(line);
        double[][] values = call.Values(seed: 200);
        double[] dy = Near.Random(Gradients.Value(call.Formula, values).Length, 299);
        work.Array("x.npy", values[0], call.Arrays[0].Shape, ElementType.Float64);
        work.Array("dy.npy", dy, call.Output ?? call.Arrays[0].Shape, ElementType.Float64);
        Workplace.Succeed(["grad", call.Layer, work["x.npy"], work["dy.npy"], "-o", work["g.safetensors"], .. call.Files(work, values)]);

        Gradients expected = Gradients.By(call.Formula, dy, values);
        string[] names = [.. call.Arrays.Select(array => array.Name).Where(call.HasGradient)];
        Assert.Equal(names.Select(name => $"grad_{name}").Order(StringComparer.Ordinal), SafetensorsFile.Names(work["g.safetensors"]).Order(StringComparer.Ordinal));
        for (int i = 0; i < call.Arrays.Length; i++)
        {
            if (!call.HasGradient(call.Arrays[i].Name))
                continue;
            StoredTensor gradient = TensorFile.Read(work[$"g.safetensors:grad_{call.Arrays[i].Name}"]);
            Assert.Equal(call.Arrays[i].Shape, gradient.Shape.ToArray());
            Near.Equal(expected.Of[i], gradient.ToArray<double>(), 1e-11);
        }
    }

    /// <summary>The files are float32; what is asked for decides.</summary>
    [Theory, MemberData(nameof(LinesAndTypes))]
    public void Apply_Dtype_ComputesAndWritesInIt(string line, string type)
    {
        (ElementType written, double tolerance) = type switch
        {
            "float16" => (ElementType.Float16, 1.0 / 1024),
            "bfloat16" => (ElementType.BFloat16, 1.0 / 128),
            "float32" => (ElementType.Float32, Near.Float),
            _ => (ElementType.Float64, Near.Double),
        };
        using Workplace work = new();
        FamilyCase call = Case(line);
        double[][] values = call.Values(seed: 300);

        // What the type asked for leaves of the inputs; parameters stay float32.
        values[0] = StoredTensor.From<double>(values[0], call.Arrays[0].Shape, written).ToArray<double>();
        work.Array("x.npy", values[0], call.Arrays[0].Shape);
        Workplace.Succeed(["apply", call.Layer, work["x.npy"], "-o", work["y.safetensors"], "--dtype", type, .. call.Files(work, values, ElementType.Float32)]);
        StoredTensor y = TensorFile.Read(work["y.safetensors:tensor"]);
        Assert.Equal(written, y.ElementType);
        Near.Equal(Gradients.Value(call.Formula, values), y.ToArray<double>(), tolerance);
    }

    [Fact]
    public void Cases_CoverEveryAppliedLayer()
    {
        IEnumerable<string> applied = LayerCatalogue.All.Where(entry => entry.IsApplied).Select(entry => entry.Name);
        Assert.Empty(applied.Except(FamilyCase.All.Select(call => call.Layer)));
    }

    [Theory, MemberData(nameof(Lines))]
    public void Apply_AWeightOfAnotherShape_IsRefused(string line)
    {
        FamilyCase call = Case(line);
        using Workplace work = new();
        double[][] values = call.Values(seed: 400);
        work.Array("x.npy", values[0], call.Arrays[0].Shape, ElementType.Float64);
        string[] files = call.Files(work, values);
        for (int i = 1; i < call.Arrays.Length; i++)
        {
            string name = call.Arrays[i].Name;
            call.Files(work, values);
            work.Array($"{name}.safetensors", Near.Random(17, 1), [17]);
            string refusal = Workplace.Run(["apply", call.Layer, work["x.npy"], "-o", work["y.npy"], .. files]).Refusal();
            Assert.Contains($"shape [17], but {call.Layer} of ", refusal, StringComparison.Ordinal);
            Assert.False(File.Exists(work["y.npy"]));
        }
    }

    private static FamilyCase Case(string line) => FamilyCase.All.Single(call => call.Line == line);
}

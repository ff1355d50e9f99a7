using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests.BadInput;

/// <summary>A layer's own weight or bias as the place for its results, which it would overwrite while it reads it.</summary>
public class OwnMemoryTests
{
    private static readonly (string Name, Func<NormLayer<float>> Make)[] Layers =
    [
        ("BatchNorm", () => new BatchNorm<float>(10)), ("GroupNorm", () => new GroupNorm<float>(2, 10)), ("LayerNorm", () => new LayerNorm<float>(10)),
        ("RmsNorm", () => new RmsNorm<float>(10)), ("DynamicTanh", () => new DynamicTanh<float>(10)), ("FilterResponseNorm", () => new FilterResponseNorm<float>(10)),
        ("SwitchableNorm", () => new SwitchableNorm<float>(10)), ("EvoNormS0", () => new EvoNormS0<float>(10, 2)), ("EvoNormB0", () => new EvoNormB0<float>(10)),
    ];

    public static TheoryData<string> Names { get; } = [.. Layers.Select(l => l.Name)];

    [Theory, MemberData(nameof(Names))]
    public void Pass_IntoTheLayersOwnParameters_IsRefusedAndChangesNothing(string name)
    {
        NormLayer<float> layer = Layers.Single(l => l.Name == name).Make();
        layer.Eval();
        nint[] shape = [1, 10];
        Tensor<float> x = Tensor.Create(Inputs<float>.Normal(new(1), 10), shape);
        SavedStatistics saved = new();
        layer.Forward(x, saved);
        foreach ((string key, Parameter<float> parameter) in layer.NamedParameters.Where(p => p.Parameter.Value.FlattenedLength == 10))
        {
            float[] before = Placing.Logical(parameter.Value);
            Tensor<float> own = parameter.Value.Reshape(shape);
            ArgumentException forward = Assert.Throws<ArgumentException>("destination", () => layer.Forward(x, own));
            Assert.StartsWith($"{name}: destination overlaps {key}.", forward.Message, StringComparison.Ordinal);
            ArgumentException backward = Assert.Throws<ArgumentException>("gradInput", () => layer.Backward(x, x, saved, own));
            Assert.StartsWith($"{name}: gradInput overlaps {key}.", backward.Message, StringComparison.Ordinal);
            Assert.Equal(before, Placing.Logical(parameter.Value));
        }
    }
}

using CsCheck;

namespace NormKit.TorchSharp.Tests;

/// <summary>The functions, and the adaptive layers, beside torch's operators.</summary>
public class FunctionalTests : TorchTest
{
    [Fact]
    public void Functions_OfRandomShapesAndOptions_AreTorchs()
    {
        Gen<(int N, int C, int S, int Groups, int Kind, bool Weight, bool Bias, bool Training)> cases =
            Gen.Select(Gen.Int[1, 5], Gen.Int[1, 6], Gen.Int[1, 40], Gen.Int[1, 3], Gen.Int[0, 6], Gen.Bool, Gen.Bool, Gen.Bool);
        cases.Sample(
            c =>
            {
                using IDisposable scope = torch.NewDisposeScope();
                int channels = c.C * c.Groups;
                if (c.N * c.S == 1 || c.S == 1)
                    return true;
                long[] shape = [c.N, channels, c.S];
                Tensor x = torch.randn(shape, ScalarType.Float64, requires_grad: true), dy = torch.randn(shape, ScalarType.Float64);
                long[] affine = c.Kind is 2 or 3 ? [c.S] : [channels];
                Tensor? weight = c.Weight ? torch.randn(affine, ScalarType.Float64, requires_grad: true) : null;
                // torch's own backward of a group norm with a bias and no weight ends the process.
                Tensor? bias = c.Bias && c.Kind != 3 && (c.Kind != 4 || c.Weight) ? torch.randn(affine, ScalarType.Float64, requires_grad: true) : null;
                Tensor mean = torch.randn([channels], ScalarType.Float64), variance = torch.rand([channels], ScalarType.Float64) + 0.5;
                Tensor ownMean = mean.clone(), ownVariance = variance.clone();
                (Tensor theirs, Tensor own) = c.Kind switch
                {
                    0 => (torch.nn.functional.batch_norm(x, mean, variance, weight, bias, c.Training, 0.3, 1e-4), Functional.BatchNorm(x, ownMean, ownVariance, weight, bias, c.Training, 0.3, 1e-4)),
                    1 => (torch.nn.functional.instance_norm(x, mean, variance, weight, bias, c.Training, 0.3, 1e-4), Functional.InstanceNorm(x, ownMean, ownVariance, weight, bias, c.Training, 0.3, 1e-4)),
                    2 => (torch.nn.functional.layer_norm(x, [c.S], weight, bias, 1e-4), Functional.LayerNorm(x, [c.S], weight, bias, 1e-4)),
                    3 => (x * (x.square().mean([-1L], keepdim: true) + 1e-4).rsqrt() * (weight ?? torch.ones([c.S], ScalarType.Float64)), Functional.RmsNorm(x, [c.S], weight, 1e-4)),
                    4 => (torch.nn.functional.group_norm(x, c.Groups, weight, bias, 1e-4), Functional.GroupNorm(x, c.Groups, weight, bias, 1e-4)),
                    5 => (torch.nn.functional.local_response_norm(x, c.Groups, 0.5), Functional.LocalResponseNorm(x, c.Groups, 0.5)),
                    _ => (torch.nn.functional.normalize(x, 2, 1), Functional.Normalize(x)),
                };
                Near(theirs, own, 1e-10, $"{c}");
                Near(mean, ownMean, 1e-12, $"{c}, mean");
                Near(variance, ownVariance, 1e-12, $"{c}, variance");
                Tensor[] wanted = [x, .. new[] { weight, bias }.OfType<Tensor>()];
                IList<Tensor> expected = torch.autograd.grad([theirs], wanted, [dy], allow_unused: true), actual = torch.autograd.grad([own], wanted, [dy], allow_unused: true);
                for (int i = 0; i < wanted.Length; i++)
                {
                    // An operator that does not use a weight has no gradient for it.
                    if (expected[i] is { IsInvalid: false })
                        Near(expected[i], actual[i], 1e-9, $"{c}, gradient {i}");
                }
                return true;
            },
            iter: 300, threads: 1, seed: "0001eXampleA");
    }

    [Fact]
    public void Functions_OfWrongShapes_Refuse()
    {
        Tensor x = torch.randn(2, 6, 5), w = torch.ones(5);
        Assert.Contains("weight has shape [5]; it must be [6]", Assert.ThrowsAny<ArgumentException>(() => Functional.GroupNorm(x, 2, w)).Message, StringComparison.Ordinal);
        Assert.Contains("running statistics normalize", Assert.ThrowsAny<ArgumentException>(() => Functional.BatchNorm(x, null, null)).Message, StringComparison.Ordinal);
        Assert.Contains("running ones", Assert.ThrowsAny<ArgumentException>(() => Functional.InstanceNorm(x, useInputStats: false)).Message, StringComparison.Ordinal);
        Assert.ThrowsAny<ArgumentException>(() => Functional.GroupNorm(x, 4));
        Assert.ThrowsAny<ArgumentException>(() => Functional.LayerNorm(x, [6]));
        Assert.ThrowsAny<ArgumentException>(() => Functional.Normalize(x, dim: 3));
        Assert.ThrowsAny<ArgumentException>(() => Functional.LayerNorm(x, [5], w.to(ScalarType.Float64)));
        Assert.Throws<ArgumentNullException>(() => Functional.LayerNorm(x, null!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AdaptiveRows_WithGradients_AreTorchsOperators(bool centres)
    {
        foreach ((ScalarType type, double tolerance) in ((ScalarType, double)[])[(ScalarType.Float64, 1e-11), (ScalarType.Float32, 3e-6), (ScalarType.BFloat16, 1 / 128.0), (ScalarType.Float16, 1 / 1024.0)])
        {
            foreach (bool shifted in (bool[])[true, false])
            {
                torch.nn.Module<Tensor, Tensor, Tensor?, Tensor> module = centres ? new AdaptiveLayerNorm([13]) : new AdaptiveRmsNorm([13], eps: 1e-4);
                Tensor x = torch.randn([3, 4, 13]).to(type).requires_grad_(), scale = (torch.randn([3, 13]) / 4).to(type).requires_grad_(), dy = torch.randn([3, 4, 13]).to(type);
                Tensor? shift = shifted ? torch.randn([3, 13]).to(type).requires_grad_() : null;
                Tensor[] wanted = [x, scale, .. shift is null ? (Tensor[])[] : [shift]];
                Tensor own = module.call(x, scale, shift);
                Tensor X() => x.to(ScalarType.Float64);
                Tensor xHat = centres ? torch.nn.functional.layer_norm(X(), [13], null, null, 1e-5) : X() * (X().square().mean([-1L], keepdim: true) + 1e-4).rsqrt();
                Tensor theirs = xHat * (1 + scale.to(ScalarType.Float64).unsqueeze(1));
                if (shift is not null)
                    theirs = theirs + shift.to(ScalarType.Float64).unsqueeze(1);
                Near(theirs, own, tolerance, $"{type}, output");
                IList<Tensor> expected = torch.autograd.grad([theirs], wanted, [dy.to(ScalarType.Float64)]), actual = torch.autograd.grad([own], wanted, [dy]);
                for (int i = 0; i < wanted.Length; i++)
                    Near(expected[i], actual[i], 2 * tolerance, $"{type}, gradient {i}");
                if (type == ScalarType.Float64)
                {
                    Tensor Second() => torch.autograd.grad([torch.autograd.grad([module.call(x, scale, shift)], [x], [dy], retain_graph: true, create_graph: true)[0].square().sum()], [x, scale])[0];
                    Near(ModuleCase.Composed(Second), Second(), 1e-9, "second derivative");
                }
            }
        }
        using AdaptiveLayerNorm refused = new([13]);
        Assert.ThrowsAny<ArgumentException>(() => refused.call(torch.randn(3, 4, 13), torch.randn(2, 13), null));
        Assert.ThrowsAny<ArgumentException>(() => ModuleCase.Composed(() => refused.call(torch.randn(3, 4, 13), torch.randn(2, 13), null)));
    }

    [Fact]
    public void AdaptiveInstances_WithGradients_AreTorchsOperators()
    {
        using AdaptiveInstanceNorm module = new();
        foreach ((ScalarType type, double tolerance) in ((ScalarType, double)[])[(ScalarType.Float64, 1e-11), (ScalarType.Float32, 5e-6), (ScalarType.BFloat16, 1 / 128.0), (ScalarType.Float16, 1 / 1024.0)])
        {
            Tensor content = torch.randn([2, 3, 4, 5]).to(type).requires_grad_(), style = ((torch.randn([2, 3, 7]) * 2) + 1).to(type).requires_grad_(), dy = torch.randn([2, 3, 4, 5]).to(type);
            Tensor own = module.call(content, style);
            Tensor c = content.to(ScalarType.Float64).flatten(2), s = style.to(ScalarType.Float64);
            static Tensor Deviation(Tensor z) => (z.var([2L], unbiased: false, keepdim: true) + 1e-5).sqrt();
            Tensor theirs = ((c - c.mean([2L], keepdim: true)) / Deviation(c) * Deviation(s) + s.mean([2L], keepdim: true)).reshape(2, 3, 4, 5);
            Near(theirs, own, tolerance, $"{type}, output");
            IList<Tensor> expected = torch.autograd.grad([theirs], [content, style], [dy.to(ScalarType.Float64)]), actual = torch.autograd.grad([own], [content, style], [dy]);
            Near(expected[0], actual[0], 2 * tolerance, $"{type}, content");
            Near(expected[1], actual[1], 2 * tolerance, $"{type}, style");
            if (type == ScalarType.Float64)
            {
                Tensor Second() => torch.autograd.grad([torch.autograd.grad([module.call(content, style)], [content], [dy], retain_graph: true, create_graph: true)[0].square().sum()], [style])[0];
                Near(ModuleCase.Composed(Second), Second(), 1e-9, "second derivative");
            }
        }
        Assert.ThrowsAny<ArgumentException>(() => module.call(torch.randn(2, 3, 4), torch.randn(2, 4, 4)));
        Assert.ThrowsAny<ArgumentException>(() => ModuleCase.Composed(() => module.call(torch.randn(2, 3, 4), torch.randn(2, 4, 4))));
    }
}

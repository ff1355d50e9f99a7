using System.Runtime.InteropServices;

namespace NormKit.TorchSharp.Tests;

/// <summary>A module within torch's graph: what has a gradient, what is refused, and what memory it takes.</summary>
public partial class GraphTests : TorchTest
{
    [Fact]
    public void Forward_UnderNoGrad_HasNoGraph()
    {
        using BatchNorm2d norm = new(3);
        using IDisposable quiet = torch.no_grad();
        Assert.False(norm.call(torch.randn([2, 3, 4, 5], requires_grad: true)).requires_grad);
    }

    [Fact]
    public void Forward_UnderInferenceMode_IsThatOfNoGrad()
    {
        using LayerNorm norm = new(5);
        Tensor x = torch.randn(4, 5), expected = norm.call(x).detach();
        using IDisposable inference = torch.inference_mode();
        Assert.Equal(0, Error(expected, norm.call(x)));
    }

    [Fact]
    public void Backward_OfFrozenParameters_ReachesTheInputAlone()
    {
        using BatchNorm2d norm = new(3);
        foreach (TorchModules.Parameter parameter in norm.parameters())
            parameter.requires_grad = false;
        Tensor x = torch.randn([2, 3, 4, 5], requires_grad: true);
        norm.call(x).square().sum().backward();
        Assert.NotNull(x.grad);
        Assert.Null(norm.Weight!.grad);
        Assert.Null(norm.Bias!.grad);
    }

    [Fact]
    public void Backward_OfAnInputWithoutGradient_ReachesTheParameters()
    {
        using GroupNorm norm = new(2, 4);
        Tensor x = torch.randn(2, 4, 5);
        (norm.call(x) * torch.arange(5)).sum().backward();
        Assert.Null(x.grad);
        Tensor dy = torch.arange(5).to(ScalarType.Float32).expand(2, 4, 5);
        Near(dy.sum([0L, 2L]), norm.Bias!.grad, 1e-6, "bias");
        Near((torch.nn.functional.group_norm(x, 2, null, null, 1e-5) * dy).sum([0L, 2L]), norm.Weight!.grad, 1e-5, "weight");
    }

    [Fact]
    public void Backward_OfAModuleUsedTwice_AddsBothGradients()
    {
        using LayerNorm norm = new(7, dtype: ScalarType.Float64);
        Tensor a = torch.randn([3, 7], ScalarType.Float64, requires_grad: true);
        Tensor Loss(Func<Tensor, Tensor> apply) => apply(apply(a).tanh() * 2).pow(3).sum();
        Loss(norm.call).backward();
        (Tensor own, Tensor ownWeight, Tensor ownBias) = (a.grad!.clone(), norm.Weight!.grad!.clone(), norm.Bias!.grad!.clone());
        Tensor weight = norm.Weight.detach().clone().requires_grad_(), bias = norm.Bias.detach().clone().requires_grad_();
        Tensor other = a.detach().clone().requires_grad_();
        Tensor expected = torch.nn.functional.layer_norm(torch.nn.functional.layer_norm(other, [7], weight, bias).tanh() * 2, [7], weight, bias).pow(3).sum();
        expected.backward();
        Near(other.grad, own, 1e-10, "input");
        Near(weight.grad, ownWeight, 1e-10, "weight");
        Near(bias.grad, ownBias, 1e-10, "bias");
    }

    [Fact]
    public void Backward_OfTwoModulesThatShareParameters_AddsBothGradients()
    {
        using LayerNorm first = new(7, dtype: ScalarType.Float64), second = new(7, dtype: ScalarType.Float64);
        second.Adopt(first);
        Assert.Same(first.Weight, second.Weight);
        Tensor x = torch.randn([3, 7], ScalarType.Float64), dy = torch.randn([3, 7], ScalarType.Float64);
        (first.call(x) * dy + second.call(2 * x) * dy).sum().backward();
        Near(2 * dy.sum([0L]), first.Bias!.grad, 1e-12, "bias");
    }

    [Fact]
    public void Backward_OfAWeightComputedFromTheInput_TakesTheSameWayAsTorch()
    {
        Tensor x = torch.randn([5, 7], ScalarType.Float64, requires_grad: true);
        Tensor Second(Func<Tensor, Tensor, Tensor> norm)
        {
            Tensor first = torch.autograd.grad([norm(x, x.mean([0L]).exp()).pow(3).sum()], [x], retain_graph: true, create_graph: true)[0];
            Near(torch.autograd.grad([norm(x, x.mean([0L]).exp()).pow(3).sum()], [x])[0], first, 1e-12, "graphs");
            return torch.autograd.grad([first.square().sum()], [x])[0];
        }
        Near(Second((input, weight) => torch.nn.functional.layer_norm(input, [7], weight, null)), ModuleCase.Composed(() => Second((input, weight) => Functional.LayerNorm(input, [7], weight))), 1e-9, "composed");

        Near(
            Second((input, weight) => torch.nn.functional.layer_norm(input, [7], weight, null)),
            Second((input, weight) => Functional.LayerNorm(input, [7], weight)), 1e-9, "second derivative");
    }

    [Fact]
    public void Backward_ByACheckpoint_IsThatWithout()
    {
        using BatchNorm2d norm = new(3, dtype: ScalarType.Float64);
        norm.eval();
        norm.RunningVar!.fill_(2);
        Tensor x = torch.randn([2, 3, 4, 5], ScalarType.Float64, requires_grad: true), dy = torch.randn([2, 3, 4, 5], ScalarType.Float64);
        Tensor expected = torch.autograd.grad([norm.call(x.tanh()).sin()], [x], [dy])[0];
        Checkpoint.Part = input => norm.call(input.tanh()).sin();
        Tensor y = Checkpoint.apply(x);
        Near(expected, torch.autograd.grad([y], [x], [dy])[0], 1e-12, "gradient");
    }

    [Fact]
    public void GradientPenalty_OfATrainingStep_MovesTheParametersAsTorch()
    {
        // The penalty of WGAN-GP: the norm of the gradient with respect to the input, differentiated with respect to the weights.
        Tensor x = torch.randn([6, 3, 5], ScalarType.Float64);
        Tensor[] Gradients(torch.nn.Module<Tensor, Tensor> norm)
        {
            Tensor input = x.clone().requires_grad_();
            Tensor first = torch.autograd.grad([norm.call(input).pow(3).sum()], [input], retain_graph: true, create_graph: true)[0];
            first.norm().backward();
            return [.. norm.parameters().Select(p => p.grad!)];
        }

        using BatchNorm1d own = new(3, dtype: ScalarType.Float64);
        using TorchModules.BatchNorm1d theirs = torch.nn.BatchNorm1d(3, dtype: ScalarType.Float64);
        Tensor[] expected = Gradients(theirs), actual = Gradients(own);
        for (int i = 0; i < expected.Length; i++)
            Near(expected[i], actual[i], 1e-10, $"parameter {i}");
    }

    [Fact]
    public void Forward_OfWhatALayerRefuses_ThrowsWithItsTextAndChangesNothing()
    {
        using BatchNorm2d norm = new(3);
        Tensor one = torch.randn([1, 3, 1, 1], requires_grad: true);
        Assert.Contains("expected more than 1 value per channel when training", Assert.ThrowsAny<ArgumentException>(() => norm.call(one)).Message, StringComparison.Ordinal);
        Assert.Contains("4D", Assert.ThrowsAny<ArgumentException>(() => norm.call(torch.randn(2, 3, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("(3)", Assert.ThrowsAny<ArgumentException>(() => norm.call(torch.randn(2, 5, 4, 4))).Message, StringComparison.Ordinal);
        Assert.Contains("Float64", Assert.ThrowsAny<ArgumentException>(() => norm.call(torch.randn([2, 3, 4, 4], ScalarType.Float64))).Message, StringComparison.Ordinal);
        Assert.Contains("Int64", Assert.Throws<NotSupportedException>(() => norm.call(torch.ones([2, 3, 4, 4], ScalarType.Int64))).Message, StringComparison.Ordinal);
        Assert.Equal(0, norm.NumBatchesTracked!.item<long>());
        Assert.Equal(0, norm.RunningMean!.abs().max().item<float>());
        Assert.ThrowsAny<ArgumentException>(() => new LayerNorm(5).call(torch.tensor(1f)));
        Assert.Throws<ArgumentNullException>(() => norm.call(null!));
        Assert.ThrowsAny<ArgumentException>(() => new GroupNorm(5, 12));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm1d(3, momentum: 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LazyBatchNorm1d(eps: -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchNorm1d(1L << 40));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Forward_OfARefusedShape_IsRefusedByTheComposedFormulaToo(string name, long[] shape)
    {
        NormModule module = ModuleCase.Of(name).Random(ScalarType.Float32);
        Tensor x = torch.randn(shape);
        Assert.ThrowsAny<ArgumentException>(() => module.call(x));
        Assert.ThrowsAny<ArgumentException>(() => ModuleCase.Composed(() => module.call(x)));
    }

    public static TheoryData<string, long[]> Cases => new()
    {
        { "BatchNorm1d", [3, 5, 4, 7] }, { "BatchNorm2d", [3, 4, 4, 7] }, { "BatchNorm2d", [1, 5, 1, 1] }, { "BatchNorm", [5] }, { "GhostBatchNorm", [7, 5, 4, 7] },
        { "BatchRenorm", [3, 4, 4] }, { "FrozenBatchNorm", [3, 4, 4] }, { "InstanceNorm2d", [3, 5, 4] }, { "InstanceNorm2d", [3, 5, 1, 1] }, { "InstanceNorm1d", [3, 4, 7] },
        { "GroupNorm", [2, 11, 5] }, { "GroupNorm", [12] }, { "LayerNorm", [4, 12] }, { "LayerNorm 2", [13] }, { "LayerNorm axis 1", [2, 11, 5, 7] }, { "RMSNorm", [4, 12] },
        { "ScaleNorm", [4, 12] }, { "QueryKeyNorm", [2, 4, 5, 13] }, { "DynamicTanh", [4, 12] }, { "SwitchableNorm", [3, 4, 4, 7] }, { "FilterResponseNorm", [3, 4, 4, 7] },
        { "GlobalResponseNorm", [3, 4, 4, 7] }, { "EvoNormS0", [2, 11, 5] }, { "EvoNormB0", [3, 4, 4, 7] }, { "EvoNormB0", [1, 5, 1, 1] }, { "LocalResponseNorm", [2, 12] },
        { "LpNormalize", [4] }, { "WeightStandardization", [4, 3, 4, 7] }, { "WeightStandardization", [5] },
    };

    [Fact]
    public void Backward_AfterTheInputChangedInPlace_GivesNaNAndTheNextForwardSaysWhy()
    {
        using LayerNorm norm = new(5);
        Tensor x = torch.randn([4, 5], requires_grad: true), hidden = x * 2;
        Tensor y = norm.call(hidden);
        hidden.add_(1);
        y.sum().backward();
        Assert.True(x.grad!.isnan().all().item<bool>());
        Exception thrown = Assert.Throws<InvalidOperationException>(() => norm.call(x));
        Assert.Contains("LayerNorm: the gradient of an earlier forward pass could not be computed", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("inplace", thrown.Message.Replace("in-place", "inplace", StringComparison.Ordinal), StringComparison.Ordinal);
        norm.call(x);    // said once
    }

    [Fact]
    public void Backward_OfRetainedGraph_GivesTheSameTwice()
    {
        using RMSNorm norm = new(5);
        Tensor x = torch.randn([4, 5], requires_grad: true), dy = torch.randn(4, 5), y = norm.call(x);
        Tensor first = torch.autograd.grad([y], [x], [dy], retain_graph: true)[0], second = torch.autograd.grad([y], [x], [dy])[0];
        Assert.Equal(0, Error(first, second));
    }

    [Theory]
    [InlineData(0L, 3L, 4L)]
    [InlineData(2L, 3L, 0L)]
    public void Pass_OfNothing_GivesNothing(params long[] shape)
    {
        using GroupNorm norm = new(1, 3);
        Tensor x = torch.randn(shape, requires_grad: true), y = norm.call(x);
        y.sum().backward();
        Assert.Equal(shape, y.shape);
        Assert.Equal(shape, x.grad!.shape);
        Assert.Equal(0, norm.Weight!.grad!.abs().max().item<float>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TenThousandSteps_TakeConstantMemory(bool scoped)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "glibc's mallopt");
        // Without, glibc's own thresholds let the process grow with any module.
        _ = MallocOption(MmapThreshold, 131072);
        int threads = torch.get_num_threads();
        torch.set_num_threads(1);
        using BatchNorm2d batch = new(8);
        using LayerNorm layer = new(16);
        Tensor leaf = torch.randn([2, 8, 16, 16], requires_grad: true);
        Tensor dy = torch.randn(2, 8, 16, 16);
        Steps(500);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long tensors = Tensor.TotalCount, bytes = Resident();
        Steps(10_000);
        torch.set_num_threads(threads);
        Assert.Equal(tensors, Tensor.TotalCount);
        double grown = (Resident() - bytes) / 1048576.0;
        Assert.True(grown < 32, $"10,000 steps of 16 KiB tensors grew by {grown:F0} MiB");

        void Steps(int count)
        {
            for (int i = 0; i < count; i++)
            {
                using IDisposable? scope = scoped ? torch.NewDisposeScope() : null;
                using Tensor hidden = batch.call(leaf), y = layer.call(hidden);
                y.backward([dy]);
                foreach (Tensor tensor in (Tensor[])[leaf, .. batch.parameters(), .. layer.parameters()])
                {
                    tensor.grad?.Dispose();
                    tensor.grad = null;
                }
            }
        }
    }

    private const int MmapThreshold = -3;

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallocOption(int option, int value);

    private static long Resident() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * Environment.SystemPageSize;

    /// <summary>Forward without a graph, and once more with one when the gradient is asked for.</summary>
    private sealed class Checkpoint : torch.autograd.SingleTensorFunction<Checkpoint>
    {
        public static Func<Tensor, Tensor> Part { get; set; } = null!;

        public override string Name => nameof(Checkpoint);

        public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            ctx.save_for_backward([(Tensor)vars[0]]);
            return Part((Tensor)vars[0]);
        }

        public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
        {
            using IDisposable graph = torch.enable_grad();
            Tensor input = ctx.get_saved_variables()[0].detach().requires_grad_();
            return [torch.autograd.grad([Part(input)], [input], [grad_output])[0]];
        }
    }
}

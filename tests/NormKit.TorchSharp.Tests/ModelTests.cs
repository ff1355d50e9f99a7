using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace NormKit.TorchSharp.Tests;

/// <summary>What is done with the norms of a whole model.</summary>
public class ModelTests : TorchTest
{
    [Fact]
    public void UseNormKit_OnASequential_KeepsParametersKeysAndMode()
    {
        using TorchModules.Sequential model = Small();
        model.train();
        ((Module)model[1]).eval();
        Train(model);
        Tensor x = torch.randn(4, 3, 8, 8);
        string[] keys = [.. model.state_dict().Keys];
        Tensor[] parameters = [.. model.parameters()];
        Tensor expected = Copy(model).call(x);
        ModelChanges changes = model.UseNormKit();
        Assert.Equal(["norm1", "norm2", "norm3"], changes.Changed.Select(change => change.Path));
        Assert.Empty(changes.Kept);
        Assert.Contains("norm1: BatchNorm2d -> NormKit.TorchSharp.BatchNorm2d", changes.ToString(), StringComparison.Ordinal);
        Assert.Equal(keys, model.state_dict().Keys);
        Assert.Equal(parameters.Length, model.parameters().Zip(parameters).Count(pair => ReferenceEquals(pair.First, pair.Second)));
        Assert.IsType<BatchNorm2d>(model[1]);
        Assert.False(((Module)model[1]).training);
        Assert.True(((Module)model[3]).training);
        Near(expected, model.call(x), 1e-5, "output");
        Assert.Empty(model.UseNormKit().Changed);
    }

    [Fact]
    public void UseNormKit_OnAnOptimizedModel_GoesOnTraining()
    {
        using TorchModules.Sequential model = Small();
        using torch.optim.Optimizer optimizer = torch.optim.SGD(model.parameters(), 0.1);
        model.UseNormKit();
        Tensor before = ((BatchNorm2d)model[1]).Weight!.detach().clone();
        optimizer.zero_grad();
        model.call(torch.randn(4, 3, 8, 8)).square().sum().backward();
        optimizer.step();
        Assert.NotEqual(0, Error(before, ((BatchNorm2d)model[1]).Weight!));
    }

    [Fact]
    public void UseNormKit_AfterTheOldNormsAreCollected_KeepsTheParameters()
    {
        (TorchModules.Sequential model, WeakReference old) = Exchanged();
        for (int i = 0; i < 10 && old.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
        Assert.False(old.IsAlive, "The old norm is still referenced.");
        Assert.All(model.state_dict().Values, tensor => Assert.False(tensor.IsInvalid));
        model.call(torch.randn(2, 4, 5, 5)).sum().backward();
        model.Dispose();

        // A frame of its own: what it holds can be collected once it has returned.
        [MethodImpl(MethodImplOptions.NoInlining)]
        static (TorchModules.Sequential Model, WeakReference Old) Exchanged()
        {
            TorchModules.Sequential model = Sequential(
                BatchNorm2d(4), InstanceNorm2d(4, affine: true, track_running_stats: true), GroupNorm(2, 4), LayerNorm([4, 5, 5]));
            WeakReference old = new(model[2]);
            Assert.Equal(4, model.UseNormKit().Changed.Count);
            return (model, old);
        }
    }

    [Fact]
    public void UseNormKit_OnAModelOfFields_ExchangesWhatTheirTypesAllowAndSaysTheRest()
    {
        using Block model = new();
        Tensor x = torch.randn(2, 4, 5, 5);
        model.eval();
        Tensor expected = model.call(x);
        string[] keys = [.. model.state_dict().Keys];
        ModelChanges changes = model.UseNormKit();
        Assert.Equal(["open", "body.0", "list.0", "list.1"], changes.Changed.Select(change => change.Path));
        Assert.Equal(["closed", "hidden"], changes.Kept.Select(change => change.Path));
        Assert.Contains("field closed of Block is declared as BatchNorm2d; declare it as Module<Tensor, Tensor>", changes.Kept[0].Text, StringComparison.Ordinal);
        Assert.Contains("no field of Block holds it", changes.Kept[1].Text, StringComparison.Ordinal);
        Assert.Equal(keys, model.state_dict().Keys);
        Near(expected, model.call(x), 1e-5, "output");
        Assert.IsType<GroupNorm>(model.Open);
        model.train();
        Assert.True(model.Open.training);
        model.to(ScalarType.Float64);
        Assert.Equal(ScalarType.Float64, ((GroupNorm)model.Open).Weight!.dtype);
    }

    [Fact]
    public void UseNormKit_OnEveryNormOfTorchs_GivesTheSame()
    {
        (Module<Tensor, Tensor> Norm, long[] Shape)[] norms =
        [
            (BatchNorm1d(6, eps: 1e-3, momentum: 0.3), [5, 6]), (BatchNorm2d(6, affine: false), [2, 6, 3, 4]), (BatchNorm3d(6), [2, 6, 3, 4, 2]),
            (InstanceNorm1d(6, affine: true, track_running_stats: true), [2, 6, 5]), (InstanceNorm2d(6), [2, 6, 3, 4]), (InstanceNorm3d(6), [2, 6, 3, 4, 2]),
            (LayerNorm([4, 3], eps: 1e-3, bias: false), [2, 4, 3]), (LayerNorm([3], elementwise_affine: false), [2, 4, 3]), (LocalResponseNorm(3, 0.5, 0.6, 2), [2, 6, 5]),
        ];
        foreach ((Module<Tensor, Tensor> norm, long[] shape) in norms)
        {
            using TorchModules.Sequential model = Sequential(("only", norm));
            Tensor x = torch.randn(shape) + 1;
            Tensor first = norm.call(x), afterwards = norm.call(2 * x);
            norm.eval();
            Tensor evaluated = norm.call(x);
            ModelChanges changes = model.UseNormKit();
            Assert.Single(changes.Changed);
            Near(evaluated, model.call(x), 1e-5, norm.GetType().Name);
            model.train();
            Near(afterwards, model.call(2 * x), 1e-5, norm.GetType().Name);
        }
        using TorchModules.Sequential plain = Sequential(("only", GroupNorm(2, 6, affine: false)));
        Assert.Contains("how many channels", plain.UseNormKit().Kept.Single().Text, StringComparison.Ordinal);
    }

    [Fact]
    public void FoldBatchNorm_OfConvolutionsAndLinearLayers_GivesTheSame()
    {
        foreach (bool exchanged in (bool[])[false, true])
        {
            using TorchModules.Sequential model = Sequential(
                ("conv", Conv2d(3, 8, 3, padding: 1, bias: false)), ("norm1", BatchNorm2d(8)), ("relu", ReLU()), ("grouped", Conv2d(8, 8, 3, groups: 2)), ("norm2", BatchNorm2d(8)),
                ("up", ConvTranspose2d(8, 4, 2, stride: 2)), ("norm3", BatchNorm2d(4)), ("flat", Flatten()), ("linear", Linear(4 * 12 * 12, 5)), ("norm4", BatchNorm1d(5)), ("norm5", BatchNorm1d(5)));
            Train(model);
            if (exchanged)
                model.UseNormKit();
            Assert.Contains("eval()", Assert.Throws<InvalidOperationException>(() => model.FoldBatchNorm()).Message, StringComparison.Ordinal);
            model.eval();
            Tensor x = torch.randn(4, 3, 8, 8), expected = model.call(x);
            ModelChanges changes = model.FoldBatchNorm();
            Assert.Equal(["norm1", "norm2", "norm3", "norm4"], changes.Changed.Select(change => change.Path));
            Assert.Equal(["folded into conv", "folded into grouped", "folded into up", "folded into linear"], changes.Changed.Select(change => change.Text));
            Assert.Equal("norm5", changes.Kept.Single().Path);
            Near(expected, model.call(x), 1e-5, "output");
            Assert.DoesNotContain("norm1.weight", model.state_dict().Keys);
            Assert.Contains("conv.bias", model.state_dict().Keys);
        }
    }

    [Fact]
    public void FoldBatchNorm_WhereALayerIsUsedTwice_LeavesIt()
    {
        TorchModules.Conv2d shared = Conv2d(3, 3, 1);
        using TorchModules.Sequential model = Sequential(("a", shared), ("norm", BatchNorm2d(3)), ("b", shared), ("last", BatchNorm2d(3, track_running_stats: false)));
        model.eval();
        ModelChanges changes = model.FoldBatchNorm();
        Assert.Empty(changes.Changed);
        Assert.Contains("used in more than one place", changes.Kept[0].Text, StringComparison.Ordinal);
        Assert.Contains("no running statistics", changes.Kept[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void UpdateBatchNorm_OnADataSet_GivesItsExactStatistics()
    {
        Tensor data = (torch.randn([50, 3, 4, 4]) * 3) + 10;
        Tensor[] batches = [data.narrow(0, 0, 20), data.narrow(0, 20, 23), data.narrow(0, 43, 7)];
        foreach (Module<Tensor, Tensor> norm in (Module<Tensor, Tensor>[])[BatchNorm2d(3), new BatchNorm2d(3), new GhostBatchNorm(3, 1), new BatchRenorm(3), new SwitchableNorm(3), new EvoNormB0(3)])
        {
            using TorchModules.Sequential model = Sequential(("drop", Dropout(0.5)), ("norm", norm));
            model.train();
            Assert.Equal(1, model.UpdateBatchNorm(batches));
            Dictionary<string, Tensor> state = norm.state_dict();
            if (norm is not EvoNormB0)
                Near(data.mean([0L, 2L, 3L]), state["running_mean"], 1e-6, $"{norm.GetType()}, mean");
            Near(data.var([0L, 2L, 3L]), state["running_var"], 1e-6, $"{norm.GetType()}, variance");
            if (state.TryGetValue("num_batches_tracked", out Tensor? count))
                Assert.Equal(3, count.to(ScalarType.Int64).item<long>());
            Assert.True(model.training && norm.training && ((Module)model[0]).training);
        }
    }

    [Fact]
    public void UpdateBatchNorm_ThatFails_LeavesTheModel()
    {
        using TorchModules.Sequential model = Sequential(("norm", BatchNorm2d(3)));
        Train(model);
        model.eval();
        Dictionary<string, Tensor> before = model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        Assert.ThrowsAny<ArgumentException>(() => model.UpdateBatchNorm([]));
        Assert.ThrowsAny<Exception>(() => model.UpdateBatchNorm([torch.randn(4, 3, 8, 8), torch.randn(4, 5, 8, 8)]));
        foreach ((string key, Tensor value) in before)
            Near(value, model.state_dict()[key], 0, key);
        Assert.False(model.training);
        using TorchModules.Sequential without = Sequential(("norm", LayerNorm([3])));
        Assert.ThrowsAny<ArgumentException>(() => without.UpdateBatchNorm([torch.randn(4, 3)]));
        using Unreached unreached = new();
        Assert.Contains("norm", Assert.Throws<InvalidOperationException>(() => unreached.UpdateBatchNorm([torch.randn(4, 3)])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InspectNorms_FindsWhatIsWrong()
    {
        foreach (bool exchanged in (bool[])[false, true])
        {
            using TorchModules.Sequential model = Small();
            Assert.Equal([NormProblem.Untouched], model.InspectNorms().Select(finding => finding.Problem).Distinct());
            Train(model);
            if (exchanged)
                model.UseNormKit();
            Assert.Empty(model.InspectNorms());
            using IDisposable quiet = torch.no_grad();
            Dictionary<string, Tensor> state = model.state_dict();
            state["norm1.running_mean"][2] = float.NaN;
            state["norm1.running_var"][1] = -1f;
            state["norm1.running_var"][3] = 1e-6f;
            state["norm1.weight"][0] = 0f;
            state["norm2.bias"][1] = float.PositiveInfinity;
            IReadOnlyList<NormFinding> findings = model.InspectNorms();
            Assert.Equal(
                [("norm1", NormProblem.NotFinite, 2), ("norm1", NormProblem.NegativeVariance, 1), ("norm1", NormProblem.VarianceBelowEps, 3), ("norm1", NormProblem.DeadChannel, 0), ("norm2", NormProblem.NotFinite, 1)],
                findings.Select(finding => (finding.Path, finding.Problem, finding.Channels.Single())));
            Assert.StartsWith("norm1: running_mean is NaN or infinite in channel 2", findings[0].ToString(), StringComparison.Ordinal);
        }
    }

    private static TorchModules.Sequential Small()
    {
        TorchModules.GroupNorm group = GroupNorm(2, 6);
        init.ones_(group.weight);
        init.zeros_(group.bias);
        return Sequential(("conv1", Conv2d(3, 4, 3)), ("norm1", BatchNorm2d(4)), ("conv2", Conv2d(4, 6, 3)), ("norm2", group), ("flat", Flatten()), ("linear", Linear(6 * 4 * 4, 5)), ("norm3", BatchNorm1d(5)));
    }

    /// <summary>A few passes in training mode, so that running statistics are not those of a new layer.</summary>
    private static void Train(TorchModules.Sequential model)
    {
        for (int i = 0; i < 5; i++)
            model.call((torch.randn(4, 3, 8, 8) * 2) + i);
    }

    private static TorchModules.Sequential Copy(TorchModules.Sequential model)
    {
        TorchModules.Sequential copy = Small();
        copy.load_state_dict(model.state_dict());
        copy.train();
        ((Module)copy[1]).eval();
        return copy;
    }

    private sealed class Block : Module<Tensor, Tensor>
    {
        private readonly TorchModules.BatchNorm2d closed = BatchNorm2d(4);
        private readonly Module<Tensor, Tensor> open;
        private readonly TorchModules.Sequential body = Sequential(InstanceNorm2d(4));
        private readonly TorchModules.ModuleList<Module<Tensor, Tensor>> list = ModuleList<Module<Tensor, Tensor>>(LocalResponseNorm(3), BatchNorm2d(4));
        private readonly Module<Tensor, Tensor>[] others = [BatchNorm2d(4)];

        public Block()
            : base(nameof(Block))
        {
            TorchModules.GroupNorm group = GroupNorm(2, 4);
            init.ones_(group.weight);
            init.zeros_(group.bias);
            open = group;
            RegisterComponents();
            register_module("hidden", others[0]);
        }

        public Module Open => open;

        public override Tensor forward(Tensor input)
        {
            Tensor x = others[0].call(body.call(open.call(closed.call(input))));
            foreach (Module<Tensor, Tensor> module in list)
                x = module.call(x);
            return x;
        }
    }

    private sealed class Unreached : Module<Tensor, Tensor>
    {
        private readonly Module<Tensor, Tensor> norm = BatchNorm1d(3);

        public Unreached()
            : base(nameof(Unreached)) => RegisterComponents();

        public override Tensor forward(Tensor input) => norm.forward(input);
    }
}

using TorchSharp;

namespace NormKit.TorchSharp.Tests;

/// <summary>State dictionaries, conversion, and running statistics beside torch's.</summary>
public class StateTests : TorchTest
{
    public static IEnumerable<(string Name, torch.nn.Module<Tensor, Tensor> Theirs, NormModule Own, long[] Shape)> Pairs()
    {
        yield return ("BatchNorm1d", torch.nn.BatchNorm1d(5), new BatchNorm1d(5), [7, 5]);
        yield return ("BatchNorm2d", torch.nn.BatchNorm2d(5), new BatchNorm2d(5), [3, 5, 4, 7]);
        yield return ("BatchNorm3d", torch.nn.BatchNorm3d(5), new BatchNorm3d(5), [3, 5, 2, 4, 7]);
        yield return ("InstanceNorm1d", torch.nn.InstanceNorm1d(5, affine: true), new InstanceNorm1d(5, affine: true), [3, 5, 7]);
        yield return ("InstanceNorm2d", torch.nn.InstanceNorm2d(5, affine: true, track_running_stats: true), new InstanceNorm2d(5, affine: true, trackRunningStats: true), [3, 5, 4, 7]);
        yield return ("InstanceNorm3d", torch.nn.InstanceNorm3d(5), new InstanceNorm3d(5), [3, 5, 2, 4, 7]);
        yield return ("LayerNorm", torch.nn.LayerNorm([4, 7]), new LayerNorm([4, 7]), [3, 5, 4, 7]);
        yield return ("GroupNorm", torch.nn.GroupNorm(2, 6), new GroupNorm(2, 6), [3, 6, 4, 7]);
        yield return ("BatchNorm2d without", torch.nn.BatchNorm2d(5, affine: false, track_running_stats: false), new BatchNorm2d(5, affine: false, trackRunningStats: false), [3, 5, 4, 7]);
    }

    [Fact]
    public void StateDict_OfTorchsLayer_LoadsIntoNormKitsAndBack()
    {
        foreach ((string name, torch.nn.Module<Tensor, Tensor> theirs, NormModule own, long[] shape) in Pairs())
        {
            Fill(theirs);
            own.load_state_dict(theirs.state_dict(), strict: true);
            Same(theirs, own, shape, name);
            Fill(own);
            theirs.load_state_dict(own.state_dict(), strict: true);
            Same(theirs, own, shape, $"{name}, back");
        }
    }

    [Fact]
    public void SaveAndLoad_ByTorchSharpsFormat_GoBothWays()
    {
        foreach ((string name, torch.nn.Module<Tensor, Tensor> theirs, NormModule own, long[] shape) in Pairs())
        {
            Fill(theirs);
            using MemoryStream file = new();
            using (BinaryWriter writer = new(file, System.Text.Encoding.UTF8, leaveOpen: true))
                theirs.save(writer);
            file.Position = 0;
            own.load(file);
            Same(theirs, own, shape, name);
        }
    }

    [Fact]
    public void RunningStatistics_OfSeveralBatches_AreTorchs()
    {
        foreach ((string name, torch.nn.Module<Tensor, Tensor> theirs, NormModule own, long[] shape) in Pairs())
        {
            Fill(theirs);
            own.load_state_dict(theirs.state_dict());
            for (int i = 0; i < 4; i++)
            {
                Tensor x = (torch.randn(shape) * (i + 1)) + i;
                Near(theirs.call(x), own.call(x), 5e-6, $"{name}, batch {i}");
            }
            foreach ((string key, Tensor value) in theirs.state_dict())
            {
                // torch's own InstanceNorm does not count; NormKit follows it.
                Near(value, own.state_dict()[key], 3e-6, $"{name}, {key}");
            }
            theirs.eval();
            own.eval();
            Same(theirs, own, shape, $"{name}, evaluation", 3e-6);
        }
    }

    [Fact]
    public void Momentum_OfNull_AveragesAllBatches()
    {
        using BatchNorm1d own = new(2, momentum: null);
        Tensor[] batches = [.. Enumerable.Range(0, 5).Select(i => torch.randn(8, 2) + i)];
        foreach (Tensor batch in batches)
            own.call(batch);
        Near(torch.stack(batches.Select(b => b.mean([0L])).ToList()).mean([0L]), own.RunningMean, 1e-6, "mean");
        Near(torch.stack(batches.Select(b => b.var([0L])).ToList()).mean([0L]), own.RunningVar, 1e-6, "variance");
        Assert.Equal(5, own.NumBatchesTracked!.item<long>());
        own.ResetRunningStats();
        Assert.Equal(0, own.NumBatchesTracked!.item<long>());
        Assert.Equal(1, own.RunningVar!.min().item<float>());
        Assert.Equal(0, own.RunningMean!.abs().max().item<float>());
    }

    [Fact]
    public void NonFinite_Skip_LeavesTheRunningStatistics()
    {
        foreach (bool composed in (bool[])[false, true])
        {
            using BatchNorm1d own = new(2) { NonFinite = RunningStatisticsPolicy.Skip };
            Tensor x = torch.tensor(new[] { 1f, 2, float.NaN, 4 }, [2, 2]);
            if (composed)
                ModuleCase.Composed(() => own.call(x));
            else
                own.call(x);
            Assert.Equal(0, own.NumBatchesTracked!.item<long>());
            Assert.Equal(0, own.RunningMean!.abs().max().item<float>());
        }
    }

    [Theory]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void To_AnotherType_ConvertsParametersAndBuffersAndNotTheCount(ScalarType type)
    {
        using TorchModules.Sequential model = torch.nn.Sequential(("norm", new BatchNorm2d(3)));
        model.to(type);
        BatchNorm2d norm = (BatchNorm2d)model[0];
        Assert.Equal(type, norm.Weight!.dtype);
        Assert.Equal(type, norm.RunningVar!.dtype);
        Assert.Equal(ScalarType.Int64, norm.NumBatchesTracked!.dtype);
        Tensor x = torch.randn([2, 3, 4, 5]).to(type).requires_grad_();
        Tensor y = model.call(x);
        y.sum().backward();
        Assert.Equal(type, y.dtype);
        Assert.Equal(type, norm.Weight.grad!.dtype);
        Assert.Equal(1, norm.NumBatchesTracked.item<long>());
        Assert.True(norm.Weight.is_leaf && norm.Weight.requires_grad);
    }

    [Fact]
    public void Parameters_OfAModuleInAModel_AreTrained()
    {
        using TorchModules.Sequential model = torch.nn.Sequential(("linear", torch.nn.Linear(4, 6)), ("norm", new BatchNorm1d(6)), ("last", torch.nn.Linear(6, 1)));
        Assert.Equal(["linear.weight", "linear.bias", "norm.weight", "norm.bias", "last.weight", "last.bias"], model.named_parameters().Select(p => p.name));
        Tensor x = torch.randn(64, 4), target = x.sum([1L], keepdim: true);
        using torch.optim.Optimizer optimizer = torch.optim.Adam(model.parameters(), 0.02);
        double Loss() => torch.nn.functional.mse_loss(model.call(x), target).item<float>();
        double before = Loss();
        Tensor weight = ((BatchNorm1d)model[1]).Weight!.detach().clone();
        for (int i = 0; i < 100; i++)
        {
            optimizer.zero_grad();
            torch.nn.functional.mse_loss(model.call(x), target).backward();
            optimizer.step();
        }
        Assert.True(Loss() < before / 20);
        Assert.True(Error(weight, ((BatchNorm1d)model[1]).Weight!) > 0.01);
    }

    [Fact]
    public void Lazy_TakesItsChannelsFromTheFirstInputOrEarlier()
    {
        using LazyBatchNorm2d lazy = new();
        Assert.Empty(lazy.parameters());
        Assert.Equal(0, lazy.NumFeatures);
        Assert.ThrowsAny<ArgumentException>(() => lazy.call(torch.randn(2, 3, 4)));
        Assert.Equal(0, lazy.NumFeatures);
        Tensor x = torch.randn(2, 3, 4, 5);
        using BatchNorm2d eager = new(3);
        Assert.Equal(0, Error(eager.call(x), lazy.call(x)));
        Assert.Equal(3, lazy.NumFeatures);
        Assert.Equal(eager.state_dict().Keys, lazy.state_dict().Keys);
        Assert.ThrowsAny<ArgumentException>(() => lazy.call(torch.randn(2, 4, 4, 5)));
        Assert.Throws<InvalidOperationException>(() => lazy.Materialize(3));

        using LazyInstanceNorm1d sample = new(affine: true);
        sample.call(torch.randn(6, 11));
        Assert.Equal(6, sample.NumFeatures);
        using LazyBatchNorm1d early = new(dtype: ScalarType.Float64);
        early.Materialize(4);
        Assert.Equal([4L], early.Weight!.shape);
        Assert.Equal(ScalarType.Float64, early.Weight.dtype);
    }

    [Fact]
    public void Parameters_MadeWithinADisposeScope_OutliveIt()
    {
        GroupNorm norm;
        using (torch.NewDisposeScope())
            norm = new(2, 4);
        Assert.Equal([2L, 4L, 3L], norm.call(torch.randn(2, 4, 3)).shape);
        norm.Dispose();
    }

    private static void Fill(torch.nn.Module module)
    {
        using IDisposable quiet = torch.no_grad();
        foreach ((string key, Tensor value) in module.state_dict())
            value.copy_(key == "num_batches_tracked" ? torch.tensor(7L).to(value.dtype) : torch.rand(value.shape) + 0.25);
    }

    private static void Same(torch.nn.Module<Tensor, Tensor> theirs, NormModule own, long[] shape, string name, double tolerance = 0)
    {
        Assert.Equal(theirs.state_dict().Keys.Order(), own.state_dict().Keys.Order());
        foreach ((string key, Tensor value) in theirs.state_dict())
            Near(value, own.state_dict()[key], tolerance, $"{name}, {key}");
        bool training = theirs.training;
        theirs.eval();
        own.eval();
        Tensor x = torch.randn(shape);
        Near(theirs.call(x), own.call(x), 2e-6, name);
        theirs.train(training);
        own.train(training);
    }
}

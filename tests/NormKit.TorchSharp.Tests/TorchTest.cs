using NormKit.Torch;

[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]

namespace NormKit.TorchSharp.Tests;

/// <summary>A test that needs libtorch: skipped, with the reason, where its native library does not load.</summary>
public abstract class TorchTest : IDisposable
{
    private readonly global::TorchSharp.DisposeScope? scope;

    protected TorchTest()
    {
        string? why = TorchLoader.WhyNot();
        Assert.SkipWhen(why is not null, $"libtorch does not load here: {why}");
        torch.random.manual_seed(2026);
        scope = torch.NewDisposeScope();
    }

    public void Dispose()
    {
        scope?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The largest difference, as a part of the largest expected magnitude.</summary>
    protected static double Error(Tensor expected, Tensor actual)
    {
        using IDisposable inner = torch.NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        if (expected.numel() == 0)
            return 0;
        Tensor e = expected.detach().to(ScalarType.Float64), a = actual.detach().to(ScalarType.Float64);
        double error = (e - a).abs().max().item<double>() / Math.Max(1e-3, e.abs().max().item<double>());
        return double.IsNaN(error) ? double.PositiveInfinity : error;
    }

    protected static void Near(Tensor? expected, Tensor? actual, double tolerance, string what)
    {
        Assert.True(expected is null == actual is null, $"{what}: one is missing");
        if (expected is null)
            return;
        double error = Error(expected, actual!);
        Assert.True(error <= tolerance, $"{what}: error {error:E1} is beyond {tolerance:E1}");
    }
}

using NormKit.Benchmarks.Peers;

namespace NormKit.Benchmarks.Kernels;

public class BatchNormBenchmarks : KernelBenchmarks
{
    private protected override IEnumerable<Layer> Layers => [Layer.BatchNorm, Layer.BatchNormEval];
}

public class LayerNormBenchmarks : KernelBenchmarks
{
    private protected override IEnumerable<Layer> Layers => [Layer.LayerNorm, Layer.AddLayerNorm];
}

public class RmsNormBenchmarks : KernelBenchmarks
{
    private protected override IEnumerable<Layer> Layers => [Layer.RmsNorm, Layer.AddRmsNorm];
}

public class InstanceNormBenchmarks : KernelBenchmarks
{
    private protected override IEnumerable<Layer> Layers => [Layer.InstanceNorm];
}

public class GroupNormBenchmarks : KernelBenchmarks
{
    private protected override IEnumerable<Layer> Layers => [Layer.GroupNorm];
}

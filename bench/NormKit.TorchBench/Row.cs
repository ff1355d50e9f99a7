using TorchSharp.Modules;
using Kit = NormKit.TorchSharp;

namespace NormKit.TorchBench;

/// <summary>A layer and a size: TorchSharp's module and NormKit's.</summary>
internal sealed record Row(string Name, long[] Shape, torch.nn.Module<Tensor, Tensor> Theirs, Func<torch.nn.Module<Tensor, Tensor>> Ours, bool ChannelsLast = false, ScalarType Type = ScalarType.Float32)
{
    private static readonly long[] Small = [16, 32, 64, 64], Large = [32, 256, 56, 56];

    public static IEnumerable<Row> All
    {
        get
        {
            foreach (long[] shape in (long[][])[Small, [64, 2048, 7, 7], Large])
                yield return Batch(shape);
            foreach (long[] shape in (long[][])[Small, Large])
            {
                yield return Batch(shape, channelsLast: true);
                yield return new($"BN eval {Text(shape)}", shape, Eval(torch.nn.BatchNorm2d(shape[1])), () => Eval(new Kit.BatchNorm2d(shape[1])));
                yield return new($"IN {Text(shape)}", shape, torch.nn.InstanceNorm2d(shape[1], affine: true), () => new Kit.InstanceNorm2d(shape[1], affine: true));
            }
            foreach ((long[] shape, long groups) in ((long[], long)[])[(Small, 8), (Large, 32)])
            {
                foreach (bool channelsLast in (bool[])[false, true])
                    yield return Group(shape, groups, channelsLast);
            }
            yield return Layer(Small, Small[1..]);
            foreach (long[] shape in (long[][])[[1, 768], [32, 768], [4096, 768], [2048, 4096]])
                yield return Layer(shape, shape[1..]);
            foreach (long[] shape in (long[][])[[1, 4096], [4096, 768], [2048, 4096]])
                yield return new($"RMS {Text(shape)}", shape, new ComposedRmsNorm(shape[1]), () => new Kit.RMSNorm(shape[1], eps: 1e-5));
            yield return new("BN [4096, 512]", [4096, 512], torch.nn.BatchNorm1d(512), () => new Kit.BatchNorm1d(512));
            yield return Batch(Small, type: ScalarType.BFloat16);
            yield return Layer([4096, 768], [768], ScalarType.BFloat16);
            yield return new($"LRN(5) {Text(Small)}", Small, torch.nn.LocalResponseNorm(5), () => new Kit.LocalResponseNorm(5));
        }
    }

    public Tensor Input()
    {
        Tensor x = torch.randn(Shape).to(Type);
        return ChannelsLast ? x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2) : x;
    }

    private static Row Batch(long[] shape, bool channelsLast = false, ScalarType type = ScalarType.Float32) => new(
        $"BN {Text(shape)}{(channelsLast ? ", channels-last" : "")}{(type == ScalarType.Float32 ? "" : ", bfloat16")}", shape, torch.nn.BatchNorm2d(shape[1]),
        () => new Kit.BatchNorm2d(shape[1]), channelsLast, type);

    private static Row Group(long[] shape, long groups, bool channelsLast)
    {
        GroupNorm theirs = torch.nn.GroupNorm(groups, shape[1]);
        torch.nn.init.ones_(theirs.weight);
        torch.nn.init.zeros_(theirs.bias);
        return new($"GN({groups}) {Text(shape)}{(channelsLast ? ", channels-last" : "")}", shape, theirs, () => new Kit.GroupNorm(groups, shape[1]), channelsLast);
    }

    private static Row Layer(long[] shape, long[] normalizedShape, ScalarType type = ScalarType.Float32) => new(
        $"LN {Text(shape)}{(type == ScalarType.Float32 ? "" : ", bfloat16")}", shape, torch.nn.LayerNorm(normalizedShape, dtype: type),
        () => new Kit.LayerNorm(normalizedShape, dtype: type), Type: type);

    private static T Eval<T>(T module) where T : torch.nn.Module<Tensor, Tensor>
    {
        module.eval();
        return module;
    }

    private static string Text(long[] shape) => $"[{string.Join(", ", shape)}]";
}

using TorchSharp.Modules;

namespace NormKit.TorchBench;

/// <summary>RMS norm as a user of TorchSharp writes it, which has none.</summary>
internal sealed class ComposedRmsNorm : torch.nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    public ComposedRmsNorm(long features)
        : base(nameof(ComposedRmsNorm))
    {
        weight = torch.nn.Parameter(torch.ones(features));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using Tensor squares = input.square(), mean = squares.mean([-1L], keepdim: true), shifted = mean + 1e-5, factor = shifted.rsqrt(), xHat = input * factor;
        return xHat * weight;
    }
}

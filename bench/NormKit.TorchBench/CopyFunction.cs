namespace NormKit.TorchBench;

/// <summary>The least that a function in TorchSharp's graph can be.</summary>
internal sealed class CopyFunction : torch.autograd.SingleTensorFunction<CopyFunction>
{
    public override string Name => nameof(CopyFunction);

    public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).clone();

    public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output) => [grad_output];
}

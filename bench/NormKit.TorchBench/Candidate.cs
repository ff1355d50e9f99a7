namespace NormKit.TorchBench;

/// <summary>A module and what it is called with.</summary>
internal sealed class Candidate(torch.nn.Module<Tensor, Tensor> module, Tensor x, Tensor dy)
{
    private readonly Tensor leaf = x.detach().requires_grad_();

    public void Forward()
    {
        using IDisposable quiet = torch.no_grad();
        module.call(x).Dispose();
    }

    /// <summary>Forward and backward, with the gradients of input and parameters.</summary>
    public void Step()
    {
        using Tensor y = module.call(leaf);
        y.backward([dy]);
        Clear(leaf);
        foreach (Tensor parameter in module.parameters())
            Clear(parameter);
    }

    /// <summary>The largest difference of outputs and of gradients of the input.</summary>
    public double Difference(Candidate other)
    {
        (Tensor y, Tensor dx) = Results();
        (Tensor otherY, Tensor otherDx) = other.Results();
        double max = Math.Max((y - otherY).abs().max().to(ScalarType.Float64).item<double>(), (dx - otherDx).abs().max().to(ScalarType.Float64).item<double>());
        return max;
    }

    private (Tensor Y, Tensor Dx) Results()
    {
        Tensor y = module.call(leaf);
        return (y.detach(), torch.autograd.grad([y], [leaf], [dy])[0]);
    }

    private static void Clear(Tensor tensor)
    {
        tensor.grad?.Dispose();
        tensor.grad = null;
    }
}

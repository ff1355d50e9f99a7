namespace NormKit.TorchSharp.Passes;

/// <summary>A pass as a node of torch's graph.</summary>
/// <remarks>
/// An exception that leaves <see cref="backward"/> would end the process, since native code calls it: the gradients are NaN instead, and the next
/// forward pass throws. Wrappers of tensors that nobody disposes live until the garbage collector runs, with their memory: each is disposed here,
/// and those that are handed back by the next call.
/// </remarks>
internal sealed class NormFunction : torch.autograd.SingleTensorFunction<NormFunction>
{
    private const string Key = "pass";

    public override string Name => "NormKit";

    public override Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        Pass pass = (Pass)vars[0];
        ctx.save_data(Key, pass);
        ctx.save_for_backward([.. vars.Skip(1).Cast<Tensor>()]);
        return pass.TakeOutput();
    }

    public override List<Tensor> backward(torch.autograd.AutogradContext ctx, Tensor grad_output)
    {
        Pass? pass = null;
        List<Tensor> saved = [];
        try
        {
            Leftovers.Release();
            pass = (Pass)ctx.get_data(Key);
            saved = ctx.get_saved_variables();
            return Returned(pass.Differentiate(grad_output, [.. saved]));
        }
        catch (Exception e)
        {
            Failure.Keep(pass?.Name ?? Name, e);
            return Returned(pass?.NotANumber() ?? []);
        }
        finally
        {
            foreach (Tensor tensor in saved)
                tensor.Dispose();
            grad_output.Dispose();
        }
    }

    private static List<Tensor> Returned(Tensor?[] gradients)
    {
        Leftovers.Keep(gradients);
        return [null!, .. gradients.Select(gradient => gradient!)];
    }
}

namespace NormKit.TorchSharp.Passes;

/// <summary>
/// One forward call and its gradient. Inputs are the tensors that gradients may flow to: the input, then the parameters or conditions; one that is
/// absent is left out.
/// </summary>
internal abstract class Pass
{
    private Tensor? output;
    private (long[] Shape, ScalarType Type)[] described = [];

    /// <summary>The layer's name in errors.</summary>
    public abstract string Name { get; }

    /// <summary>Computes the output, and keeps what <see cref="Backward"/> needs where a gradient is wanted. Called without a graph.</summary>
    protected abstract Tensor Forward(Tensor[] inputs, bool keep);

    /// <summary>The gradient of each input; null where it is not wanted. Called without a graph.</summary>
    protected abstract Tensor?[] Backward(Tensor gradOutput, Tensor[] inputs, bool[] wanted);

    /// <summary>The same output, of torch's operators, as a function of these inputs, with the running statistics as the pass found them.</summary>
    protected abstract Tensor Compose(Tensor[] inputs);

    /// <summary>Which inputs want a gradient.</summary>
    public bool[] Wanted { get; private set; } = [];

    /// <summary>Runs the pass, within torch's graph where that is recorded.</summary>
    public static Tensor Run(Pass pass, Tensor[] inputs)
    {
        Leftovers.Release();
        Failure.ThrowIfAny();
        if (!torch.is_grad_enabled() || !Array.Exists(inputs, static tensor => tensor.requires_grad))
            return pass.Forward(inputs, keep: false);

        // Everything is computed, and refused, before a node of the graph exists.
        using (torch.no_grad())
            pass.output = pass.Forward(inputs, keep: true);
        pass.Wanted = Array.ConvertAll(inputs, static tensor => tensor.requires_grad);
        pass.described = Array.ConvertAll(inputs, static tensor => (tensor.shape, tensor.dtype));
        try
        {
            return NormFunction.apply([pass, .. inputs]);
        }
        finally
        {
            pass.output.Dispose();
            pass.output = null;
        }
    }

    /// <summary>Hands the output over to the graph.</summary>
    public Tensor TakeOutput() => output!;

    /// <summary>The gradients; as a graph of their own where one is recorded, for gradients of gradients.</summary>
    public Tensor?[] Differentiate(Tensor gradOutput, Tensor[] inputs) =>
        torch.is_grad_enabled() ? BackwardByGraph(gradOutput, inputs) : Backward(gradOutput, inputs, Wanted);

    /// <summary>Gradients that cannot be taken for real ones.</summary>
    public Tensor?[] NotANumber()
    {
        Tensor?[] gradients = new Tensor?[described.Length];
        for (int i = 0; i < gradients.Length; i++)
            gradients[i] = Wanted[i] ? torch.full(described[i].Shape, double.NaN, described[i].Type) : null;
        return gradients;
    }

    private Tensor?[] BackwardByGraph(Tensor gradOutput, Tensor[] inputs)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        // Views: a weight may itself have been computed from the input, and that way is not this pass's. TorchSharp's alias() is the tensor itself.
        Tensor[] views = [.. inputs.Select((input, i) => Wanted[i] ? input.view_as(input) : input)];
        Tensor y = Compose(views);
        Tensor[] wanted = [.. views.Where((_, i) => Wanted[i])];
        IList<Tensor> found = torch.autograd.grad([y], wanted, [gradOutput], retain_graph: true, create_graph: true, allow_unused: true);
        Tensor?[] gradients = new Tensor?[inputs.Length];
        for (int i = 0, next = 0; i < inputs.Length; i++)
        {
            if (Wanted[i] && found[next++] is { IsInvalid: false } gradient)
                gradients[i] = gradient.MoveToOuterDisposeScope();
        }
        return gradients;
    }
}

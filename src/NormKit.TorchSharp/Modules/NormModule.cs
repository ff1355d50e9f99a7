using System.Diagnostics.CodeAnalysis;
using NormKit.TorchSharp.Operators;
using NormKit.TorchSharp.Passes;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>What all modules of NormKit have in common: parameters and buffers under PyTorch's names, and a forward pass in torch's graph.</summary>
/// <remarks>
/// On the CPU NormKit computes on the tensor's own memory: no copy for float32, float64, bfloat16 and float16 that lie without gaps, in row-major,
/// channels-last or any other order of dimensions; other strides go through one contiguous copy. On other devices torch's operators compute the same
/// formula. A gradient of a gradient (<c>create_graph</c>) is always computed by torch's operators.
/// <para>Every refusal is an exception of <see cref="forward"/>. A backward pass that cannot be computed, because the input was changed in place or
/// memory ran out, gives NaN, and the next forward pass of any module throws an <see cref="InvalidOperationException"/> that says why: an exception
/// from a backward pass itself would end the process.</para>
/// </remarks>
public abstract class NormModule : torch.nn.Module<Tensor, Tensor>
{
    private readonly Device? device;
    private readonly ScalarType? dtype;
    private LayerPool pool;
    private string[] parameterKeys = [];
    private string[] bufferKeys = [];

    private protected NormModule(NormOperator op, Device? device, ScalarType? dtype, bool isLazy = false)
        : base(op.Name)
    {
        (this.device, this.dtype, IsLazy) = (device, dtype, isLazy);
        pool = new(op);
        if (!isLazy)
            Register(op.CreateLayer<float>(), device, dtype);
    }

    /// <summary>Whether the module takes its channels from its first input and has not seen one.</summary>
    private protected bool IsLazy { get; private set; }

    /// <summary>The settings of the layer.</summary>
    private protected NormOperator Operator => pool.Operator;

    /// <summary>Normalizes a tensor.</summary>
    /// <param name="input">The tensor to normalize.</param>
    /// <returns>The normalized tensor, of the shape, type and memory layout of the input.</returns>
    /// <exception cref="ArgumentException">The layer does not take an input of this shape, type or device.</exception>
    /// <exception cref="InvalidOperationException">The gradient of an earlier pass could not be computed.</exception>
    public sealed override Tensor forward(Tensor input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (!IsLazy)
            return Call(input);
        Layers.RequireType(Operator.Name, input);
        NormOperator before = Operator;
        Materialize(Channels(input), input);
        try
        {
            return Call(input);
        }
        catch
        {
            Forget(before);    // a refused call has changed nothing
            throw;
        }
    }

    /// <summary>The registered parameter of a name; null where there is none.</summary>
    private protected TorchParameter? Parameter(string key) => _internal_params.TryGetValue(key, out TorchParameter? parameter) ? parameter : null;

    /// <summary>The registered buffer of a name; null where there is none.</summary>
    private protected Tensor? Buffer(string key) => _internal_buffers.TryGetValue(key, out (Tensor Tensor, bool) buffer) ? buffer.Tensor : null;

    /// <summary>Takes other settings, which leave the state as it is.</summary>
    private protected void Change(NormOperator op)
    {
        if (!IsLazy)
            _ = op.CreateLayer<float>();
        pool = new(op);
    }

    /// <summary>The settings of a lazy module for this many channels.</summary>
    private protected virtual NormOperator WithChannels(int channels) => Operator;

    /// <summary>Gives a lazy module its channels.</summary>
    private protected void Materialize(long channels, Tensor? like)
    {
        NormOperator op = WithChannels(Sizes.Count(Operator.Name, "numFeatures", channels));
        Register(op.CreateLayer<float>(), device ?? like?.device, dtype ?? like?.dtype);
        pool = new(op);
        IsLazy = false;
    }

    /// <summary>Takes over parameters and buffers of another module, which keeps them too and no longer frees them when it is collected.</summary>
    [SuppressMessage("Usage", "CA1816", Justification = "The finalizers of torch's norms dispose of their tensors, which are this module's from now on.")]
    internal void Adopt(torch.nn.Module other)
    {
        GC.SuppressFinalize(other);
        foreach ((string key, TorchParameter parameter) in other.named_parameters(recurse: false))
        {
            Parameter(key)?.Dispose();
            ConditionallyRegisterParameter(key, parameter);
        }
        foreach ((string key, Tensor buffer) in other.named_buffers(recurse: false))
        {
            Buffer(key)?.Dispose();
            ConditionallyRegisterBuffer(key, buffer);
        }
        train(other.training);
    }

    private Tensor Call(Tensor input)
    {
        Tensor?[] parameters = new Tensor?[parameterKeys.Length];
        for (int i = 0; i < parameters.Length; i++)
            parameters[i] = Parameter(parameterKeys[i]);
        Tensor[] buffers = bufferKeys.Length == 0 ? [] : Array.ConvertAll(bufferKeys, key => Buffer(key)!);
        return Layers.Call(pool, input, new(parameters, buffers, Buffer("num_batches_tracked"), training), parameterKeys, bufferKeys);
    }

    private long Channels(Tensor input)
    {
        long[] shape = input.shape;
        int dimension = input.dim() == Operator.UnbatchedRank ? 0 : 1;
        if (shape.Length <= dimension || shape[dimension] == 0)
            throw new ArgumentException($"{Operator.Name}: the first input of a lazy layer gives the number of channels, and this one, [{string.Join(", ", shape)}], has none.", nameof(input));
        return shape[dimension];
    }

    private void Register(NormLayer<float> layer, Device? on, ScalarType? type)
    {
        ScalarType elements = type ?? torch.get_default_dtype();
        foreach (StateEntry<float> entry in layer.State)
        {
            long[] shape = [.. entry.Shape.ToArray().Select(length => (long)length)];
            if (entry.Kind == StateKind.Counter)
            {
                register_buffer(entry.Key, torch.zeros([], ScalarType.Int64, on).DetachFromDisposeScope());
                continue;
            }
            using Tensor values = torch.tensor(TensorMemory.Flat(entry.Value!).ToArray(), shape);
            Tensor tensor = values.to(elements, on ?? torch.get_default_device(), copy: true);
            if (entry.Kind == StateKind.Parameter)
                register_parameter(entry.Key, (TorchParameter)new TorchParameter(tensor).DetachFromDisposeScope());
            else
                register_buffer(entry.Key, tensor.DetachFromDisposeScope());
        }
        parameterKeys = [.. layer.State.Where(entry => entry.Kind == StateKind.Parameter).Select(entry => entry.Key)];
        bufferKeys = [.. layer.State.Where(entry => entry.Kind == StateKind.Buffer).Select(entry => entry.Key)];
    }

    private void Forget(NormOperator before)
    {
        foreach (string key in parameterKeys)
        {
            Parameter(key)?.Dispose();
            ConditionallyRegisterParameter(key, null);
        }
        foreach (string key in (string[])[.. bufferKeys, "num_batches_tracked"])
        {
            Buffer(key)?.Dispose();
            ConditionallyRegisterBuffer(key, null);
        }
        (parameterKeys, bufferKeys, pool, IsLazy) = ([], [], new(before), true);
    }
}

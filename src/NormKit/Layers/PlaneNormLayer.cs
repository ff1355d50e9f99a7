using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;
using NormKit.Threading;

namespace NormKit;

/// <summary>
/// What the layers have in common that mix statistics, or have their activation inside: an input of channels, values a channel, and passes over the
/// plane of positions of each (sample, channel).
/// </summary>
/// <remarks>They take no mask. All of a pass is computed in double, whatever the type, and rounded once. Row-major memory is read as it lies; any other,
/// channels-last too, with strides, which costs time and an allocation of a few bytes.</remarks>
/// <typeparam name="T">float or double; see <see cref="NormLayer{T}"/>.</typeparam>
public abstract class PlaneNormLayer<T> : NormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly List<(string Key, Parameter<T> Parameter)> parameters = [];
    private readonly List<(string Key, Tensor<T> Value, T[] Memory)> buffers = [];

    private protected PlaneNormLayer(string name, int numFeatures, double eps, T weight)
        : base(name, eps)
    {
        RequireCount(numFeatures);
        NumFeatures = numFeatures;
        Weight = AddParameter("weight", numFeatures, weight);
        Bias = AddParameter("bias", numFeatures, T.Zero);
    }

    /// <summary>How many channels an input has.</summary>
    public int NumFeatures { get; }

    /// <summary>How the moments of a plane become its factor; without a centre they are about 0.</summary>
    private protected abstract Scaling Scaling { get; }

    /// <summary>How many numbers besides the moments backward needs.</summary>
    private protected virtual int Extras => 0;

    /// <summary>Whether the layer has running statistics, and evaluation uses them.</summary>
    private protected bool UsesRunning => !Training && buffers.Count > 0;

    /// <summary>Writes y, from the moments of each plane, and moves running statistics after that: a call that is cancelled has not moved them.</summary>
    private protected abstract void Normalize<TInput>(
        in Planes planes, Moments[] moments, TensorView<TInput> x, TensorView<TInput> y, SavedStatistics? saved) where TInput : unmanaged;

    /// <summary>Writes dx where it is wanted, and adds the gradients of the parameters after that: a call that is cancelled has added none.</summary>
    private protected abstract void Differentiate<TInput>(
        in Planes planes, SavedStatistics saved, TensorView<TInput> dy, TensorView<TInput> x, TensorView<TInput> dx) where TInput : unmanaged;

    private protected void RequireMomentum(double momentum)
    {
        if (momentum is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(momentum), momentum, $"{Name}: momentum is the weight of the new value, between 0 and 1.");
    }

    /// <summary>Adds the gradients of a channel's bias (first) and weight (second).</summary>
    private protected void AddGradients(int channel, Pair gradients)
    {
        Bias!.AddGradient(channel, gradients.First);
        Weight!.AddGradient(channel, gradients.Second);
    }

    /// <summary>Refuses inputs that the layer cannot take.</summary>
    private protected virtual void RequireInput(ReadOnlySpan<nint> shape) => PlaneCalls.RequireChannels(Name, shape, NumFeatures);

    /// <summary>A parameter; weight and bias are there already.</summary>
    private protected Parameter<T> AddParameter(string key, nint length, T value)
    {
        Parameter<T> parameter = new([length], value);
        parameters.Add((key, parameter));
        return parameter;
    }

    /// <summary>A running statistic: a value a channel.</summary>
    private protected Tensor<T> AddBuffer(string key, T value, out T[] memory)
    {
        memory = new T[NumFeatures];
        memory.AsSpan().Fill(value);
        Tensor<T> buffer = Tensor.Create(memory, [NumFeatures]);
        buffers.Add((key, buffer, memory));
        return buffer;
    }

    private protected override void DescribeState(StateList<T> state)
    {
        foreach ((string key, Parameter<T> parameter) in parameters)
            state.AddParameter(key, parameter);
        foreach ((string key, Tensor<T> value, _) in buffers)
            state.AddBuffer(key, value);
    }

    private protected sealed override unsafe void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        RequireInput(x.Lengths);
        NormCall.CheckOutput(Name, "destination", y, "input", x);
        CheckApart("destination", y);
        foreach ((string key, _, T[] memory) in buffers)
        {
            NormCall.CheckApart(Name, key, Training ? Operand<T>.OfOptional(memory) : default, "input", x);
            if (UsesRunning && key == "running_var")
                Running<T>.RequireVariances(Name, memory);
        }

        Planes planes = PlaneCalls.Of(Name, x.Lengths, concurrency);
        using Rented<Moments> unsaved = new(saved is null ? planes.Count : 0);
        Moments[] moments = saved?.Prepare(Name, x.Lengths, planes.Count, Scaling, UsesRunning, Extras) ?? unsaved.Array;
        if (x.IsEmpty)
        {
            moments.AsSpan().Clear();
        }
        else
        {
            fixed (TInput* xStart = &x.Start, yStart = &y.Start)
            {
                TensorView<TInput> from = x.View(xStart, channelsLast: false);
                planes.Reduce(from, Scaling.IsCentred, moments);
                Normalize(planes, moments, from, y.View(yStart, channelsLast: false), saved);
            }
        }
        saved?.Complete();
    }

    private protected sealed override unsafe void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
    {
        RequireNoMask(mask);
        PlaneCalls.CheckBackward(Name, dy, x, saved, dx);
        PlaneCalls.RequireChannels(Name, x.Lengths, NumFeatures);
        CheckApart("gradInput", dx);
        foreach ((string key, Parameter<T> parameter) in parameters)
            PlaneCalls.CheckGradient(Name, key, parameter.Gradients, dy, x, dx);
        if (x.IsEmpty)
            return;
        fixed (TInput* dyStart = &dy.Start, xStart = &x.Start, dxStart = &dx.Start)
        {
            Differentiate(
                PlaneCalls.Of(Name, x.Lengths, concurrency), saved, dy.View(dyStart, channelsLast: false), x.View(xStart, channelsLast: false),
                dx.IsPresent ? dx.View(dxStart, channelsLast: false) : default);
        }
    }

    /// <summary>What is written must be apart from all that the layer reads.</summary>
    private void CheckApart<TInput>(string name, in Operand<TInput> output) where TInput : unmanaged
    {
        foreach ((string key, Parameter<T> parameter) in parameters)
            NormCall.CheckApart(Name, name, output, key, Operand<T>.OfOptional(parameter.Values));
        foreach ((string key, _, T[] memory) in buffers)
            NormCall.CheckApart(Name, name, output, key, Operand<T>.OfOptional(memory));
    }
}

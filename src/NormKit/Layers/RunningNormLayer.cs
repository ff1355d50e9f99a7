using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;
using NormKit.Kernels;

namespace NormKit;

/// <summary>What batch norm and instance norm have in common: a value a channel, and running statistics.</summary>
/// <typeparam name="T">float or double.</typeparam>
public abstract partial class RunningNormLayer<T> : GroupedNormLayer<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly bool affine;
    private T[]? runningMean;
    private T[]? runningVar;
    private double? momentum;
    private long numBatchesTracked;

    /// <param name="name">The layer's name in errors.</param>
    /// <param name="numFeatures">How many channels an input has; null to take them from the first input.</param>
    /// <param name="eps">Added to the variance, inside the root.</param>
    /// <param name="momentum">The weight of the new value in running statistics.</param>
    /// <param name="affine">Whether there are a weight and a bias.</param>
    /// <param name="trackRunningStats">Whether running statistics are kept.</param>
    private protected RunningNormLayer(string name, int? numFeatures, double eps, double? momentum, bool affine, bool trackRunningStats)
        : base(name, eps)
    {
        Momentum = momentum;
        TrackRunningStats = trackRunningStats;
        this.affine = affine;
        if (numFeatures is not int channels)
            return;
        RequireCount(channels, nameof(numFeatures));
        Create(channels);
    }

    /// <summary>How many channels an input has; 0 in a lazy layer that has not seen one.</summary>
    public int NumFeatures { get; private set; }

    /// <summary>The weight of the new value, <c>running = (1 - momentum) * running + momentum * batch</c>; null: see the layer.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside 0 to 1.</exception>
    public double? Momentum
    {
        get => momentum;
        set
        {
            if (value is not (null or (>= 0 and <= 1)))
                throw new ArgumentOutOfRangeException("momentum", value, $"{Name}: momentum is the weight of the new value, between 0 and 1, or null.");
            momentum = value;
        }
    }

    /// <summary>Whether running statistics are kept.</summary>
    public bool TrackRunningStats { get; }

    /// <summary>The running mean of each channel; null where they are not tracked.</summary>
    public Tensor<T>? RunningMean { get; private set; }

    /// <summary>The running unbiased variance of each channel; null where they are not tracked.</summary>
    public Tensor<T>? RunningVar { get; private set; }

    /// <summary>How many training batches the running statistics have seen.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is negative.</exception>
    public long NumBatchesTracked
    {
        get => numBatchesTracked;
        set
        {
            if (value < 0)
                throw new ArgumentOutOfRangeException(nameof(value), value, $"{Name}: numBatchesTracked counts batches, so it is not negative.");
            numBatchesTracked = value;
        }
    }

    /// <summary>Sets the running mean to 0, the running variance to 1 and both counts to 0.</summary>
    public void ResetRunningStats()
    {
        runningMean.AsSpan().Fill(T.Zero);
        runningVar.AsSpan().Fill(T.One);
        NumBatchesTracked = 0;
        NumBatchesSkipped = 0;
    }

    /// <summary>PyTorch's rule: the input's own statistics in training, and wherever there are no running ones.</summary>
    private protected bool UsesInputStatistics => Training || !TrackRunningStats;

    private protected Operand<T> RunningMeans => Operand<T>.OfOptional(runningMean);

    private protected Operand<T> RunningVars => Operand<T>.OfOptional(runningVar);

    /// <summary>The grouping with what becomes of running statistics.</summary>
    private protected NormSpec<T> DescribeRunning(Grouping grouping, double factor) => new(Name, grouping, new(Spread.StandardDeviation, Eps))
    {
        Running = Running<T>.For(Name, RunningMeans, RunningVars, UsesInputStatistics, factor, NonFinite),
    };

    private protected void RequireChannels(ReadOnlySpan<nint> shape)
    {
        if (shape.Length >= 2 && shape[1] != NumFeatures)
            throw new ArgumentException($"{Name}: expected input's size at dim=1 to match numFeatures ({NumFeatures}), but got: {shape[1]}; input size {Shapes.Text(shape)}.", "input");
    }
}

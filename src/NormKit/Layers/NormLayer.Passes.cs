using System.Runtime.CompilerServices;
using NormKit.Interop;
using NormKit.Threading;

namespace NormKit;

/// <content>What a layer does for a pass, whatever the form in which it was called.</content>
public abstract partial class NormLayer<T>
{
    /// <summary>Checks the input and computes the output.</summary>
    private protected abstract void ForwardCore<TInput>(
        in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency) where TInput : unmanaged;

    /// <summary>Checks all of it and computes the gradients; those of parameters are added. <paramref name="saved"/> comes from this kind of layer,
    /// or was never filled.</summary>
    private protected abstract void BackwardCore<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
        where TInput : unmanaged;

    /// <summary>For numbers of channels, groups and the like.</summary>
    private protected void RequireCount(int count, [CallerArgumentExpression(nameof(count))] string name = "")
    {
        if (count < 1)
            throw new ArgumentOutOfRangeException(name, count, $"{Name}: {name} is at least 1.");
    }

    /// <summary>For layers whose formula has no place for a mask.</summary>
    private protected void RequireNoMask(in Operand<bool> mask)
    {
        if (mask.IsPresent)
            throw new ArgumentException($"{Name}: takes no mask; leave it out.", nameof(mask));
    }

    private protected void RequireSavedHere(SavedStatistics saved)
    {
        ArgumentNullException.ThrowIfNull(saved);
        if (saved.Layer.Length > 0 && saved.Layer != Name)
            throw new ArgumentException($"{Name}: the saved statistics come from {saved.Layer}; give those of this layer's forward pass.", nameof(saved));
    }

    /// <summary>The threads of a call, unless it is cancelled already.</summary>
    private protected Concurrency Start(CancellationToken cancellationToken) => Concurrency.Start(MaxDegreeOfParallelism, cancellationToken);

    private void Run<TInput>(in Operand<TInput> x, in Operand<TInput> y, SavedStatistics? saved, in Operand<bool> mask, Concurrency concurrency)
        where TInput : unmanaged
    {
        NormCall.CheckTypes<TInput, T>(Name);
        if (x.Lengths.Length != UnbatchedRank)
        {
            ForwardCore(x, y, saved, mask, concurrency);
            return;
        }
        if (y.Lengths.Length != UnbatchedRank)
            throw new ArgumentException($"{Name}: destination has shape {Shapes.Text(y.Lengths)}; input has {Shapes.Text(x.Lengths)}, and they must be the same.", "destination");
        RequireMaskOfSample(mask, x.Lengths);
        Span<nint> room = stackalloc nint[6 * (UnbatchedRank + 1)];
        ForwardCore(AsBatch(x, ref room), AsBatch(y, ref room), saved, AsBatch(mask, ref room), concurrency);
    }

    private void RunBackward<TInput>(
        in Operand<TInput> dy, in Operand<TInput> x, SavedStatistics saved, in Operand<TInput> dx, in Operand<bool> mask, Concurrency concurrency)
        where TInput : unmanaged
    {
        NormCall.CheckTypes<TInput, T>(Name);
        RequireSavedHere(saved);
        if (x.Lengths.Length != UnbatchedRank || dy.Lengths.Length != UnbatchedRank || (dx.IsPresent && dx.Lengths.Length != UnbatchedRank))
        {
            BackwardCore(dy, x, saved, dx, mask, concurrency);
            return;
        }
        RequireMaskOfSample(mask, x.Lengths);
        Span<nint> room = stackalloc nint[8 * (UnbatchedRank + 1)];
        BackwardCore(AsBatch(dy, ref room), AsBatch(x, ref room), saved, AsBatch(dx, ref room), AsBatch(mask, ref room), concurrency);
    }

    private void RequireMaskOfSample(in Operand<bool> mask, ReadOnlySpan<nint> sample)
    {
        if (mask.Lengths.Length > UnbatchedRank)
            throw new ArgumentException($"{Name}: mask has shape {Shapes.Text(mask.Lengths)}, which has more dimensions than input {Shapes.Text(sample)}.", nameof(mask));
    }

    /// <summary>A sample as a batch of one, with lengths and strides in the room given; an absent tensor stays absent.</summary>
    private static Operand<TAny> AsBatch<TAny>(in Operand<TAny> sample, ref Span<nint> room) where TAny : unmanaged
    {
        if (!sample.IsPresent)
            return sample;
        int rank = sample.Lengths.Length + 1;
        Operand<TAny> batch = sample.AsBatchOfOne(room[..rank], room.Slice(rank, rank));
        room = room[(2 * rank)..];
        return batch;
    }
}

using System.Numerics;

namespace NormKit;

/// <summary>Something whose state can be saved and loaded under PyTorch's names.</summary>
/// <typeparam name="T">float or double.</typeparam>
public interface IStateful<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    /// <summary>All that a training run has to keep, in PyTorch's order: parameters, then buffers and counters.</summary>
    IReadOnlyList<StateEntry<T>> State { get; }

    /// <summary>
    /// Gives a lazy layer the length that <see cref="State"/> has as -1. Whoever loads calls it after all checks and before the first write, and
    /// reads <see cref="State"/> anew afterwards. Never called where no length is open.
    /// </summary>
    /// <param name="length">The length, the same wherever one is open; at least 1.</param>
    /// <exception cref="InvalidOperationException">No length is open.</exception>
    void Materialize(nint length);
}

namespace NormKit.TorchSharp.Operators;

/// <summary>What a composed formula works with besides its input.</summary>
/// <param name="training">Whether the layer is in training mode.</param>
/// <param name="parameter">The parameter of a name, or null where the layer has none.</param>
/// <param name="buffer">The running statistic of a name as it was before the pass, or null.</param>
/// <param name="batches">How many batches the running statistics had seen.</param>
/// <param name="move">Moves a running statistic towards a batch's value; null where this pass moves none.</param>
internal sealed class Composition(
    bool training, Func<string, Tensor?> parameter, Func<string, Tensor?> buffer, Func<long> batches, Action<IReadOnlyList<(string Name, Tensor Batch)>, double, RunningStatisticsPolicy>? move)
{
    public bool Training => training;

    public Tensor? this[string name] => parameter(name);

    public Tensor? Buffer(string name) => buffer(name);

    /// <summary>The weight of this batch in running statistics.</summary>
    public double Factor(double? momentum) => momentum ?? 1.0 / (batches() + 1);

    /// <summary>Moves running statistics, if this pass does: <c>running = (1 - factor) * running + factor * batch</c>.</summary>
    public void Move(double? momentum, RunningStatisticsPolicy nonFinite, params (string Name, Tensor Batch)[] statistics)
    {
        if (move is not null && statistics.All(statistic => Buffer(statistic.Name) is not null))
            move(statistics, Factor(momentum), nonFinite);
    }
}

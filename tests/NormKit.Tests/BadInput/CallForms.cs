namespace NormKit.Tests.BadInput;

/// <summary>An entry point, with a call of it that is right.</summary>
/// <param name="EntryPoint">Its name in <see cref="EntryPoints"/>.</param>
/// <param name="Says">What every refusal begins with: the layer.</param>
/// <param name="Right">Arguments that it takes.</param>
/// <param name="Call">Calls it.</param>
internal sealed record CallForm(string EntryPoint, string Says, Func<Arguments> Right, Action<Arguments> Call)
{
    /// <summary>Wrong values of its own, by parameter; they come before those that entry points have in common.</summary>
    public Dictionary<string, Wrong[]> Own { get; init; } = [];

    /// <summary>Parameters of which no value is wrong.</summary>
    public string[] Any { get; init; } = [];

    public bool IsOnSpans => EntryPoint.Contains("shape,", StringComparison.Ordinal) || EntryPoint.Contains("shape)", StringComparison.Ordinal);

    public IEnumerable<(string Parameter, Wrong Wrong)> WrongCalls(string[] parameters)
    {
        foreach (string parameter in parameters.Except(Any))
        {
            bool isOptionalRecord = parameter == "saved" && !EntryPoint.Contains("Backward", StringComparison.Ordinal);
            if (isOptionalRecord)
                continue;
            if (!Own.TryGetValue(parameter, out Wrong[]? wrongs) && !(IsOnSpans ? WrongValues.OnSpans : WrongValues.OnTensors).TryGetValue(parameter, out wrongs)
                && !WrongValues.OnBoth.TryGetValue(parameter, out wrongs))
                throw new InvalidOperationException($"{EntryPoint}: no wrong value of {parameter} is known; add one, or say that any will do.");
            foreach (Wrong wrong in wrongs.Where(w => w.Beside is null || parameters.Contains(w.Beside)))
                yield return (parameter, wrong);
        }
    }
}

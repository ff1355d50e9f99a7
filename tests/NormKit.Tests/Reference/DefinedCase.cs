namespace NormKit.Tests.Reference;

/// <summary>The norms that the definition is held to.</summary>
public enum DefinedNorm
{
    Layer,
    Rms,
    Batch,
    Instance,
    Group,
}

/// <summary>One normalization: which elements share statistics, and which share a weight. Elements are counted in row-major order.</summary>
/// <param name="Norm">The layer.</param>
/// <param name="Shape">(rows, width) for layer and RMS norm, (N, C, *) for the others.</param>
/// <param name="Groups">Of group norm; of layer and RMS norm those of the last dimension.</param>
/// <param name="Eps">Added to the variance, or to the mean of squares.</param>
internal sealed record DefinedCase(DefinedNorm Norm, nint[] Shape, int Groups = 1, double Eps = 1e-5)
{
    /// <summary>Whether a 16-bit output is rounded before its weight too.</summary>
    public bool RoundsBeforeWeight { get; init; }

    public int N => (int)Shape[0];
    public int C => (int)Shape[1];
    public int S => (int)Shape[2..].Aggregate((nint)1, (a, b) => a * b);
    public int Elements => N * C * S;
    public bool IsCentred => Norm != DefinedNorm.Rms;

    /// <summary>Whether the statistics are those of a row, with a weight for each of its elements.</summary>
    public bool HasRows => Norm is DefinedNorm.Layer or DefinedNorm.Rms;

    /// <summary>Whether each element of a set has a weight of its own, so that the whole set is one run.</summary>
    public bool WeightsByElement => HasRows || (Norm == DefinedNorm.Group && S == 1 && C > Groups);

    public int Parameters => C;

    public int Sets => Norm switch
    {
        DefinedNorm.Batch => C,
        DefinedNorm.Instance => N * C,
        _ => N * Groups,
    };

    public int SetOf(int element)
    {
        int channel = ParameterOf(element), sample = element / S / C;
        return Norm switch
        {
            DefinedNorm.Batch => channel,
            DefinedNorm.Instance => (sample * C) + channel,
            _ => (sample * Groups) + (channel / (C / Groups)),
        };
    }

    public int ParameterOf(int element) => element / S % C;

    /// <summary>The elements of each set, in order.</summary>
    public int[][] ElementsOfSets()
    {
        List<int>[] sets = [.. Enumerable.Range(0, Sets).Select(_ => new List<int>())];
        for (int i = 0; i < Elements; i++)
            sets[SetOf(i)].Add(i);
        return [.. sets.Select(s => s.ToArray())];
    }

    /// <summary>The elements of a set that share a weight, run by run, in order.</summary>
    public int[][] RunsOf(int[] set) => WeightsByElement ? [set] : [.. set.GroupBy(ParameterOf).Select(r => r.ToArray())];

    public override string ToString() => $"{Norm} norm of [{string.Join(", ", Shape)}]{(Norm == DefinedNorm.Group || Groups > 1 ? $" in {Groups} groups" : "")}, eps {Eps}";
}

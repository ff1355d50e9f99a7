namespace NormKit.Diagnosis.Sharing;

/// <summary>
/// Gives each element of a row-major array a number: the sum of its coordinates, each times a step. A step of 0 means that the elements
/// along that dimension have the number in common. Sets that share statistics and elements that share a weight are both such maps.
/// </summary>
/// <remarks>Kept in its simplest form, without dimensions of length 1 and with neighbours joined where one is the other's continuation, so
/// that two maps that number all elements alike are equal.</remarks>
internal sealed class IndexMap : IEquatable<IndexMap>
{
    private readonly int[] dims;
    private readonly int[] steps;

    public IndexMap(ReadOnlySpan<int> dims, ReadOnlySpan<int> steps)
    {
        List<int> joinedDims = [], joinedSteps = [];
        Length = 1;
        Count = 1;
        for (int d = 0; d < dims.Length; d++)
        {
            Length *= dims[d];
            Count += (dims[d] - 1) * steps[d];
            if (dims[d] == 1)
                continue;
            if (joinedDims.Count > 0 && joinedSteps[^1] == steps[d] * dims[d])
            {
                joinedDims[^1] *= dims[d];
                joinedSteps[^1] = steps[d];
                continue;
            }
            joinedDims.Add(dims[d]);
            joinedSteps.Add(steps[d]);
        }
        this.dims = joinedDims.Count > 0 ? [.. joinedDims] : [1];
        this.steps = joinedDims.Count > 0 ? [.. joinedSteps] : [0];
    }

    /// <summary>How many elements there are.</summary>
    public int Length { get; }

    /// <summary>How many numbers are given out, from 0.</summary>
    public int Count { get; }

    /// <summary>Elements in one piece that have one number, or numbers that rise by one step.</summary>
    public int RunLength => dims[^1];

    /// <summary>The step within a run.</summary>
    public int RunStep => steps[^1];

    /// <summary>Each dimension that is kept apart gets a number of its own, row-major; shared ones get none.</summary>
    public static IndexMap Keeping(ReadOnlySpan<int> dims, ReadOnlySpan<bool> kept)
    {
        int[] steps = new int[dims.Length];
        int step = 1;
        for (int d = dims.Length - 1; d >= 0; d--)
        {
            if (!kept[d])
                continue;
            steps[d] = step;
            step *= dims[d];
        }
        return new(dims, steps);
    }

    public int At(int element)
    {
        int number = 0;
        for (int d = dims.Length - 1; d >= 0; d--)
        {
            (element, int coordinate) = Math.DivRem(element, dims[d]);
            number += coordinate * steps[d];
        }
        return number;
    }

    /// <summary>The numbers of the elements.</summary>
    public int[] At(ReadOnlySpan<int> elements)
    {
        int[] numbers = new int[elements.Length];
        for (int i = 0; i < elements.Length; i++)
            numbers[i] = At(elements[i]);
        return numbers;
    }

    /// <summary>The number at the start of each run, in the order of memory.</summary>
    public IEnumerable<int> Runs()
    {
        int[] at = new int[dims.Length];
        int number = 0;
        while (true)
        {
            yield return number;
            int d = dims.Length - 2;
            for (; d >= 0; d--)
            {
                number += steps[d];
                if (++at[d] < dims[d])
                    break;
                number -= steps[d] * dims[d];
                at[d] = 0;
            }
            if (d < 0)
                yield break;
        }
    }

    public bool Equals(IndexMap? other) => other is not null && dims.AsSpan().SequenceEqual(other.dims) && steps.AsSpan().SequenceEqual(other.steps);

    public override bool Equals(object? obj) => Equals(obj as IndexMap);

    public override int GetHashCode()
    {
        HashCode hash = default;
        foreach (int value in dims.Concat(steps))
            hash.Add(value);
        return hash.ToHashCode();
    }
}

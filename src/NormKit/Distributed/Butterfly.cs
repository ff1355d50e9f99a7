using System.Numerics;

namespace NormKit;

/// <summary>
/// The order in which ranks exchange data in pairs until each has that of all: log2(size) rounds, in each of which the partner is twice as far away. The
/// largest power of two among the ranks takes part; each rank beyond it sends its data to one of them first and gets the result last.
/// Source: Thakur, Rabenseifner, Gropp 2005, "Optimization of collective communication operations in MPICH" (recursive doubling).
/// </summary>
internal static class Butterfly
{
    /// <summary>One exchange with a partner.</summary>
    /// <param name="Partner">The other rank.</param>
    /// <param name="Sends">Whether data goes to the partner.</param>
    /// <param name="Receives">Whether data comes from the partner.</param>
    /// <param name="IsResult">Whether that data is the merged data of all ranks.</param>
    /// <param name="Round">How many rounds both have completed; -1 where each has its own data alone.</param>
    internal readonly record struct Step(int Partner, bool Sends, bool Receives, bool IsResult, int Round);

    /// <summary>Returns the exchanges of a rank in their order.</summary>
    internal static IEnumerable<Step> StepsOf(int rank, int size)
    {
        int inside = Inside(size), rounds = BitOperations.Log2((uint)inside);
        if (rank >= inside)
        {
            yield return new(rank - inside, Sends: true, Receives: false, IsResult: false, Round: -1);
            yield return new(rank - inside, Sends: false, Receives: true, IsResult: true, rounds);
            yield break;
        }
        if (rank + inside < size)
            yield return new(rank + inside, Sends: false, Receives: true, IsResult: false, Round: -1);
        for (int round = 0; round < rounds; round++)
            yield return new(rank ^ (1 << round), Sends: true, Receives: true, IsResult: false, round);
        if (rank + inside < size)
            yield return new(rank + inside, Sends: true, Receives: false, IsResult: true, rounds);
    }

    /// <summary>Returns the ranks whose data a rank has merged after some rounds.</summary>
    internal static IEnumerable<int> MembersOf(int rank, int round, int size)
    {
        int inside = Inside(size);
        if (rank >= inside || round < 0)
        {
            yield return rank;
            yield break;
        }
        int first = rank >> round << round;
        for (int member = first; member < first + (1 << round); member++)
        {
            yield return member;
            if (member + inside < size)
                yield return member + inside;
        }
    }

    private static int Inside(int size) => 1 << BitOperations.Log2((uint)size);
}

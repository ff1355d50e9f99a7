using NormKit.Kernels;

namespace NormKit;

/// <summary>
/// The statistics of sets that lie on several ranks. Each rank sums its part in double about one centre; the sums travel as whole numbers, so all ranks
/// add them without rounding and see the same totals. <see cref="Certainty"/> then tells, alike on each rank, which sets are in doubt; these alone are
/// summed again, exactly, in a second message. For elements of double all sums are exact, in one message.
/// </summary>
/// <param name="layer">The layer's name.</param>
/// <param name="communicator">The ranks.</param>
/// <param name="isDouble">Whether elements are doubles.</param>
internal sealed class SyncStatistics(string layer, Communicator communicator, bool isDouble)
{
    /// <summary>Roundings of a total besides those of its parts.</summary>
    private const int MoreRoundings = 4;

    // A message begins with the longest chain of additions, of which the largest counts, and with how many elements a set has.
    private const int Chain = 0, Elements = 1, Head = 2;

    // Where the mean of the last batch was, most of the next one is near.
    private double[] centres = [];

    // The messages of the usual passes, and what they are made of: kept, for each step has the same.
    private long[] ofForward = [], ofBackward = [];
    private BlockSums[] totals = [];

    /// <summary>The pass, and all that must be the same on every rank, in words.</summary>
    public string Call { get; private set; } = "";

    /// <summary>Whether this rank has joined the others in this pass.</summary>
    public bool HasJoined { get; private set; }

    /// <summary>How many messages the passes so far have taken: for tests.</summary>
    internal int Exchanges { get; private set; }

    /// <summary>Begins a pass.</summary>
    /// <param name="pass">Forward or Backward.</param>
    /// <param name="elements">The type of elements.</param>
    /// <param name="channels">How many channels.</param>
    /// <param name="state">Parameters and statistics, which must be the same on all ranks.</param>
    public void Begin(string pass, Type elements, int channels, Fingerprint state)
    {
        if (centres.Length != channels)
            (centres, totals) = (new double[channels], new BlockSums[channels]);
        state.Add<double>(centres);
        (Call, HasJoined) = ($"{layer}.{pass} of {channels} channels of {elements.Name}, weights and statistics {state}", false);
    }

    /// <summary>The moments of each set, over all ranks.</summary>
    /// <param name="local">The elements of this rank; null where it has none.</param>
    /// <param name="setSize">How many elements of each set it has, masked or not.</param>
    /// <param name="moments">Takes them.</param>
    /// <exception cref="ArgumentException">All ranks together have one element of each set.</exception>
    public void FillMoments(ILocalElements? local, nint setSize, Span<Moments> moments)
    {
        if (isDouble)
        {
            FillExactly(local, [.. Enumerable.Range(0, moments.Length)], Call, setSize, moments);
            return;
        }
        DigitWindow first = DigitWindow.Sum, second = DigitWindow.SumOfProducts;
        int sets = moments.Length, stride = 1 + first.Length + second.Length;
        long[] message = Cleared(ref ofForward, Head + (sets * stride));
        message[Elements] = setSize;
        if (local is not null)
        {
            message[Chain] = local.Sum(centres, totals);
            for (int set = 0; set < sets; set++)
            {
                Span<long> at = message.AsSpan(Head + (set * stride), stride);
                at[0] = totals[set].Count;
                first.Write(totals[set].First, at[1..]);
                second.Write(totals[set].Second, at[(1 + first.Length)..]);
            }
        }
        Exchange(Call, message);
        RequireTwo(message[Elements]);
        List<int> doubtful = [];
        int chain = (int)message[Chain] + MoreRoundings;
        for (int set = 0; set < sets; set++)
        {
            Span<long> at = message.AsSpan(Head + (set * stride), stride);
            BlockSums sums = new(at[0], first.Read(at[1..], out _), second.Read(at[(1 + first.Length)..], out _), 0);
            moments[set] = default;
            if (sums.Count == 0)
                continue;
            bool isCertain = Certainty.TryMoments(sums, centres[set], isCentred: true, chain, out moments[set]) && Certainty.ForcedLevel < 2;
            if (!isCertain && double.IsFinite(sums.Second))
                doubtful.Add(set);
        }
        if (doubtful.Count > 0)
            FillExactly(local, [.. doubtful], $"{Call}, {doubtful.Count} of them exactly", setSize, moments);
        for (int set = 0; set < sets; set++)
        {
            float mean = (float)moments[set].Mean;
            centres[set] = float.IsFinite(mean) ? mean : 0;
        }
    }

    /// <summary>The two sums of the gradients of each set, over all ranks.</summary>
    /// <param name="local">The gradients of this rank; null where it has none.</param>
    /// <param name="moments">Those of the forward pass.</param>
    /// <param name="pairs">Takes the sums.</param>
    public void FillPairs(ILocalGradients? local, Moments[] moments, Pair[] pairs)
    {
        if (isDouble)
        {
            FillExactly(local, [.. Enumerable.Range(0, moments.Length)], Call, moments, pairs);
            return;
        }
        DigitWindow first = DigitWindow.Sum, product = DigitWindow.SumOfProducts;
        int sets = moments.Length, stride = first.Length + (2 * product.Length);
        long[] message = Cleared(ref ofBackward, Head + (sets * stride));
        if (local is not null)
        {
            message[Chain] = local.Sum(totals);
            for (int set = 0; set < sets; set++)
            {
                Span<long> at = message.AsSpan(Head + (set * stride), stride);
                first.Write(totals[set].First, at);
                product.Write(totals[set].Second, at[first.Length..]);
                product.Write(totals[set].Third, at[(first.Length + product.Length)..]);
            }
        }
        Exchange(Call, message);
        List<int> doubtful = [];
        int chain = (int)message[Chain] + MoreRoundings;
        for (int set = 0; set < sets; set++)
        {
            Span<long> at = message.AsSpan(Head + (set * stride), stride);
            BlockSums sums = new(
                moments[set].Count, first.Read(at, out bool holdsFirst), product.Read(at[first.Length..], out bool holdsSecond),
                product.Read(at[(first.Length + product.Length)..], out bool holdsThird));
            bool isCertain = Certainty.TryPair(sums, moments[set], new Centre<float>(moments[set]).Low, chain, out pairs[set])
                && holdsFirst && holdsSecond && holdsThird && Certainty.ForcedLevel < 2;
            if (!isCertain && double.IsFinite(sums.Third) && double.IsFinite(moments[set].M2))
                doubtful.Add(set);
        }
        if (doubtful.Count > 0)
            FillExactly(local, [.. doubtful], $"{Call}, {doubtful.Count} of them exactly", moments, pairs);
    }

    private void FillExactly(ILocalElements? local, int[] sets, string call, nint setSize, Span<Moments> moments)
    {
        const int Stride = ExactMoments.Digits;
        long[] message = new long[Head + (sets.Length * Stride)];
        message[Elements] = setSize;
        if (local is not null)
        {
            ExactMoments[] parts = local.Exact(sets);
            for (int i = 0; i < sets.Length; i++)
                parts[i].WriteTo(message.AsSpan(Head + (i * Stride), Stride));
        }
        Exchange(call, message);
        RequireTwo(message[Elements]);
        for (int i = 0; i < sets.Length; i++)
            moments[sets[i]] = ExactMoments.MomentsOf(message.AsSpan(Head + (i * Stride), Stride), isDouble);
    }

    private void FillExactly(ILocalGradients? local, int[] sets, string call, Moments[] moments, Pair[] pairs)
    {
        const int Stride = ExactGradients.Digits;
        long[] message = new long[Head + (sets.Length * Stride)];
        if (local is not null)
        {
            ExactGradients[] parts = local.Exact(sets);
            for (int i = 0; i < sets.Length; i++)
                parts[i].WriteTo(message.AsSpan(Head + (i * Stride), Stride));
        }
        Exchange(call, message);
        for (int i = 0; i < sets.Length; i++)
            pairs[sets[i]] = ExactGradients.PairOf(message.AsSpan(Head + (i * Stride), Stride), moments[sets[i]], isDouble);
    }

    private static long[] Cleared(ref long[] message, int length)
    {
        if (message.Length != length)
            message = new long[length];
        Array.Clear(message);
        return message;
    }

    private void Exchange(string call, long[] message)
    {
        HasJoined = true;
        Exchanges++;
        communicator.Collect(call, new Communicator.Totals(message, maxima: 1));
    }

    private void RequireTwo(long elements)
    {
        if (elements == 1)
            throw new ArgumentException($"{layer}: expected more than 1 value per channel when training, and all ranks together have one; use a larger batch, or running statistics.", "input");
    }
}

namespace NormKit.IO;

/// <summary>Finds the same norms in two files, whatever frameworks named them.</summary>
internal static class NormMatching
{
    /// <summary>Roles that converters write for one another.</summary>
    private static readonly (string, string)[] Aliases = [(NormPlace.FeedForward, NormPlace.AfterAttention)];

    internal static Dictionary<ModelNorm, ModelNorm> Match(IReadOnlyList<ModelNorm> first, IReadOnlyList<ModelNorm> second)
    {
        Dictionary<ModelNorm, ModelNorm> matches = [];
        HashSet<ModelNorm> taken = [];
        void Pair(Func<ModelNorm, string?> keyOfFirst, Func<ModelNorm, string?> keyOfSecond)
        {
            ILookup<string?, ModelNorm> free = second.Where(norm => !taken.Contains(norm) && keyOfSecond(norm) is not null).ToLookup(keyOfSecond);
            foreach (IGrouping<string?, ModelNorm> group in first.Where(norm => !matches.ContainsKey(norm) && keyOfFirst(norm) is not null).GroupBy(keyOfFirst).ToList())
            {
                ModelNorm[] ours = [.. group], theirs = [.. free[group.Key]];
                if (ours.Length != 1 || theirs.Length != 1)
                    continue;
                matches.Add(ours[0], theirs[0]);
                taken.Add(theirs[0]);
            }
        }

        Pair(norm => norm.Name, norm => norm.Name);
        Func<ModelNorm, string?> placeOfFirst = Places(first), placeOfSecond = Places(second);
        Pair(placeOfFirst, placeOfSecond);
        foreach ((string one, string other) in Aliases)
        {
            Func<string?, string?> unify = place => place?.Replace($":{one}", $":{other}", StringComparison.Ordinal);
            Pair(norm => unify(placeOfFirst(norm)), norm => unify(placeOfSecond(norm)));
        }

        // The rest has names that tell nothing, those of an exporter's nodes: by order, where as many of one kind and size are left on both sides.
        ILookup<(NormKind, long), ModelNorm> rest = second.Where(norm => !taken.Contains(norm)).ToLookup(KindAndSize);
        foreach (IGrouping<(NormKind, long), ModelNorm> group in first.Where(norm => !matches.ContainsKey(norm)).GroupBy(KindAndSize).ToList())
        {
            if (group.Count() != rest[group.Key].Count() || first.Count != second.Count)
                continue;
            foreach ((ModelNorm ours, ModelNorm theirs) in group.Zip(rest[group.Key]))
                matches.Add(ours, theirs);
        }
        return matches;
    }

    private static (NormKind, long) KindAndSize(ModelNorm norm) => (norm.Kind, (norm.Weight ?? norm.RunningVar)?.Count ?? 0);

    /// <summary>A norm's place as a key. A model of one stack has no need of its name.</summary>
    private static Func<ModelNorm, string?> Places(IReadOnlyList<ModelNorm> norms)
    {
        string[] stacks = [.. norms.Where(norm => norm.Place.Layer >= 0 && norm.Place.Stack is not ("vis" or "aud")).Select(norm => norm.Place.Stack).Distinct()];
        return norm => norm.Place.Role.Length == 0 ? null
            : $"{(stacks.Length == 1 && norm.Place.Stack is not ("vis" or "aud") ? "" : norm.Place.Stack)}:{norm.Place.Layer}:{norm.Place.Role}";
    }
}

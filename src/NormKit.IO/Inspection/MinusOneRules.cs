namespace NormKit.IO;

/// <summary>Tells weights that are stored minus one from those stored as they are, and whether the architecture expects it.</summary>
/// <remarks>A trained weight scatters about 1 and is hardly ever negative, so one that scatters about 0 with many negative values was stored minus one.
/// The first layers of some models have weights near 0 all the same; there the layers beside them decide, or most norms of the file.</remarks>
internal static class MinusOneRules
{
    private sealed record Look(ModelNorm Norm, double Median, double Negative, double RootMeanSquare, int Count);

    internal static void Apply(IReadOnlyList<ModelNorm> norms, IReadOnlyDictionary<ModelNorm, NormValues> values, ModelFamily family)
    {
        List<Look> looks = [];
        foreach (ModelNorm norm in norms)
        {
            if (norm.Kind is NormKind.RmsNorm or NormKind.LayerNorm && values[norm].Weight is { Length: > 1 } weight && Array.TrueForAll(weight, double.IsFinite))
                looks.Add(LookAt(norm, weight));
        }
        foreach (Look look in looks)
            look.Norm.LooksMinusOne = IsMinusOne(look) ? true : IsPlain(look) ? false : null;

        Dictionary<(string, string, int), Look> places = [];
        foreach (Look look in looks)
            places.TryAdd((look.Norm.Place.Stack, look.Norm.Place.Role, look.Norm.Place.Layer), look);
        List<Look> adding = looks.FindAll(look => look.Norm.AddsOne == true);
        bool allPlain = adding.Count > 1 && adding.TrueForAll(look => look.Negative == 0) && adding.Count(look => look.Norm.LooksMinusOne == false) * 2 > adding.Count;
        int minus = looks.Count(look => look.Norm.LooksMinusOne == true), plain = looks.Count(look => look.Norm.LooksMinusOne == false);
        foreach (Look look in looks)
        {
            Look[] neighbours = [.. ((int[])[-1, 1]).Select(step => places.GetValueOrDefault((look.Norm.Place.Stack, look.Norm.Place.Role, look.Norm.Place.Layer + step))).OfType<Look>()];
            if (look.Norm.Place.Layer < 0)
                neighbours = [];
            if (look.Norm.LooksMinusOne == true && look.Norm.AddsOne != true)
                Minus(look, neighbours, family, minus, plain, isMost: 2 * minus > looks.Count);
            else if (look.Norm.LooksMinusOne == false && look.Norm.AddsOne == true && (allPlain || neighbours.Length > 0 && Array.TrueForAll(neighbours, other => IsMinusOne(other) && Math.Abs(look.Median - other.Median - 1) < 0.4)))
                AsIs(look, family, allPlain);
        }
    }

    private static void Minus(Look look, Look[] neighbours, ModelFamily family, int minus, int plain, bool isMost)
    {
        bool besidePlain = neighbours.Length > 0 && Array.TrueForAll(neighbours, IsPlain);
        bool isZero = look.RootMeanSquare == 0;
        if (look.RootMeanSquare < 0.1 && !isZero && !besidePlain && !isMost)
            return;
        string seen = isZero ? $"all {look.Count} values are 0"
            : $"the median is {FindingRules.Text(FindingRules.Rounded(look.Median))} and {FindingRules.Text(Math.Round(100 * look.Negative, 1))} % of the values are negative";
        string others = plain >= minus ? ", and other norms of the file are stored as they are" : "";
        string text = look.Norm.AddsOne switch
        {
            null => $"the weight looks stored minus one ({seen}){others}; no config.json says whether the architecture adds it. Put config.json beside the file, or make sure that the program that reads it computes with 1 + weight, as Gemma and Qwen3-Next do.",
            false when family.Name.Length > 0 => $"the weight looks stored minus one ({seen}){others}, but {family.Name} multiplies by it as it is{(family.AddsOne == true ? " here" : "")}. Add 1 to each value when you convert the model: read this way, the norm all but erases its input.",
            _ => $"the weight looks stored minus one ({seen}){others}, but the graph multiplies by it as it is. Export the model anew with 1 + weight.",
        };
        look.Norm.Add(NormFindingKind.StoredMinusOne, text);
    }

    private static void AsIs(Look look, ModelFamily family, bool all) => look.Norm.Add(
        NormFindingKind.StoredAsIs,
        $"the weight looks stored as it is (the median is {FindingRules.Text(FindingRules.Rounded(look.Median))}, {(all ? "and no norm of the file has a negative value" : "one more than in the layers beside it")}), but {family.Name} adds 1 to it: "
        + "the norm then gives about twice what it should. Subtract 1 from each value, or convert the model anew from its original.");

    private static Look LookAt(ModelNorm norm, double[] weight)
    {
        double[] sorted = [.. weight];
        Array.Sort(sorted);
        return new(norm, sorted[sorted.Length / 2], (double)weight.Count(value => value < 0) / weight.Length, Math.Sqrt(weight.Sum(value => value * value) / weight.Length), weight.Length);
    }

    private static bool IsMinusOne(Look look) => look.Median is > -1.05 and < 0.4 && (look.Negative >= 0.15 || look.RootMeanSquare == 0);

    private static bool IsPlain(Look look) => look.Median is >= 0.6 and <= 1.6 && look.Negative <= 0.02;
}

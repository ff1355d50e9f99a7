using System.Globalization;
using System.Text.RegularExpressions;

namespace NormKit.IO;

/// <summary>Finds norms among named tensors, by keys and shapes.</summary>
internal static partial class KeyedNorms
{
    private static readonly Dictionary<string, string> PartNames = new()
    {
        ["weight"] = "weight",
        ["gamma"] = "weight",
        ["scale"] = "weight",
        ["g"] = "weight",
        ["a_2"] = "weight",
        ["bias"] = "bias",
        ["beta"] = "bias",
        ["b"] = "bias",
        ["b_2"] = "bias",
        ["running_mean"] = "mean",
        ["moving_mean"] = "mean",
        ["mean"] = "mean",
        ["running_var"] = "var",
        ["moving_variance"] = "var",
        ["var"] = "var",
        ["num_batches_tracked"] = "count",
    };

    internal static List<ModelNorm> Find(ModelFile model, ModelFamily family)
    {
        OrderedDictionary<string, Dictionary<string, ModelTensor>> prefixes = [];
        foreach (ModelTensor tensor in model.Tensors)
        {
            int dot = tensor.Name.LastIndexOfAny(['.', '/']);
            string last = dot < 0 ? tensor.Name : tensor.Name[(dot + 1)..], prefix = dot < 0 ? "" : tensor.Name[..dot];
            if (!PartNames.TryGetValue(last, out string? part))
                continue;
            if (!prefixes.TryGetValue(prefix, out Dictionary<string, ModelTensor>? parts))
                prefixes.Add(prefix, parts = []);
            parts.TryAdd(part, tensor);
        }

        HashSet<string> names = [.. model.Tensors.Select(tensor => tensor.Name)];
        List<ModelNorm> norms = [];
        foreach ((string prefix, Dictionary<string, ModelTensor> parts) in prefixes)
        {
            if (NormOf(prefix, parts, model, family) is ModelNorm norm)
                norms.Add(norm);
        }
        if (model.Format == ModelFormat.Safetensors)
            norms.Sort((a, b) => CompareNaturally(a.Name, b.Name));
        TellRolesApart(norms);
        foreach (ModelNorm norm in norms)
        {
            EpsSearch.Into(norm, model, family);
            norm.AddsOne = family.AddsOneTo(norm);
            norm.Momentum = norm.Kind == NormKind.BatchNorm ? model.Config?.Number("batch_norm_momentum") ?? model.Config?.Number("bn_momentum") : null;
            KeyedNeighbours.Into(norm, model, names);
        }
        return norms;
    }

    private static ModelNorm? NormOf(string prefix, Dictionary<string, ModelTensor> parts, ModelFile model, ModelFamily family)
    {
        ModelTensor? weight = parts.GetValueOrDefault("weight"), bias = parts.GetValueOrDefault("bias");
        ModelTensor? mean = parts.GetValueOrDefault("mean"), variance = parts.GetValueOrDefault("var");
        string last = LastWord(prefix);
        bool isNamed = NormName().IsMatch(last);
        NormKind kind;
        if (mean is not null && variance is not null || (mean is not null || variance is not null) && (isNamed || parts.ContainsKey("count")))
        {
            if ((weight ?? variance ?? mean)!.Shape.Length != 1)
                return null;
            kind = NormKind.BatchNorm;
        }
        else if (weight is not null && isNamed && weight.Shape.Length is 1 or 2 or 3 && IsFloating(weight) && (weight.Shape.Length == 1 || bias is null || SameShape(weight, bias)))
        {
            if (weight.Shape.Length > 1 && !NormWord().IsMatch(last))
                return null;
            kind = KindOf(prefix, last, bias is not null, model, family);
        }
        else if (weight is not null && bias is not null && weight.Shape.Length == 1 && weight.Count > 1 && SameShape(weight, bias) && IsFloating(weight))
        {
            kind = KindOf(prefix, last, hasBias: true, model, family);
        }
        else
        {
            return null;
        }

        ModelTensor first = (weight ?? variance ?? mean)!;
        ModelNorm norm = new(prefix, kind, Path.GetFileName(first.Path))
        {
            Weight = weight,
            Bias = bias,
            RunningMean = kind == NormKind.BatchNorm ? mean : null,
            RunningVar = kind == NormKind.BatchNorm ? variance : null,
            Place = NormPlace.Of(prefix),
        };
        if (kind == NormKind.BatchNorm && (mean is null || variance is null))
            norm.Missing = mean is null ? "running_mean" : "running_var";
        if (parts.GetValueOrDefault("count") is { Count: 1, ElementType: not null } count)
            norm.BatchesTracked = (long)count.ToArray<double>()[0];
        if (kind == NormKind.GroupNorm)
            norm.Groups = (int?)(model.Config?.Number("norm_num_groups") ?? model.Config?.Number("num_groups") ?? model.Config?.Number("resnet_groups"));
        return norm;
    }

    private static NormKind KindOf(string prefix, string last, bool hasBias, ModelFile model, ModelFamily family)
    {
        if (GroupName().IsMatch(last) || IsInDiffusionBlock(prefix, last, model))
            return NormKind.GroupNorm;
        if (last.Contains("instance_norm", StringComparison.OrdinalIgnoreCase) || last.Contains("instancenorm", StringComparison.OrdinalIgnoreCase))
            return NormKind.InstanceNorm;
        if (hasBias)
            return NormKind.LayerNorm;
        if (model.Format == ModelFormat.Gguf && !model.Metadata.ContainsKey($"{family.Name}.attention.layer_norm_rms_epsilon") && model.Metadata.ContainsKey($"{family.Name}.attention.layer_norm_epsilon"))
            return NormKind.LayerNorm;
        return family.HasLayerNormsWithoutBias && !last.Contains("rms", StringComparison.OrdinalIgnoreCase) ? NormKind.LayerNorm : NormKind.RmsNorm;
    }

    /// <summary>The norms between the convolutions of diffusers' models have groups; their names alone do not say so.</summary>
    private static bool IsInDiffusionBlock(string prefix, string last, ModelFile model) =>
        model.Config?.Has("norm_num_groups") == true
        && (last == "conv_norm_out" || prefix.Contains("resnets.", StringComparison.Ordinal) || prefix.Contains("attentions.", StringComparison.Ordinal) && last == "norm" && !prefix.Contains("transformer_blocks", StringComparison.Ordinal));

    /// <summary>"post_attention_layernorm" is before the feed forward in Llama and behind the attention in Gemma 2 and OLMo 2: its companions tell.</summary>
    private static void TellRolesApart(List<ModelNorm> norms)
    {
        HashSet<(string, int)> sandwiched = [.. norms.Where(norm => LastWord(norm.Name) is "pre_feedforward_layernorm" or "post_feedforward_layernorm" or "pre_ff_layernorm")
            .Select(norm => (norm.Place.Stack, norm.Place.Layer))];
        foreach (ModelNorm norm in norms)
        {
            if (LastWord(norm.Name) == "post_attention_layernorm" && sandwiched.Contains((norm.Place.Stack, norm.Place.Layer)))
                norm.Place = norm.Place with { Role = NormPlace.AfterAttention };
        }
    }

    /// <summary>By letters, but numbers by their value: the format's own order is alphabetical, with layer 10 before layer 2.</summary>
    private static int CompareNaturally(string a, string b)
    {
        string[] first = a.Split('.'), second = b.Split('.');
        for (int i = 0; i < Math.Min(first.Length, second.Length); i++)
        {
            int order = int.TryParse(first[i], NumberStyles.None, CultureInfo.InvariantCulture, out int x) && int.TryParse(second[i], NumberStyles.None, CultureInfo.InvariantCulture, out int y)
                ? x.CompareTo(y)
                : string.CompareOrdinal(first[i], second[i]);
            if (order != 0)
                return order;
        }
        return first.Length != second.Length ? first.Length.CompareTo(second.Length) : string.CompareOrdinal(a, b);
    }

    /// <summary>The last word of a prefix that is no number.</summary>
    internal static string LastWord(string prefix) =>
        prefix.Split('.', '/').LastOrDefault(word => word.Length > 0 && !int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _)) ?? "";

    private static bool IsFloating(ModelTensor tensor) =>
        tensor.ElementType is null or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float32 or ElementType.Float64;

    private static bool SameShape(ModelTensor a, ModelTensor b) => a.Shape.SequenceEqual(b.Shape);

    [GeneratedRegex(@"norm|layrnorm|^ln($|_|\d)|_ln($|\d)|^bn($|_|\d)|_bn\d*$|^gn($|_|\d)|^rms", RegexOptions.IgnoreCase)]
    private static partial Regex NormName();

    [GeneratedRegex(@"norm\d*$|_norm_", RegexOptions.IgnoreCase)]
    private static partial Regex NormWord();

    [GeneratedRegex(@"group_?norm|^gn\d*$", RegexOptions.IgnoreCase)]
    private static partial Regex GroupName();
}

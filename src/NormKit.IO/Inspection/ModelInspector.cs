namespace NormKit.IO;

/// <summary>Lists the norms of a model file, says what is wrong with them, and how they relate to those of another file.</summary>
/// <remarks>Reads .safetensors (with its index of shards), .gguf and .onnx, mapped into memory. See docs/inspect.md.</remarks>
public static class ModelInspector
{
    /// <summary>Inspects a model file.</summary>
    /// <param name="path">model.safetensors, model.safetensors.index.json, model.gguf or model.onnx; config.json beside it is read too.</param>
    /// <param name="other">Another file of the same model, in the same or another format; null to look at one only.</param>
    /// <param name="cancellationToken">Ends the inspection.</param>
    /// <exception cref="TensorFileException">A file is missing, damaged or of an unknown kind.</exception>
    public static ModelInspection Inspect(string path, string? other = null, CancellationToken cancellationToken = default) =>
        Inspect(path, other, _ => { }, cancellationToken);

    internal static ModelInspection Inspect(string path, string? other, Action<double> progress, CancellationToken cancellationToken)
    {
        double share = other is null ? 1 : 0.5;
        using ModelFile model = ModelFile.Open(path);
        (ModelInspection inspection, Dictionary<ModelNorm, NormValues> values) = Inspect(model, done => progress(share * done), cancellationToken);
        if (other is not null)
        {
            using ModelFile second = ModelFile.Open(other);
            (ModelInspection others, Dictionary<ModelNorm, NormValues> otherValues) = Inspect(second, done => progress(share * (1 + done)), cancellationToken);
            Relate(inspection, model, values, others, second, otherValues, cancellationToken);
        }
        foreach (ModelNorm norm in inspection.Norms)
            norm.SortFindings();
        return inspection;
    }

    private static (ModelInspection Inspection, Dictionary<ModelNorm, NormValues> Values) Inspect(
        ModelFile model, Action<double> progress, CancellationToken stop)
    {
        ModelFamily family = ModelFamily.Of(model);
        List<ModelNorm> norms = model.Onnx is null ? KeyedNorms.Find(model, family) : GraphNorms.Find(model.Onnx);
        Dictionary<ModelNorm, NormValues> values = [];
        ModelInspection inspection = new(model, family.Name, norms);
        foreach (ModelNorm norm in norms)
        {
            stop.ThrowIfCancellationRequested();
            values[norm] = NormValues.Of(norm);
            progress((double)values.Count / norms.Count);
        }
        MinusOneRules.Apply(norms, values, family);
        foreach (ModelNorm norm in norms)
        {
            FindingRules.Apply(norm, values[norm]);
            inspection.Spreads[norm] = [.. values[norm].All.Select(part => NormSpread.Of(part.Part, part.Values))];
        }
        inspection.Notes = [.. Notes(model, norms)];
        return (inspection, values);
    }

    private static IEnumerable<string> Notes(ModelFile model, List<ModelNorm> norms)
    {
        if (norms.Count == 0)
            yield return $"no norm was found among {model.Tensors.Count} tensors{(model.Onnx is null ? "" : $" and {model.Onnx.Graphs.Sum(graph => graph.Nodes.Count)} nodes")}. They may have been folded, or have names that say nothing.";
        if (norms.Count(norm => norm.Weight is { ElementType: null }) is int unread and > 0)
            yield return $"{unread} {(unread == 1 ? "norm has a weight" : "norms have weights")} of a type that is listed but not read, such as {norms.First(norm => norm.Weight is { ElementType: null }).TypeName}.";
        if (model.Onnx is not null && norms.Count(norm => norm.Kind == NormKind.BatchNorm && norm.Writer is not null) is int foldable and > 0)
            yield return $"{foldable} of {norms.Count(norm => norm.Kind == NormKind.BatchNorm)} batch norms stand right behind a layer with a weight: 'normkit fold' folds those that such a layer can take.";
        if (model.Format == ModelFormat.Safetensors && model.Config is null && norms.Exists(norm => norm.Eps is null))
            yield return "eps stands in no tensor. Put the model's config.json beside the file to see it here.";
    }

    private static void Relate(
        ModelInspection inspection, ModelFile first, Dictionary<ModelNorm, NormValues> values, ModelInspection others, ModelFile second,
        Dictionary<ModelNorm, NormValues> otherValues, CancellationToken stop)
    {
        Dictionary<ModelNorm, ModelNorm> matches = NormMatching.Match(inspection.Norms, others.Norms);
        foreach (ModelNorm norm in inspection.Norms)
        {
            stop.ThrowIfCancellationRequested();
            if (!matches.TryGetValue(norm, out ModelNorm? partner))
            {
                norm.Relation = FoldedRules.Of(norm, values[norm], first, null, null, second);
                continue;
            }
            norm.Relation = RelationRules.Of(norm, values[norm], partner, otherValues[partner]);
            if (norm.Relation.Kind is NormRelationKind.Different or NormRelationKind.Factor && FoldedRules.Of(norm, values[norm], first, partner, otherValues[partner], second) is NormRelation folded)
                norm.Relation = folded;
            if (norm.Eps is double eps && partner.Eps is double otherEps && Math.Abs(eps - otherEps) > 1e-6 * Math.Max(eps, otherEps))
            {
                norm.Add(NormFindingKind.OtherEps, $"eps is {FindingRules.Text(eps)} here ({norm.EpsSource}) and {FindingRules.Text(otherEps)} in the other file ({partner.EpsSource}). "
                    + "The two give different results where the variance is small: take the eps of the training in both.");
            }
        }
        inspection.OtherPath = others.Path;
        HashSet<ModelNorm> matched = [.. matches.Values];
        inspection.OnlyInOther = [.. others.Norms.Where(norm => !matched.Contains(norm)).Select(norm => norm.Name)];
    }
}

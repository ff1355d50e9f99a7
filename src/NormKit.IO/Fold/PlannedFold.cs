using System.Globalization;

namespace NormKit.IO;

/// <summary>Folds the norms of a checkpoint by a plan, if that gives the same function.</summary>
internal sealed class PlannedFold
{
    private const int CheckedRows = 64;

    private readonly ModelFile model;
    private readonly FoldPlan plan;
    private readonly IReadOnlyCollection<string> keep;
    private readonly bool check;
    private readonly CancellationToken stop;
    private readonly string prefix;

    /// <summary>What each changed tensor becomes, as a function that computes it when it is written.</summary>
    private readonly Dictionary<string, Func<byte[]>> changes = [];

    internal PlannedFold(ModelFile model, FoldPlan plan, IReadOnlyCollection<string> keep, bool check, CancellationToken stop)
    {
        (this.model, this.plan, this.keep, this.check, this.stop) = (model, plan, keep, check, stop);
        prefix = plan.Prefixes.Find(candidate => plan.Norms.Exists(norm => model.Tensors.Any(tensor => Matches(candidate + norm.Norm + ".weight", tensor.Name) is not null))) ?? plan.Prefixes[0];
    }

    internal IReadOnlyList<FoldedNorm> Run()
    {
        ModelFamily family = ModelFamily.Of(model);
        List<ModelNorm> norms = KeyedNorms.Find(model, family);
        if (family.AddsOne == true && !plan.StoresMinusOne)
            throw Refused($"{family.Name} adds one to the stored weights, and the plan {plan.Name} takes them as they are; give a plan file with \"stored\": \"minus one\"");
        foreach (string name in keep)
        {
            if (!norms.Exists(norm => norm.Name == name))
                throw Refused($"--keep {name}: there is no norm of that name. Norms are {TensorFileException.List([.. norms.Select(norm => norm.Name)])}");
        }
        List<FoldedNorm> results = [];
        Dictionary<string, string> readBy = [];
        List<(ModelNorm Norm, FoldPlan.PlannedNorm Plan, string Number)> folds = [];
        foreach (ModelNorm norm in norms.Where(norm => !keep.Contains(norm.Name)))
        {
            (FoldPlan.PlannedNorm, string)? planned = plan.Norms.Select(one => (one, Matches(prefix + one.Norm, norm.Name))).Where(pair => pair.Item2 is not null).Select(pair => ((FoldPlan.PlannedNorm, string)?)(pair.one, pair.Item2!)).FirstOrDefault();
            bool isPostNorm = norm.Place.Role is NormPlace.AfterAttention or NormPlace.AfterFeedForward;
            if (planned is null || isPostNorm && plan.IsBuiltIn)
                throw Refused($"{norm.Name} {WhyNot(norm)}. Keep it with --keep {norm.Name}, or give a plan that says what reads it");
            folds.Add((norm, planned.Value.Item1, planned.Value.Item2));
        }
        RequireKnown(folds);
        RequireNormOfEachReader(norms, folds);
        foreach ((ModelNorm norm, FoldPlan.PlannedNorm planned, string number) in folds)
        {
            stop.ThrowIfCancellationRequested();
            results.Add(Fold(norm, planned, number, readBy));
        }
        foreach (ModelNorm norm in norms.Where(norm => keep.Contains(norm.Name)))
            results.Add(new(norm.Name, null, "--keep says so"));
        Dictionary<string, int> order = norms.Select((norm, index) => (norm.Name, index)).ToDictionary();
        results.Sort((a, b) => order[a.Name].CompareTo(order[b.Name]));
        return results;
    }

    private FoldedNorm Fold(ModelNorm norm, FoldPlan.PlannedNorm planned, string number, Dictionary<string, string> readBy)
    {
        NormValues values = NormValues.Of(norm);
        if (values.Weight is not double[] stored)
            throw Refused($"the weight of {norm.Name} is stored as {norm.TypeName}, which is not read");
        if (values.All.Any(part => part.Values.Any(value => !double.IsFinite(value))))
            throw Refused($"{norm.Name} holds NaN or infinity; 'normkit inspect' says where");
        double offset = plan.StoresMinusOne ? 1 : 0;
        double[] weight = [.. stored.Select(value => value + offset)];
        double[]? bias = values.Bias is double[] given && Array.Exists(given, value => value != 0) ? given : null;
        FoldedNorm folded = new(norm.Name, string.Join(", ", planned.Readers.Select(reader => NameOf(reader, number))), bias is null ? "weight" : "weight and bias");
        foreach (string pattern in planned.Readers)
        {
            string reader = NameOf(pattern, number);
            if (plan.Tied.Contains(pattern) && IsTied(reader))
                throw Refused($"{norm.Name} is read by {reader}, which is the embedding's weight (they are tied): folded, the embedding would change too. Keep it with --keep {norm.Name}");
            if (model.Tensor(reader + ".weight") is not ModelTensor matrix)
                throw Refused($"{norm.Name} is read by {reader} by the plan {plan.Name}, but there is no {reader}.weight; give a plan that fits the file");
            if (!readBy.TryAdd(reader, norm.Name))
                throw Refused($"{reader} reads {readBy[reader]} and {norm.Name} by the plan {plan.Name}; a layer reads one norm");
            FoldInto(norm, folded, reader, matrix, weight, bias, planned.InputsFirst);
        }
        changes[norm.Weight!.Name] = () => Encoded(norm.Weight, Enumerable.Repeat(1 - offset, stored.Length).ToArray());
        if (norm.Bias is not null)
            changes[norm.Bias.Name] = () => Encoded(norm.Bias, new double[norm.Bias.Count]);
        return folded;
    }

    private void FoldInto(ModelNorm norm, FoldedNorm folded, string reader, ModelTensor matrix, double[] weight, double[]? bias, bool inputsFirst)
    {
        if (matrix.ElementType is not (ElementType.Float32 or ElementType.Float16 or ElementType.BFloat16 or ElementType.Float64))
            throw Refused($"{matrix.Name} is stored as {matrix.TypeName}, which cannot take a norm; convert it to F32, F16 or BF16");
        if (matrix.Shape.Length != 2 || matrix.Shape[inputsFirst ? 0 : 1] != weight.Length)
            throw Refused($"{matrix.Name} has the shape {TensorShape.Text(matrix.Shape)}, whose {(inputsFirst ? "first" : "second")} dimension must be the {weight.Length} channels of {norm.Name}");
        ModelTensor? biasTensor = model.Tensor(reader + ".bias");
        if (bias is not null && biasTensor is null)
            throw Refused($"{norm.Name} has a bias, and {reader} has none to take it. Keep it with --keep {norm.Name}");

        double[] Folded()
        {
            double[] elements = matrix.ToArray<double>();
            int columns = (int)matrix.Shape[1];
            for (int i = 0; i < elements.Length; i++)
                elements[i] *= weight[inputsFirst ? i / columns : i % columns];
            return elements;
        }

        double[] FoldedBias()
        {
            double[] elements = matrix.ToArray<double>(), sums = biasTensor!.ToArray<double>();
            int columns = (int)matrix.Shape[1];
            for (int i = 0; i < elements.Length; i++)
                sums[inputsFirst ? i % columns : i / columns] += elements[i] * bias![inputsFirst ? i / columns : i % columns];
            return sums;
        }

        // A value beyond the type's range is found before anything is written.
        if (matrix.ElementType == ElementType.Float16 || weight.Any(value => Math.Abs(value) > 1e6))
            Encoded(matrix, Folded());
        changes[matrix.Name] = () => Encoded(matrix, Folded());
        if (bias is not null)
        {
            Encoded(biasTensor!, FoldedBias());
            changes[biasTensor!.Name] = () => Encoded(biasTensor, FoldedBias());
        }
        if (check)
            Check(folded, matrix, Folded(), biasTensor, bias is null ? null : FoldedBias(), weight, bias, inputsFirst);
    }

    private static void Check(FoldedNorm folded, ModelTensor matrix, double[] after, ModelTensor? biasTensor, double[]? biasAfter, double[] weight, double[]? bias, bool inputsFirst)
    {
        double[] before = matrix.ToArray<double>(), rounded = OnnxFold.Rounded(after, matrix)!;
        double[]? biasBefore = bias is null ? null : biasTensor!.ToArray<double>(), biasRounded = biasAfter is null ? null : OnnxFold.Rounded(biasAfter, biasTensor!);
        int columns = (int)matrix.Shape[1], outputs = inputsFirst ? columns : (int)matrix.Shape[0];
        Random random = new(1);
        double[] x = [.. weight.Select(_ => (2 * random.NextDouble()) - 1)];
        double most = folded.Difference ?? 0, largest = folded.LargestOutput ?? 0;
        for (int k = 0; k < Math.Min(outputs, CheckedRows); k++)
        {
            int o = (int)((long)k * outputs / Math.Min(outputs, CheckedRows));
            double y = biasBefore?[o] ?? 0, other = biasRounded?[o] ?? 0;
            for (int i = 0; i < x.Length; i++)
            {
                int at = inputsFirst ? (i * columns) + o : (o * columns) + i;
                y += before[at] * ((x[i] * weight[i]) + (bias?[i] ?? 0));
                other += rounded[at] * x[i];
            }
            most = Math.Max(most, Math.Abs(y - other));
            largest = Math.Max(largest, Math.Abs(y));
        }
        (folded.Difference, folded.LargestOutput) = (most, largest);
    }

    /// <summary>Refuses a weight beside a folded norm that the plan does not know: it may read the norm.</summary>
    private void RequireKnown(List<(ModelNorm Norm, FoldPlan.PlannedNorm Plan, string Number)> folds)
    {
        HashSet<string> known = [];
        HashSet<string> layers = [.. folds.Select(fold => KeyedNeighbours.LayerPrefix(fold.Norm.Name))];
        foreach ((ModelNorm norm, FoldPlan.PlannedNorm planned, string number) in folds)
            known.UnionWith(planned.Readers.Select(reader => NameOf(reader, number)));
        foreach (ModelTensor tensor in model.Tensors.Where(tensor => tensor.Shape.Length >= 2))
        {
            int dot = tensor.Name.LastIndexOf('.');
            string owner = dot < 0 ? tensor.Name : tensor.Name[..dot], layer = KeyedNeighbours.LayerPrefix(tensor.Name);
            if (!layers.Contains(layer) || known.Contains(owner) || plan.Others.Exists(other => Matches(prefix + other, owner) is not null)
                || plan.Norms.Exists(norm => norm.Readers.Any(reader => Matches(FullName(reader), owner) is not null)))
                continue;
            string norms = string.Join(", ", folds.Where(fold => KeyedNeighbours.LayerPrefix(fold.Norm.Name) == layer).Select(fold => fold.Norm.Name));
            throw Refused($"{tensor.Name} is not in the plan {plan.Name}, and may read {norms}. Keep the norm it reads with --keep, or give a plan that names it among readers or others");
        }
    }

    /// <summary>Refuses a layer whose readers have no norm of their own: in models with parallel branches they read the norm of another.</summary>
    private void RequireNormOfEachReader(List<ModelNorm> norms, List<(ModelNorm Norm, FoldPlan.PlannedNorm Plan, string Number)> folds)
    {
        HashSet<string> names = [.. norms.Select(norm => norm.Name)];
        foreach (string number in folds.Select(fold => fold.Number).Distinct())
        {
            foreach (FoldPlan.PlannedNorm planned in plan.Norms.Where(norm => norm.Norm.Contains('*', StringComparison.Ordinal) == number.Length > 0))
            {
                string missing = NameOf(planned.Norm, number);
                if (!names.Contains(missing) && planned.Readers.Select(reader => NameOf(reader, number)).FirstOrDefault(reader => model.Tensor(reader + ".weight") is not null) is string reader)
                    throw Refused($"{reader} reads {missing} by the plan {plan.Name}, but there is no such norm: it may read {folds.First(fold => fold.Number == number).Norm.Name}. Give a plan that says so");
            }
        }
    }

    /// <summary>Whether a reader's weight is the embedding's: it is missing, the configuration says so, or it has the same values.</summary>
    private bool IsTied(string reader)
    {
        if (model.Tensor(reader + ".weight") is not ModelTensor weight)
            return true;
        if ((model.Config?.Flag("tie_word_embeddings") ?? plan.TiesByDefault) is true)
            return true;
        return plan.Others.Select(other => model.Tensor(prefix + other + ".weight")).Any(other => other is { ElementType: not null } && other.ElementType == weight.ElementType && other.Shape.SequenceEqual(weight.Shape) && Sample(other).AsSpan().SequenceEqual(Sample(weight)));
    }

    private static double[] Sample(ModelTensor tensor)
    {
        double[] values = new double[Math.Min(4096, tensor.Count)];
        tensor.Read(0, values.AsSpan());
        return values;
    }

    private static string WhyNot(ModelNorm norm) => norm.Place.Role switch
    {
        NormPlace.AfterAttention or NormPlace.AfterFeedForward or "attn_output_norm" or "layer_output_norm" => "is a post-norm: its output goes into the residual sum, and no linear layer alone reads it",
        NormPlace.Query or NormPlace.Key => "is read by the attention scores, and by no linear layer",
        _ => "is not in the plan: something else may read it",
    };

    internal void Write(string output, CancellationToken cancel)
    {
        bool isIndex = ModelFile.IsIndex(model.Path);
        if (isIndex != ModelFile.IsIndex(output) || !isIndex && !output.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
            throw new TensorFileException(isIndex ? $"{output}: the model is an index of shards; write another index, in another directory: OUT/model.safetensors.index.json." : $"{output}: unknown file extension; use .safetensors.");
        string directory = Path.GetDirectoryName(Path.GetFullPath(output))!;
        if (isIndex && Path.GetDirectoryName(Path.GetFullPath(model.Path)) == directory)
            throw new TensorFileException($"{output}: the shards would be written over the model's; give an index in another directory.");

        // Shards first and under other names: a fold that fails leaves nothing behind.
        List<(string Temporary, string Target)> written = [];
        try
        {
            foreach (MappedBytes file in model.Maps)
            {
                string target = isIndex ? Path.Combine(directory, Path.GetFileName(file.Path)) : output;
                string temporary = isIndex ? Path.Combine(directory, $".normkit-{Path.GetRandomFileName()}.tmp") : output;
                FilePath.Replace(temporary, stream => WriteFile(file, stream, cancel));
                if (isIndex)
                    written.Add((temporary, target));
            }
            if (isIndex)
            {
                foreach ((string temporary, string target) in written)
                    File.Move(temporary, target, overwrite: true);
                FilePath.Replace(output, stream => FilePath.Read(model.Path, index =>
                {
                    index.CopyTo(stream);
                    return 0;
                }));
            }
        }
        finally
        {
            foreach ((string temporary, _) in written)
                File.Delete(temporary);
        }
    }

    private void WriteFile(MappedBytes file, Stream stream, CancellationToken cancel)
    {
        long position = 0;
        foreach (ModelTensor tensor in model.Tensors.Where(tensor => changes.ContainsKey(tensor.Name) && tensor.Place?.File == file).OrderBy(tensor => tensor.Place!.Value.Offset))
        {
            cancel.ThrowIfCancellationRequested();
            (_, long offset, long length) = tensor.Place!.Value;
            file.CopyTo(stream, position, offset - position);
            stream.Write(changes[tensor.Name]());
            position = offset + length;
        }
        file.CopyTo(stream, position, file.Length - position);
    }

    private byte[] Encoded(ModelTensor tensor, double[] values)
    {
        byte[] bytes = new byte[values.Length * tensor.ElementType!.Value.SizeInBytes()];
        ElementEncoder.Encode<double>(values, tensor.ElementType.Value, bytes);
        double[] back = new double[values.Length];
        ElementDecoder.Decode(tensor.ElementType.Value, bytes, back.AsSpan());
        for (int i = 0; i < back.Length; i++)
        {
            if (double.IsFinite(values[i]) && !double.IsFinite(back[i]))
                throw Refused($"{tensor.Name} would hold {FindingRules.Text(values[i])}, which {tensor.TypeName} cannot; convert it to F32 or BF16 first");
        }
        return bytes;
    }

    private string FullName(string reader) => reader.StartsWith('/') ? reader[1..] : prefix + reader;

    private string NameOf(string reader, string number) => FullName(reader).Replace("*", number, StringComparison.Ordinal);

    /// <summary>The number that the star stands for, empty if there is none; null if the name does not match.</summary>
    private static string? Matches(string pattern, string name)
    {
        int star = pattern.IndexOf('*', StringComparison.Ordinal);
        if (star < 0)
            return pattern == name ? "" : null;
        string before = pattern[..star], after = pattern[(star + 1)..];
        if (name.Length <= before.Length + after.Length || !name.StartsWith(before, StringComparison.Ordinal) || !name.EndsWith(after, StringComparison.Ordinal))
            return null;
        string number = name[before.Length..^after.Length];
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out _) ? number : null;
    }

    private TensorFileException Refused(string rule) => new($"{model.Path}: nothing is folded: {rule}.");
}

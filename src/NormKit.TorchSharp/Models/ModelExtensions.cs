using NormKit.TorchSharp.Models;

namespace NormKit.TorchSharp;

/// <summary>What NormKit does with the norms of a whole model of TorchSharp's.</summary>
public static class ModelExtensions
{
    /// <summary>Exchanges the norms of a model for NormKit's, in place: parameters and buffers stay the same objects under the same keys, and training or evaluation mode stays.</summary>
    /// <remarks>A norm is exchanged where it can be reached: in a Sequential or ModuleList, and in a field that is declared as a type which NormKit's
    /// module has too, such as <c>Module&lt;Tensor, Tensor&gt;</c>. An optimizer made before goes on with the same parameters.</remarks>
    /// <param name="model">The model.</param>
    /// <returns>The norms that were exchanged, and those that were not, with the reason.</returns>
    public static ModelChanges UseNormKit(this torch.nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        List<ModuleChange> changed = [], kept = [];
        Dictionary<torch.nn.Module, NormModule> exchanged = [];
        foreach (ModulePlace place in ModuleTree.Below(model).ToList())
        {
            string type = place.Module.GetType().Name;
            try
            {
                if (!exchanged.TryGetValue(place.Module, out NormModule? own))
                {
                    own = Exchange.For(place.Module);
                    if (own is null)
                        continue;
                    exchanged[place.Module] = own;
                }
                if (ModuleTree.Replace(place, own) is string why)
                    kept.Add(new(place.Path, type, why));
                else
                    changed.Add(new(place.Path, type, own.GetType().FullName!));
            }
            catch (NotSupportedException e)
            {
                kept.Add(new(place.Path, type, e.Message));
            }
        }
        return new(changed, kept);
    }

    /// <summary>Folds each batch norm into the linear or convolution layer before it, for inference: the model gives the same with less work.</summary>
    /// <remarks>The order of layers is known in a Sequential only; other norms are kept, and listed. A folded norm becomes an Identity. Computed in
    /// double and rounded once.</remarks>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <returns>The norms that were folded, and those that were not, with the reason.</returns>
    /// <exception cref="InvalidOperationException">The model is in training mode.</exception>
    public static ModelChanges FoldBatchNorm(this torch.nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return ModelFolding.Fold(model);
    }

    /// <summary>Gives each batch norm the exact mean and variance of a whole data set, in place of moving averages over the last batches.</summary>
    /// <remarks>The model runs over all batches once, its norms in training mode and everything else, such as dropout, in evaluation mode. The
    /// statistics of all that went into a norm are merged, so that a smaller last batch counts as much as it holds. Batch norm of torch's and NormKit's,
    /// ghost batch norm, batch renorm, switchable norm and EvoNorm B0 are updated; <c>num_batches_tracked</c> becomes the number of batches. An
    /// exception leaves the running statistics and modes as they were.</remarks>
    /// <param name="model">The model.</param>
    /// <param name="batches">The data; the caller disposes of it.</param>
    /// <returns>How many norms were updated.</returns>
    /// <exception cref="ArgumentException">The model has no such norm, or there is no batch.</exception>
    /// <exception cref="InvalidOperationException">A norm was never reached.</exception>
    public static int UpdateBatchNorm(this torch.nn.Module<Tensor, Tensor> model, IEnumerable<Tensor> batches)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        return DataStatistics.Update(model, batches);
    }

    /// <summary>Looks for what is wrong with the norms of a model: NaN, negative or untouched statistics, dead channels, variances below eps.</summary>
    /// <param name="model">The model, which is only read.</param>
    /// <returns>What was found, in the model's order; nothing for a sound model.</returns>
    public static IReadOnlyList<NormFinding> InspectNorms(this torch.nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return Inspection.Of(model);
    }
}

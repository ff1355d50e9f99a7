using NormKit.TorchSharp.Passes;
using TorchSharp.Modules;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp.Models;

/// <summary>Folds batch norms into the layers before them.</summary>
internal static class ModelFolding
{
    public static ModelChanges Fold(torch.nn.Module model)
    {
        if (model.training)
            throw new InvalidOperationException("FoldBatchNorm: the model is in training mode, where batch norm uses each batch's own statistics; call eval() first.");
        List<ModuleChange> changed = [], kept = [];
        List<ModulePlace> places = [.. ModuleTree.Below(model)];
        foreach (ModulePlace place in places)
        {
            if (BatchNormView.Of(place.Module) is not BatchNormView norm)
                continue;
            string type = place.Module.GetType().Name;
            if (WhyNot(place, norm, places, out ModulePlace? before) is string why)
            {
                kept.Add(new(place.Path, type, why));
                continue;
            }
            try
            {
                (Tensor weight, Tensor bias) = Folded(norm, before!.Module);
                string? refused = ModuleTree.Replace(place, torch.nn.Identity());
                if (refused is not null)
                {
                    kept.Add(new(place.Path, type, refused));
                    continue;
                }
                Write(before.Module, weight, bias);
                changed.Add(new(place.Path, type, $"folded into {before.Path}"));
            }
            catch (ArgumentException e)
            {
                kept.Add(new(place.Path, type, e.Message));
            }
        }
        return new(changed, kept);
    }

    private static string? WhyNot(ModulePlace place, BatchNormView norm, List<ModulePlace> places, out ModulePlace? before)
    {
        before = null;
        if (place.Module.training)
            return "it is in training mode; call eval() on the whole model";
        if (norm.Mean is null || norm.Variance is null)
            return "it has no running statistics";
        if (place.Parent is not Sequential)
            return "only the order of a Sequential is known without running the model";
        List<ModulePlace> siblings = [.. places.Where(other => ReferenceEquals(other.Parent, place.Parent)).DistinctBy(other => other.Path)];
        int at = siblings.FindIndex(other => other.Path == place.Path);
        if (at == 0 || siblings[at - 1].Module is not (Linear or Convolution))
            return "the layer before it is neither linear nor a convolution";
        before = siblings[at - 1];
        torch.nn.Module layer = before.Module, own = place.Module;
        if (places.Where(other => ReferenceEquals(other.Module, layer)).DistinctBy(other => other.Path).Count() > 1)
            return $"{before.Path} is used in more than one place";
        return places.Where(other => ReferenceEquals(other.Module, own)).DistinctBy(other => other.Path).Count() > 1 ? "it is used in more than one place" : null;
    }

    private static (Tensor Weight, Tensor Bias) Folded(BatchNormView norm, torch.nn.Module layer)
    {
        (Tensor weight, Tensor? bias, FoldableLayer kind, long groups) = layer switch
        {
            Linear linear => (linear.weight, linear.bias, FoldableLayer.Linear, 1L),
            ConvolutionTranspose convolution => (convolution.weight, convolution.bias, FoldableLayer.TransposedConvolution, convolution.groups),
            Convolution convolution => (convolution.weight, convolution.bias, FoldableLayer.Convolution, convolution.groups),
            _ => throw new ArgumentException($"{layer.GetType().Name} is no layer that a norm folds into.", nameof(layer)),
        };
        double[] weights = Doubles(weight), biases = bias is null ? [] : Doubles(bias);
        System.Numerics.Tensors.Tensor<double> w = System.Numerics.Tensors.Tensor.Create(weights, [.. weight.shape.Select(length => (nint)length)]);
        FoldedLayer<double> folded = bias is null
            ? BatchNormFolding.FoldIntoPreceding<double>(norm.ToLayer(), kind, w, groups: (int)groups)
            : BatchNormFolding.FoldIntoPreceding<double>(norm.ToLayer(), kind, w, System.Numerics.Tensors.Tensor.Create(biases, [biases.Length]), (int)groups);
        return (torch.tensor(TensorMemory.Flat(folded.Weight).ToArray(), weight.shape), torch.tensor(TensorMemory.Flat(folded.Bias).ToArray()));
    }

    private static void Write(torch.nn.Module layer, Tensor weight, Tensor bias)
    {
        using IDisposable quiet = torch.no_grad();
        using (weight)
        using (bias)
        {
            TorchParameter ofLayer = layer is Linear linear ? linear.weight : ((Convolution)layer).weight;
            ofLayer.copy_(weight);
            if ((layer is Linear l ? l.bias : ((Convolution)layer).bias) is TorchParameter existing)
            {
                existing.copy_(bias);
                return;
            }
            TorchParameter added = new(bias.to(ofLayer.dtype, ofLayer.device, copy: true));
            if (layer is Linear target)
                target.bias = added;
            else
                ((Convolution)layer).bias = added;
        }
    }

    private static double[] Doubles(Tensor tensor)
    {
        using global::TorchSharp.DisposeScope scope = torch.NewDisposeScope();
        return tensor.detach().cpu().to(ScalarType.Float64).contiguous().data<double>().ToArray();
    }
}

using NormKit.TorchSharp.Operators;
using TorchParameter = TorchSharp.Modules.Parameter;

namespace NormKit.TorchSharp;

/// <summary>What modules with a weight and a bias have in common.</summary>
/// <remarks><inheritdoc/></remarks>
public abstract class AffineNormModule : NormModule
{
    private protected AffineNormModule(NormOperator op, Device? device, ScalarType? dtype, bool isLazy = false)
        : base(op, device, dtype, isLazy)
    {
    }

    /// <summary>The factor of each normalized value; null where the layer has none.</summary>
    public TorchParameter? Weight => Parameter("weight");

    /// <summary>What is added last; null where the layer has none.</summary>
    public TorchParameter? Bias => Parameter("bias");
}

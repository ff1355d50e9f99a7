using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli.Compare;

/// <summary>A layer to compare: without weight, bias and running statistics.</summary>
/// <param name="Kind">Which layer.</param>
/// <param name="Shape">The input's shape, (N, C, *).</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Groups">Group norm's.</param>
internal sealed record LayerCall(LayerKind Kind, nint[] Shape, double Eps, int Groups = 0)
{
    /// <summary>The layer's output.</summary>
    public T[] Output<T>(T[] x) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        LayerSettings settings = new() { Eps = Eps, Groups = Kind == LayerKind.Group ? Groups : null };
        LayerRun<T> layer = LayerCatalogue.Find(Kind.Full()).Create<T>(new(Shape, settings, [], Tracks: false));
        T[] y = new T[x.Length];
        layer.Forward(Tensor.Create(x, Shape), Tensor.Create(y, Shape), [], null);
        return y;
    }
}

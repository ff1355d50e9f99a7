using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Interop;

namespace NormKit;

/// <summary>A weight or bias of a layer, with the gradient that backward passes add into.</summary>
/// <typeparam name="T">float or double.</typeparam>
public sealed class Parameter<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    internal Parameter(ReadOnlySpan<nint> shape, T value)
    {
        Values = new T[Shapes.Product(shape)];
        Values.AsSpan().Fill(value);
        Gradients = new T[Values.Length];
        Value = Tensor.Create(Values, shape);
        Grad = Tensor.Create(Gradients, shape);
    }

    /// <summary>The parameter itself; write into it to load or train it.</summary>
    public Tensor<T> Value { get; }

    /// <summary>The sum of the gradients of all backward passes since <see cref="ZeroGrad"/>, of the shape of <see cref="Value"/>.</summary>
    public Tensor<T> Grad { get; }

    /// <summary>Sets the gradient to zero.</summary>
    public void ZeroGrad() => Gradients.AsSpan().Clear();

    /// <summary>The elements of <see cref="Value"/>, which shares this array.</summary>
    internal T[] Values { get; }

    /// <summary>The elements of <see cref="Grad"/>.</summary>
    internal T[] Gradients { get; }

    /// <summary>An element, in double.</summary>
    internal double this[int index] => double.CreateTruncating(Values[index]);

    /// <summary>Adds to the gradient of an element, with one rounding.</summary>
    internal void AddGradient(int index, double sum) => Gradients[index] = T.CreateTruncating(double.CreateTruncating(Gradients[index]) + sum);
}

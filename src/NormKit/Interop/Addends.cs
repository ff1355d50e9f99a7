using System.Numerics;

namespace NormKit.Interop;

/// <summary>What is added to an input before it is normalized; none for most calls.</summary>
/// <param name="residual">Of the input's shape, or of its trailing dimensions.</param>
/// <param name="bias">One row; may be none.</param>
/// <param name="sum">Takes the sum, of the input's shape.</param>
internal readonly ref struct Addends<T, TParameter>(Operand<T> residual, Operand<TParameter> bias, Operand<T> sum)
    where T : unmanaged
    where TParameter : unmanaged, IBinaryFloatingPointIeee754<TParameter>
{
    public readonly Operand<T> Residual = residual;
    public readonly Operand<TParameter> Bias = bias;
    public readonly Operand<T> Sum = sum;

    public static Addends<T, TParameter> None => default;

    public bool IsPresent => Residual.IsPresent;
}

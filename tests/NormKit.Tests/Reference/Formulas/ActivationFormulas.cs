namespace NormKit.Tests.Reference.Formulas;

/// <summary>What may follow batch norm in the same pass.</summary>
internal static class ActivationFormulas
{
    public static Var Relu(Var x) => Var.Max(0, x);

    public static Var LeakyRelu(Var x, double slope) => x.Value.High > 0 ? x * 1 : x * slope;

    public static Var Silu(Var x) => x * Var.Sigmoid(x);

    public static Var Gelu(Var x) => 0.5 * x * (1 + Var.Erf(x * (1 / Var.Sqrt(2))));

    public static Var GeluTanh(Var x) => 0.5 * x * (1 + Var.Tanh(Var.Sqrt(2 / new Var(new DoubleDouble(Math.PI, 1.2246467991473532e-16))) * (x + (0.044715 * (x * x * x)))));
}

namespace NormKit.Tests.Reference.Formulas;

/// <summary>A formula of arrays of numbers: its result, and the gradient of <c>sum(result * dy)</c> by each array.</summary>
internal sealed record Gradients(double[] Y, double[][] Of)
{
    public static Gradients By(Func<Var[][], Var[]> formula, double[] dy, params double[][] inputs)
    {
        Var[][] variables = Array.ConvertAll(inputs, Var.Of);
        Var[] y = formula(variables);
        Var.Backward(y, dy);
        return new(Doubles(y, v => v.Value), Array.ConvertAll(variables, array => Doubles(array, v => v.Grad)));
    }

    /// <summary>The result alone.</summary>
    public static double[] Value(Func<Var[][], Var[]> formula, params double[][] inputs) => Doubles(formula(Array.ConvertAll(inputs, Var.Of)), v => v.Value);

    private static double[] Doubles(Var[] values, Func<Var, DoubleDouble> which) => Array.ConvertAll(values, v => (double)which(v));
}

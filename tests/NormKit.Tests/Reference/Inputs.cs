using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>The tensors of one problem in row-major order, drawn from a seed: never ones or zeros.</summary>
internal sealed record Inputs<T>(T[] X, T[] Dy, T[]? Weight, T[]? Bias) where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public static Inputs<T> Draw(Problem problem, int seed, double offset = 0, double scale = 1, bool affine = true)
    {
        Random random = new(seed);
        T[] x = Normal(random, problem.Elements, scale, offset);
        T[] dy = Normal(random, problem.Elements, 1, 0.25);
        return affine
            ? new(x, dy, Normal(random, problem.Parameters, 0.5, 1), Normal(random, problem.Parameters, 0.5, 0))
            : new(x, dy, null, null);
    }

    public Expected By(Problem problem) => NormFormula.Of(problem, Doubles(X)!, Doubles(Dy), Doubles(Weight), Doubles(Bias));

    public static T[] Normal(Random random, int count, double scale = 1, double offset = 0)
    {
        T[] values = new T[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())), turn = random.NextDouble();
            // The last bits of a logarithm and a cosine differ between operating systems and browsers, and hashes of outputs must not: bits below 2^-30
            // are those of the uniform number.
            double drawn = Math.ScaleB(Math.Round(Math.ScaleB(radius * Math.Cos(2 * Math.PI * turn), 30)), -30) + Math.ScaleB(turn, -31);
            values[i] = T.CreateTruncating((drawn * scale) + offset);
        }
        return values;
    }

    public static double[]? Doubles(T[]? values) => values is null ? null : Array.ConvertAll(values, double.CreateTruncating);
}

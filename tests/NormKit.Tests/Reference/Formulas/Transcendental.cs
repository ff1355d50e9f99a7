namespace NormKit.Tests.Reference.Formulas;

/// <summary>Exponential, logarithm and error function in two doubles, by their series, to about 1e-28.</summary>
internal static class Transcendental
{
    private static readonly DoubleDouble Ln2 = new(0.6931471805599453, 2.3190468138462996e-17);
    private static readonly DoubleDouble TwoOverRootPi = 2 / DoubleDouble.Sqrt(new(Math.PI, 1.2246467991473532e-16));

    public static DoubleDouble Exp(DoubleDouble a)
    {
        if (!(a.High > -700))
            return Math.Exp(a.High);
        // e^a = 2^k * (e^(r / 256))^256 with |r| at most ln 2 / 2.
        double k = Math.Round(a.High / Ln2.High);
        DoubleDouble r = (a - (Ln2 * k)) / 256, term = 1, sum = 1;
        for (int i = 1; i <= 12; i++)
        {
            term *= r / i;
            sum += term;
        }
        for (int i = 0; i < 8; i++)
            sum *= sum;
        return sum * Math.Pow(2, k);
    }

    /// <summary>By one step of Newton's method, which doubles the digits of Math.Log.</summary>
    public static DoubleDouble Log(DoubleDouble a)
    {
        double first = Math.Log(a.High);
        return first + (a * Exp(-first)) - 1;
    }

    public static DoubleDouble Erf(DoubleDouble a)
    {
        if (Math.Abs(a.High) > 8.5)
            return Math.Sign(a.High);
        // 2 / sqrt(pi) * e^(-a^2) * (a + 2 a^3 / 3 + 4 a^5 / (3 * 5) + ...): all terms of one sign.
        DoubleDouble term = a, sum = a, square = 2 * (a * a);
        for (int n = 1; Math.Abs(term.High) > 1e-33 * Math.Abs(sum.High); n++)
        {
            term *= square / ((2 * n) + 1);
            sum += term;
        }
        return TwoOverRootPi * Exp(-(a * a)) * sum;
    }
}

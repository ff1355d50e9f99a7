namespace NormKit.Tests.Reference.Formulas;

/// <summary>
/// A number that knows what it was made from: formulas written in it give their own gradients, by the chain rule from the result back. In two doubles, so
/// that it can judge double layers at an offset.
/// </summary>
internal sealed class Var
{
    /// <summary>Where the hyperbolic tangent is its limit, to more digits than two doubles have, and an exponential would overflow.</summary>
    private const double Flat = 300;

    private static long count;

    /// <summary>A result has a higher number than what it was made from.</summary>
    private readonly long number = Interlocked.Increment(ref count);
    private readonly Var[] from;
    private readonly DoubleDouble[] slopes;

    public Var(DoubleDouble value) : this(value, [], [])
    {
    }

    private Var(DoubleDouble value, Var[] from, DoubleDouble[] slopes) => (Value, this.from, this.slopes) = (value, from, slopes);

    public DoubleDouble Value { get; }

    /// <summary>The slope of what <see cref="Backward"/> was called for, by this.</summary>
    public DoubleDouble Grad { get; private set; }

    /// <summary>The same number, as a constant.</summary>
    public Var Detached => new(Value);

    public static implicit operator Var(double value) => new(value);

    public static Var[] Of(double[] values) => Array.ConvertAll(values, v => new Var(v));

    public static Var operator +(Var a, Var b) => new(a.Value + b.Value, [a, b], [1, 1]);

    public static Var operator -(Var a, Var b) => new(a.Value - b.Value, [a, b], [1, -1]);

    public static Var operator *(Var a, Var b) => new(a.Value * b.Value, [a, b], [b.Value, a.Value]);

    public static Var operator /(Var a, Var b)
    {
        DoubleDouble quotient = a.Value / b.Value;
        return new(quotient, [a, b], [1 / b.Value, -(quotient / b.Value)]);
    }

    public static Var Sum(IEnumerable<Var> terms)
    {
        Var[] all = [.. terms];
        DoubleDouble sum = 0;
        foreach (Var term in all)
            sum += term.Value;
        return new(sum, all, [.. Enumerable.Repeat((DoubleDouble)1, all.Length)]);
    }

    /// <summary>The root; where it is 0 its slope counts as 0, as PyTorch has it for norms.</summary>
    public static Var Sqrt(Var a)
    {
        DoubleDouble root = DoubleDouble.Sqrt(a.Value);
        return new(root, [a], [root.High == 0 ? 0 : 0.5 / root]);
    }

    public static Var Exp(Var a)
    {
        DoubleDouble value = Transcendental.Exp(a.Value);
        return new(value, [a], [value]);
    }

    public static Var Log(Var a) => new(Transcendental.Log(a.Value), [a], [1 / a.Value]);

    /// <summary>a^p for a that is not negative; 0^p is 0 without slope.</summary>
    public static Var Pow(Var a, double p) => a.Value.High == 0 ? new(0, [a], [0]) : Exp(Log(a) * p);

    public static Var Tanh(Var a)
    {
        if (Math.Abs(a.Value.High) > Flat)
            return new(Math.Sign(a.Value.High), [a], [0]);
        Var e = Exp(2.0 * a);
        return (e - 1) / (e + 1);
    }

    /// <summary>By the power that is at most 1, so that no argument is too large.</summary>
    public static Var Sigmoid(Var a) => a.Value.High < 0 ? Exp(a) / (1 + Exp(a)) : 1 / (1 + Exp(0.0 - a));

    public static Var Erf(Var a) =>
        new(Transcendental.Erf(a.Value), [a], [2 / DoubleDouble.Sqrt(new(Math.PI, 1.2246467991473532e-16)) * Transcendental.Exp(-(a.Value * a.Value))]);

    /// <summary>Its slope at 0 is 0.</summary>
    public static Var Abs(Var a)
    {
        double sign = Math.Sign(a.Value.High);
        return new(a.Value * sign, [a], [sign]);
    }

    /// <summary>The larger; the first where they are equal.</summary>
    public static Var Max(Var a, Var b)
    {
        bool first = (a.Value - b.Value).High >= 0;
        return new(first ? a.Value : b.Value, [a, b], [first ? 1 : 0, first ? 0 : 1]);
    }

    /// <summary>Which results a change of <paramref name="source"/> can change.</summary>
    public static bool[] ThatReadFrom(Var source, Var[] results)
    {
        HashSet<Var> marked = [source];
        foreach (Var next in Reached(results).OrderBy(v => v.number))
        {
            if (next.from.Any(marked.Contains))
                marked.Add(next);
        }
        return Array.ConvertAll(results, marked.Contains);
    }

    /// <summary>Which of <paramref name="sources"/> can change any of the results.</summary>
    public static bool[] ThatMake(Var[] results, Var[] sources) => Array.ConvertAll(sources, Reached(results).Contains);

    /// <summary>Sets <see cref="Grad"/> of all that <c>sum(results * dy)</c> was made from.</summary>
    public static void Backward(Var[] results, ReadOnlySpan<double> dy)
    {
        if (results.Length != dy.Length)
            throw new ArgumentException($"{results.Length} results, {dy.Length} gradients.", nameof(dy));
        HashSet<Var> reached = Reached(results);
        foreach (Var next in reached)
            next.Grad = 0;
        for (int i = 0; i < results.Length; i++)
            results[i].Grad += dy[i];
        foreach (Var next in reached.OrderByDescending(v => v.number))
        {
            for (int i = 0; i < next.from.Length; i++)
                next.from[i].Grad += next.slopes[i] * next.Grad;
        }
    }

    private static HashSet<Var> Reached(Var[] results)
    {
        HashSet<Var> reached = [.. results];
        Stack<Var> open = new(reached);
        while (open.TryPop(out Var? next))
        {
            foreach (Var source in next.from)
            {
                if (reached.Add(source))
                    open.Push(source);
            }
        }
        return reached;
    }
}

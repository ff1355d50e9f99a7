using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <summary>What one forward and backward pass gave, in row-major order; gradients of parameters in the order of the layer's state.</summary>
internal sealed record Pass<T>(T[] Y, T[] Dx, (string Key, T[] Values)[] Gradients);

/// <summary>A layer with parameters and buffers that were drawn, so that no two are alike, and an input.</summary>
internal sealed partial class Subject<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly (string Key, double[] Values)[] parameters;
    private readonly Dictionary<string, double[]> buffers;

    public Subject(Member member, int seed = 1, double offset = 0, double scale = 1, bool[]? mask = null)
    {
        (Member, Mask) = (member, mask);
        Random random = new(seed);
        X = Inputs<T>.Normal(random, member.Elements, scale, offset);
        Dy = Inputs<T>.Normal(random, member.Elements, 1, 0.25);
        Layer = member.Make<T>();
        foreach (StateEntry<T> entry in Layer.State.Where(e => e.Kind != StateKind.Counter))
        {
            Tensor<T> value = entry.Value!;
            Span<T> elements = value.GetSpan([.. Enumerable.Repeat((nint)0, value.Rank)], (int)value.FlattenedLength);
            foreach (ref T element in elements)
            {
                T drawn = Inputs<T>.Normal(random, 1, 0.5)[0];
                // A parameter about where it starts; a variance is positive.
                element = entry.Key == "running_var" ? T.CreateTruncating(0.5) + (drawn * drawn) : element + drawn;
            }
        }
        parameters = [.. Layer.NamedParameters.Select(p => (p.Name, Inputs<T>.Doubles(Placing.Logical(p.Parameter.Value))!))];
        buffers = Layer.State.Where(e => e.Kind == StateKind.Buffer).ToDictionary(e => e.Key, e => Inputs<T>.Doubles(Placing.Logical(e.Value!))!);
    }

    public Member Member { get; }

    public NormLayer<T> Layer { get; }

    public T[] X { get; }

    public T[] Dy { get; }

    public bool[]? Mask { get; }

    /// <summary>What the formula gives for this input.</summary>
    public Gradients Expected() => Gradients.By(
        v => Member.Formula(v[0], PartsOf(v[1..])), Inputs<T>.Doubles(Dy)!, [Inputs<T>.Doubles(X)!, .. parameters.Select(p => p.Values)]);

    public Parts PartsOf(Var[][]? variables = null)
    {
        Var[][] values = variables ?? [.. parameters.Select(p => Var.Of(p.Values))];
        return new(Member.Shape, typeof(T) == typeof(float) ? Math.Pow(2, -23) : Math.Pow(2, -52), parameters.Zip(values).ToDictionary(p => p.First.Key, p => p.Second), buffers, Mask);
    }

    /// <summary>Runs the layer, forward and backward; once for each subject, for a training pass moves its statistics.</summary>
    public Pass<T> Run(Placement placement = Placement.Contiguous, int threads = 1)
    {
        Layer.MaxDegreeOfParallelism = threads;
        Layer.ZeroGrad();
        Tensor<T> x = Placing.Place(X, Member.Shape, placement);
        SavedStatistics saved = new();
        // The mask in the input's layout, and in the simplest where the input is in another.
        Tensor<bool>? mask = Mask is null ? null : Placing.Place(Mask, Member.Shape, threads == 1 ? placement : Placement.Contiguous);
        Tensor<T> y = Layer.Forward(x, saved, mask.OrNone());
        Tensor<T> dx = Layer.Backward(Placing.Place(Dy, Member.Shape, placement), x, saved, mask.OrNone());
        return new(Placing.Logical(y), Placing.Logical(dx), [.. Layer.NamedParameters.Select(p => (p.Name, Placing.Logical(p.Parameter.Grad)))]);
    }
}

using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using NormKit.Tests.Reference;

namespace NormKit.Tests.BadInput;

/// <summary>An argument of a call: elements somewhere in an array, with a shape; or, without an array, nothing.</summary>
internal sealed record Block<T>(T[]? Memory, int Start, nint[] Shape) where T : unmanaged
{
    public int Count { get; init; } = (int)Shape.Aggregate((nint)1, (a, b) => a * b);

    public static Block<T> None { get; } = new(null, 0, []);

    /// <summary>As a call on spans takes it.</summary>
    public Span<T> Span => Memory is null ? default : Memory.AsSpan(Start, Count);

    /// <summary>As a call on tensors takes it; a null tensor becomes the default span.</summary>
    public TensorSpan<T> Tensor => Memory is null ? default : new(Memory, Start, Shape, []);

    /// <summary>One element fewer than the shape says, which only a span can have.</summary>
    public Block<T> Shorter => this with { Count = Count - 1 };

    public Block<T> OfShape(params nint[] shape) => this with { Memory = new T[shape.Aggregate((nint)1, (a, b) => a * b)], Start = 0, Shape = shape, Count = (int)shape.Aggregate((nint)1, (a, b) => a * b) };
}

/// <summary>The arguments of a call, each of them right until a test spoils one.</summary>
internal sealed class Arguments
{
    public Arguments(nint[] shape, int parameters)
    {
        Random random = new(3);
        Shape = shape;
        Input = Drawn(shape);
        Destination = Drawn(shape);
        GradOutput = Drawn(shape);
        GradInput = Drawn(shape);
        Second = Drawn(shape);
        Sum = Drawn(shape);
        (Weight, Bias, GradWeight, GradBias, RunningMean) = (Drawn([parameters]), Drawn([parameters]), Drawn([parameters]), Drawn([parameters]), Drawn([parameters]));
        RunningVar = new(Array.ConvertAll(Inputs<float>.Normal(random, parameters), MathF.Abs), 0, [parameters]);

        // One element more than there are, so that another argument may begin one later.
        Block<float> Drawn(nint[] lengths) => new(Inputs<float>.Normal(random, (int)lengths.Aggregate((nint)1, (a, b) => a * b) + 1), 0, lengths);
    }

    public nint[] Shape { get; set; }
    public Block<float> Input { get; set; }
    public Block<float> Destination { get; set; }
    public Block<float> GradOutput { get; set; }
    public Block<float> GradInput { get; set; }

    /// <summary>A residual, a style, or the other of two inputs.</summary>
    public Block<float> Second { get; set; }
    public Block<float> Sum { get; set; }
    public Block<float> Weight { get; set; }
    public Block<float> Bias { get; set; }
    public Block<float> GradWeight { get; set; }
    public Block<float> GradBias { get; set; }
    public Block<float> RunningMean { get; set; }
    public Block<float> RunningVar { get; set; }
    public Block<bool> Mask { get; set; } = Block<bool>.None;
    public nint[] NormalizedShape { get; set; } = [];
    public int[] Axes { get; set; } = [];
    public double Eps { get; set; } = 1e-5;
    public double Momentum { get; set; } = 0.1;
    public int Groups { get; set; } = 5;
    public int Threads { get; set; } = 1;
    public MemoryFormat Format { get; set; }
    public int Size { get; set; } = 3;
    public double Alpha { get; set; } = 1e-4;
    public double Beta { get; set; } = 0.75;
    public double K { get; set; } = 1;
    public LrnWindow Window { get; set; }
    public double P { get; set; } = 2;
    public int Dim { get; set; } = 1;
    public CancellationToken Cancellation { get; set; }

    /// <summary>What the forward pass of the same arguments saved, filled where a backward call needs it.</summary>
    public SavedStatistics? Saved { get; set; } = new();
    public NormLayer<float>? Layer { get; set; }

    /// <summary>All that a call could change.</summary>
    public string State()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Block<float> block in (Block<float>[])[Input, Destination, GradOutput, GradInput, Second, Sum, Weight, Bias, GradWeight, GradBias, RunningMean, RunningVar])
            Add(block.Memory ?? []);
        hash.AppendData(Encoding.UTF8.GetBytes($"{Saved?.Layer} {string.Join(' ', Saved?.Shape.ToArray() ?? [])}"));
        hash.AppendData(MemoryMarshal.AsBytes(Saved is null ? default : Saved.Moments));
        foreach (StateEntry<float> entry in Layer?.State ?? [])
        {
            if (entry.Kind == StateKind.Counter)
                Add([entry.Count]);
            else
                Add(entry.Value is null ? [] : Placing.Logical(entry.Value));
            Add(entry.Parameter is null ? [] : Placing.Logical(entry.Parameter.Grad));
        }
        return Convert.ToHexString(hash.GetHashAndReset());

        void Add(float[] values) => hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
    }
}

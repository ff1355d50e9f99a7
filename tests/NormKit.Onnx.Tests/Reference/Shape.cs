using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>An input's lengths: (N, C, *).</summary>
internal sealed record Shape(params nint[] Lengths)
{
    public int N => (int)Lengths[0];
    public int C => (int)Lengths[1];
    public int S => Product(Lengths.AsSpan(2));
    public int Count => Product(Lengths);

    /// <summary>The channel of an element in row-major order.</summary>
    public int Channel(int element) => element / S % C;

    public int Sample(int element) => element / S / C;

    public static Gen<Shape> OfRank(int least, int most, int longest = 7) =>
        Gen.Int[1, longest].Array[least, most].Select(lengths => new Shape([.. lengths.Select(length => (nint)length)]));

    public static int Product(ReadOnlySpan<nint> lengths)
    {
        int product = 1;
        foreach (nint length in lengths)
            product *= (int)length;
        return product;
    }

    public override string ToString() => $"[{string.Join(", ", Lengths)}]";
}

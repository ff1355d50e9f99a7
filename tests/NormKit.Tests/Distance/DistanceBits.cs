using System.Globalization;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>The bits of the distances, which are classes of their own and no layers: the distance or cosine, and both gradients, for seeded vectors.</summary>
internal static class DistanceBits
{
    private const int Rows = 13, Width = 37;

    /// <summary>A name, and the SHA-256 of what is computed in float and in double.</summary>
    public static IReadOnlyList<(string Name, Func<string> Hash)> Every { get; } =
    [
        .. ((double[])[0, 0.5, 1, 2, 3, double.PositiveInfinity]).Select(p => (
            double.IsPositiveInfinity(p) ? "PairwiseDistance of the largest" : string.Create(CultureInfo.InvariantCulture, $"PairwiseDistance of p {p}"),
            (Func<string>)(() => HashOf(new PairwiseDistance(p))))),
        ("CosineSimilarity", () => HashOf(new CosineSimilarity(-1))),
    ];

    private static string HashOf(PairwiseDistance distance)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add<float>();
        Add<double>();
        return Convert.ToHexString(hash.GetHashAndReset());

        void Add<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            (Tensor<T> x1, Tensor<T> x2, Tensor<T> dy) = Draw<T>();
            (Tensor<T> dx1, Tensor<T> dx2) = distance.Backward<T>(dy, x1, x2);
            Append(hash, distance.Forward<T>(x1, x2), dx1, dx2);
        }
    }

    private static string HashOf(CosineSimilarity similarity)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add<float>();
        Add<double>();
        return Convert.ToHexString(hash.GetHashAndReset());

        void Add<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            (Tensor<T> x1, Tensor<T> x2, Tensor<T> dy) = Draw<T>();
            (Tensor<T> dx1, Tensor<T> dx2) = similarity.Backward<T>(dy, x1, x2);
            Append(hash, similarity.Forward<T>(x1, x2), dx1, dx2);
        }
    }

    private static (Tensor<T> X1, Tensor<T> X2, Tensor<T> Dy) Draw<T>() where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
    (
        Tensor.Create(Inputs<T>.Normal(new(1), Rows * Width, 2, 1), [Rows, Width]), Tensor.Create(Inputs<T>.Normal(new(2), Rows * Width), [Rows, Width]),
        Tensor.Create(Inputs<T>.Normal(new(3), Rows), [Rows]));

    private static void Append<T>(IncrementalHash hash, params ReadOnlySpan<Tensor<T>> tensors) where T : unmanaged
    {
        foreach (Tensor<T> tensor in tensors)
            hash.AppendData(MemoryMarshal.AsBytes(Placing.Logical(tensor).AsSpan()));
    }
}

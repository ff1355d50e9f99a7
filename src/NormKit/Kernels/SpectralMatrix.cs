using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace NormKit.Kernels;

/// <summary>A matrix of doubles and what power iteration does with it. Sums have one order, and no thread but the caller's takes part.</summary>
internal readonly ref struct SpectralMatrix(ReadOnlySpan<double> elements, int rows, int columns)
{
    private readonly ReadOnlySpan<double> elements = elements;

    /// <summary>u = W v / |W v|, then v = W^T u / |W^T u|, the lengths at least eps. A product of 0 leaves its vector as it was: a weight of zeros does
    /// not end the iteration for good.</summary>
    public void Iterate(Span<double> u, Span<double> v, double eps, int iterations)
    {
        double[] room = new double[Math.Max(rows, columns)];
        for (int i = 0; i < iterations; i++)
        {
            Span<double> image = room.AsSpan(0, rows);
            Times(v, image);
            Take(image, eps, u);
            Span<double> preimage = room.AsSpan(0, columns);
            TransposedTimes(u, preimage);
            Take(preimage, eps, v);
        }
    }

    /// <summary>u . (W v).</summary>
    public double Sigma(ReadOnlySpan<double> u, ReadOnlySpan<double> v)
    {
        double[] image = new double[rows];
        Times(v, image);
        return Dot(u, image);
    }

    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b) =>
        Sums.AlongRow<Products>(a.Length, new(ref MemoryMarshal.GetReference(a), ref MemoryMarshal.GetReference(b))).First;

    /// <summary>Divides by the length, at least eps.</summary>
    public static void Take(ReadOnlySpan<double> product, double eps, Span<double> vector)
    {
        double length = Math.Sqrt(Dot(product, product));
        if (length == 0)
            return;
        length = Math.Max(length, eps);
        for (int i = 0; i < vector.Length; i++)
            vector[i] = product[i] / length;
    }

    private void Times(ReadOnlySpan<double> v, Span<double> product)
    {
        for (int row = 0; row < rows; row++)
            product[row] = Dot(elements.Slice(row * columns, columns), v);
    }

    private void TransposedTimes(ReadOnlySpan<double> u, Span<double> product)
    {
        product.Clear();
        int atOnce = Sums.RowsAtOnce(columns);
        for (int row = 0; row < rows; row += atOnce)
        {
            Combination terms = new(ref MemoryMarshal.GetReference(elements[(row * columns)..]), ref MemoryMarshal.GetReference(u[row..]), columns);
            Sums.DownColumns(Math.Min(atOnce, rows - row), columns, ref product[0], ref product[0], ref product[0], terms);
        }
    }

    /// <summary>The rows, each times its number.</summary>
    private readonly ref struct Combination(ref double elements, ref double u, int columns) : IColumnTerms<double>
    {
        private readonly ref double elements = ref elements;
        private readonly ref double u = ref u;

        public static int Count => 1;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void At<TLanes>(int row, nint column, out TLanes first, out TLanes second, out TLanes third) where TLanes : struct, ILanes<TLanes, double>
        {
            first = TLanes.Load(ref elements, ((nint)row * columns) + column) * TLanes.Create(Unsafe.Add(ref u, row));
            second = third = default;
        }
    }
}

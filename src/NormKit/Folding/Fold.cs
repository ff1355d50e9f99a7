using System.Numerics;
using System.Numerics.Tensors;

namespace NormKit.Folding;

/// <summary>The arithmetic of folding, on a norm given as a <see cref="ChannelMap"/>. In double, each result rounded once.</summary>
internal static class Fold
{
    /// <summary><c>norm(layer(x))</c> as one layer: outputs are scaled, and the norm maps the bias as it would any value.</summary>
    public static FoldedLayer<T> AfterLayer<T>(
        string caller, ChannelMap norm, in FilterBank bank, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] weights = Elements(weight);
        double[] biases = Biases(bank, bias);
        bool finite = AllFinite<T>(weights) && AllFinite<double>(biases);
        for (int o = 0; o < biases.Length; o++)
            biases[o] = norm.Of(biases[o], o);
        for (int row = 0, start = 0; row < bank.Rows; row++)
        {
            for (int column = 0; column < bank.Columns; column++, start += bank.Kernel)
                Scale(weights.AsSpan(start, bank.Kernel), norm.Scale(bank.OutputOf(row, column)));
        }
        return Results(caller, weights, weight.Lengths, biases, finite);
    }

    /// <summary><c>layer(norm(x))</c> as one layer: inputs are scaled, and what the layer makes of the norm of 0 joins the bias.</summary>
    public static FoldedLayer<T> BeforeLayer<T>(
        string caller, ChannelMap norm, in FilterBank bank, in ReadOnlyTensorSpan<T> weight, in ReadOnlyTensorSpan<T> bias)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] weights = Elements(weight);
        double[] biases = Biases(bank, bias);
        bool finite = AllFinite<T>(weights) && AllFinite<double>(biases);
        for (int row = 0, start = 0; row < bank.Rows; row++)
        {
            for (int column = 0; column < bank.Columns; column++, start += bank.Kernel)
            {
                Span<T> kernel = weights.AsSpan(start, bank.Kernel);
                int input = bank.InputOf(row, column);
                double sum = 0;
                foreach (T w in kernel)
                    sum += double.CreateTruncating(w);
                biases[bank.OutputOf(row, column)] += sum * norm.Of(0, input);
                Scale(kernel, norm.Scale(input));
            }
        }
        return Results(caller, weights, weight.Lengths, biases, finite);
    }

    private static double[] Biases<T>(in FilterBank bank, in ReadOnlyTensorSpan<T> bias) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        bias.Rank == 0 ? new double[bank.Outputs] : Array.ConvertAll(Elements(bias), double.CreateTruncating);

    /// <summary>A copy in row-major order.</summary>
    private static T[] Elements<T>(in ReadOnlyTensorSpan<T> tensor)
    {
        T[] elements = new T[tensor.FlattenedLength];
        tensor.FlattenTo(elements);
        return elements;
    }

    private static void Scale<T>(Span<T> values, double factor) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (ref T value in values)
            value = T.CreateTruncating(double.CreateTruncating(value) * factor);
    }

    /// <exception cref="ArgumentException">The layer was finite, and a result is not.</exception>
    private static FoldedLayer<T> Results<T>(string caller, T[] weights, ReadOnlySpan<nint> shape, double[] biases, bool wasFinite)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] rounded = Array.ConvertAll(biases, T.CreateTruncating);
        if (wasFinite && !(AllFinite<T>(weights) && AllFinite<T>(rounded)))
            throw new ArgumentException($"{caller}: a weight or bias becomes larger than a {typeof(T).Name} holds; weight / sqrt(runningVar + eps) of the norm is too large, and the norm must stay unfolded.", "norm");
        return new(Tensor.Create(weights, shape), Tensor.Create(rounded, [biases.Length]));
    }

    private static bool AllFinite<T>(ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (T value in values)
        {
            if (!T.IsFinite(value))
                return false;
        }
        return true;
    }
}

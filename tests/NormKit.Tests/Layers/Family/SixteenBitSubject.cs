using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>Layers of float on inputs that are 16-bit numbers.</summary>
internal static class SixteenBitSubject
{
    /// <summary>A subject whose inputs are 16-bit numbers.</summary>
    public static Subject<float> Draw(Member member, double offset, SixteenBitFormat format)
    {
        Subject<float> subject = new(member, offset: offset);
        foreach (float[] values in (float[][])[subject.X, subject.Dy])
        {
            for (int i = 0; i < values.Length; i++)
                values[i] = (float)format.Value(format.Nearest(values[i]));
        }
        return subject;
    }

    /// <summary>Its output and the gradient of its input, in 16 bits.</summary>
    public static (Tensor<T> Y, Tensor<T> Dx) Run<T>(Subject<float> subject, Placement placement, SixteenBitFormat format) where T : unmanaged
    {
        Tensor<T> x = Placing.Place(Narrow(subject.X), subject.Member.Shape, placement), dy = Placing.Place(Narrow(subject.Dy), subject.Member.Shape, placement);
        SavedStatistics saved = new();
        Tensor<T> y = subject.Layer.Forward<T>(x, saved);
        return (y, subject.Layer.Backward<T>(dy, x, saved));

        T[] Narrow(float[] values) => Array.ConvertAll(values, v => Unsafe.BitCast<ushort, T>(format.Nearest(v)));
    }
}

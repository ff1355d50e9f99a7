using System.Numerics;
using CsCheck;

namespace NormKit.Onnx.Tests;

/// <summary>How random values are spread: normal, never ones or zeros.</summary>
internal sealed record Data(int Seed, double Offset, double Scale)
{
    /// <summary>Means of up to ten thousand standard deviations, and scales at which eps matters and at which it does not.</summary>
    public static readonly Gen<Data> Usual = Gen.Select(
        Gen.Int[0, 1_000_000], Gen.OneOf(0.0, 0.5, -3, 100, 1e4), Gen.OneOf(1e-3, 0.1, 1.0, 50), (seed, offset, scale) => new Data(seed, offset * scale, scale));

    /// <summary>As ONNX has it: a float.</summary>
    public static readonly Gen<float> Epsilon = Gen.OneOf(1e-5f, 1e-3f, 1e-12f, 0.1f);

    /// <summary>The input. Other tensors of the case come from <see cref="Values"/> with a number of their own.</summary>
    public T[] Input<T>(int count) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Values<T>(0, count, Offset, Scale);

    public T[] Values<T>(int which, int count, double offset, double scale) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Random random = new(Seed + (which * 1_000_003));
        T[] values = new T[count];
        for (int i = 0; i < count; i++)
        {
            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            values[i] = T.CreateTruncating((radius * Math.Cos(2 * Math.PI * random.NextDouble()) * scale) + offset);
        }
        return values;
    }

    public T[] Weight<T>(int count) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Values<T>(1, count, 1, 0.5);

    public T[] Bias<T>(int count) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Values<T>(2, count, 0.25, 0.5);

    public static double[] Doubles<T>(T[] values) where T : unmanaged, IBinaryFloatingPointIeee754<T> => Array.ConvertAll(values, double.CreateTruncating);
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace NormKit.Tests.Reference;

/// <summary>How near results are: in the measure of <see cref="Tolerances"/>, or to the bit.</summary>
internal static class Closeness
{
    /// <summary>The largest error over the largest expected value; infinite where a value is no number and should be.</summary>
    public static double Error<T>(ReadOnlySpan<T> actual, ReadOnlySpan<double> expected) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = 0, largest = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs(double.CreateTruncating(actual[i]) - expected[i]);
            error = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(error, difference);
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }
        return error == 0 ? 0 : error / largest;
    }

    public static void Near<T>(ReadOnlySpan<T> actual, ReadOnlySpan<double> expected, double tolerance, string what)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double error = Error(actual, expected);
        Assert.True(error <= tolerance, $"{what}: error {error:g3} of the largest, allowed {tolerance:g3}");
    }

    public static void Near<T>(Results<T> actual, Expected expected, string what) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Near<T>(actual.Y, expected.Y, Tolerances.Forward<T>(), $"{what} y");
        Near<T>(actual.Dx, expected.Dx, Tolerances.InputGradient<T>(), $"{what} dx");
        Near<T>(actual.DWeight, expected.DWeight, Tolerances.ParameterGradient<T>(), $"{what} dweight");
        Near<T>(actual.DBias, expected.DBias, Tolerances.ParameterGradient<T>(), $"{what} dbias");
    }

    public static void SameBits<T>(ReadOnlySpan<T> expected, ReadOnlySpan<T> actual, string what) where T : unmanaged
    {
        Assert.Equal(expected.Length, actual.Length);
        if (MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(actual)))
            return;
        int first = 0;
        while (EqualityComparer<T>.Default.Equals(expected[first], actual[first]))
            first++;
        Assert.Fail($"{what}: element {first} of {expected.Length} is {actual[first]}, not {expected[first]}");
    }

    public static void SameBits<T>(Results<T> expected, Results<T> actual, string what) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        SameBits<T>(expected.Y, actual.Y, $"{what} y");
        SameBits<T>(expected.Dx, actual.Dx, $"{what} dx");
        SameBits<T>(expected.DWeight, actual.DWeight, $"{what} dweight");
        SameBits<T>(expected.DBias, actual.DBias, $"{what} dbias");
        SameBits<Moments>(expected.Moments, actual.Moments, $"{what} moments");
    }
}

using System.Numerics;

namespace NormKit.Accuracy;

/// <summary>How far results are from the truth: the largest error over the largest true magnitude, and the worst error of one element in units in
/// its last place, among those of at least a hundredth of the largest: nearer to zero every sum loses digits that its terms do not have.</summary>
internal readonly record struct Errors(double OfLargest, double Ulp)
{
    public static Errors Of<T>(T[] actual, double[] expected) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        double error = 0, largest = expected.Length == 0 ? 0 : expected.Max(Math.Abs), ulps = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double difference = Math.Abs(double.CreateTruncating(actual[i]) - expected[i]);
            if (double.IsNaN(difference))
                difference = double.PositiveInfinity;
            error = Math.Max(error, difference);
            T at = T.Abs(T.CreateTruncating(expected[i]));
            double unit = double.CreateTruncating(T.BitIncrement(at) - at);
            if (difference > 0 && Math.Abs(expected[i]) >= largest / 100)
                ulps = Math.Max(ulps, difference / unit);
        }
        return new(error == 0 ? 0 : error / largest, ulps);
    }

    public static Errors Worst(Errors a, Errors b) => new(Math.Max(a.OfLargest, b.OfLargest), Math.Max(a.Ulp, b.Ulp));
}

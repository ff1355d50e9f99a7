using NormKit.Tests.Reference;
using NormKit.Tests.Reference.Formulas;

namespace NormKit.Tests;

/// <content>What a pass has to be.</content>
internal sealed partial class Subject<T>
{
    public static void Near(Pass<T> pass, Gradients expected, string what)
    {
        Closeness.Near<T>(pass.Y, expected.Y, Tolerances.Forward<T>(), $"{what} y");
        Closeness.Near<T>(pass.Dx, expected.Of[0], Tolerances.InputGradient<T>(), $"{what} dx");
        for (int i = 0; i < pass.Gradients.Length; i++)
        {
            (string key, T[] values) = pass.Gradients[i];
            double[] wanted = expected.Of[i + 1];
            if (values.Length > 3)
            {
                Closeness.Near<T>(values, wanted, Tolerances.ParameterGradient<T>(), $"{what} gradient of {key}");
                continue;
            }
            // A sum of many terms of about 1 that may cancel by chance, with no neighbours to be measured by.
            double allowed = Tolerances.ParameterGradient<T>() * Math.Max(1, wanted.Max(Math.Abs));
            Assert.All(values.Zip(wanted), v => Assert.Equal(v.Second, double.CreateTruncating(v.First), allowed));
        }
    }

    public static void SameBits(Pass<T> expected, Pass<T> actual, string what)
    {
        Closeness.SameBits<T>(expected.Y, actual.Y, $"{what} y");
        Closeness.SameBits<T>(expected.Dx, actual.Dx, $"{what} dx");
        for (int i = 0; i < expected.Gradients.Length; i++)
            Closeness.SameBits<T>(expected.Gradients[i].Values, actual.Gradients[i].Values, $"{what} gradient of {expected.Gradients[i].Key}");
    }
}

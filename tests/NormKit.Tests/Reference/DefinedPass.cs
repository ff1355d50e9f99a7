using System.Numerics;

namespace NormKit.Tests.Reference;

/// <summary>
/// What the definition gives for a forward and a backward pass: values of the element type, held in double. The gradients of weight and bias are there
/// where a run has one weight, and null otherwise.
/// </summary>
internal sealed record DefinedPass(DefinedMoments[] Moments, double[] Y, double[] Dx, double[]? DWeight, double[]? DBias)
{
    /// <param name="problem">Who shares statistics and weights.</param>
    /// <param name="x">The input, widened to float.</param>
    /// <param name="dy">The gradient of the output, widened to float.</param>
    /// <param name="weight">One per parameter; null for none.</param>
    /// <param name="bias">The same.</param>
    /// <param name="format">The 16-bit format of the elements; null for float.</param>
    /// <param name="oldGradient">What the gradients of weight and bias are added to: the same value for all.</param>
    public static DefinedPass Of(
        DefinedCase problem, float[] x, float[] dy, float[]? weight, float[]? bias, SixteenBitFormat? format = null, float oldGradient = 0)
    {
        DefinedMoments[] moments = new DefinedMoments[problem.Sets];
        double[] y = new double[x.Length], dx = new double[x.Length];
        double[] dWeight = new double[problem.Parameters], dBias = new double[problem.Parameters];
        bool byElement = problem.WeightsByElement && (weight is not null || bias is not null);
        foreach ((int set, int[] elements) in problem.ElementsOfSets().Index())
        {
            float[] ofSet = [.. elements.Select(i => x[i])];
            DefinedMoments of = moments[set] = problem.IsCentred ? Definition.Centred(ofSet) : Definition.AboutZero(ofSet);
            double factor = Factor(of, problem.Eps);

            // The gradient sums of each run, and their total over the set: rounded once.
            Exact a = Exact.Zero, b = Exact.Zero;
            foreach (int[] run in problem.RunsOf(elements))
            {
                Exact[] g = [.. run.Select(i => Exact.Of(dy[i]) * (byElement ? WeightOf(i) : Exact.Of(1)))];
                DefinedSums sums = Definition.Sums(of, g, [.. run.Select(i => x[i])]);
                Exact shared = problem.WeightsByElement ? Exact.Of(1) : WeightOf(run[0]);
                a += shared * Exact.Of(sums.A);
                b += shared * Exact.Of(sums.B);
                if (!problem.WeightsByElement)
                {
                    // Sets come in the order of their samples.
                    dWeight[problem.ParameterOf(run[0])] += sums.B * factor;
                    dBias[problem.ParameterOf(run[0])] += sums.A;
                }
            }
            double totalA = Exact.ToDouble(a), totalB = Exact.ToDouble(b);
            double first = problem.IsCentred ? totalA / of.Count * factor : 0;
            double second = totalB / of.Count * factor * factor * factor;

            foreach (int[] run in problem.RunsOf(elements))
            {
                if (byElement)
                {
                    if (DefinedRange.IsLeftForward(factor))
                        ForwardByElement<double>(run, of, factor);
                    else
                        ForwardByElement<float>(run, of, factor);
                    if (DefinedRange.IsLeftBackward(factor))
                        BackwardByElement<double>(run, of, factor, first, second);
                    else
                        BackwardByElement<float>(run, of, factor, first, second);
                    continue;
                }
                int parameter = problem.ParameterOf(run[0]);
                double w = problem.WeightsByElement ? 1 : weight?[parameter] ?? 1;
                double shift = problem.WeightsByElement ? 0 : bias?[parameter] ?? 0;
                if (DefinedRange.IsLeftForward(factor, w))
                    UniformForward<double>(run, of, factor, w, shift);
                else
                    UniformForward<float>(run, of, factor, w, shift);
                if (DefinedRange.IsLeftBackward(factor))
                    UniformBackward<double>(run, of, factor, w, first, second);
                else
                    UniformBackward<float>(run, of, factor, w, first, second);
            }
        }
        bool perRun = !problem.WeightsByElement;
        return new(moments, y, dx, perRun ? Array.ConvertAll(dWeight, Added) : null, perRun ? Array.ConvertAll(dBias, Added) : null);

        Exact WeightOf(int i) => Exact.Of(weight?[problem.ParameterOf(i)] ?? 1);

        double Added(double sum) => (float)(sum + oldGradient);

        // T is float or double: what is computed in.
        void UniformForward<T>(int[] run, DefinedMoments of, double factor, double w, double b) where T : IBinaryFloatingPointIeee754<T>
        {
            (T high, double low) = Split<T>(of);
            double scaleInDouble = factor * w;
            T scale = T.CreateChecked(scaleInDouble);
            T shift = T.CreateChecked(b - (low * scaleInDouble));
            foreach (int i in run)
                y[i] = Stored(((T.CreateChecked(x[i]) - high) * scale) + shift);
        }

        void UniformBackward<T>(int[] run, DefinedMoments of, double factor, double w, double first, double second) where T : IBinaryFloatingPointIeee754<T>
        {
            (T high, double low) = Split<T>(of);
            T scale = T.CreateChecked(factor * w);
            T offset = T.CreateChecked(first - (low * second)), slope = T.CreateChecked(second);
            foreach (int i in run)
                dx[i] = Stored((T.CreateChecked(dy[i]) * scale) - offset - ((T.CreateChecked(x[i]) - high) * slope));
        }

        void ForwardByElement<T>(int[] run, DefinedMoments of, double factor) where T : IBinaryFloatingPointIeee754<T>
        {
            (T high, double low) = Split<T>(of);
            T scale = T.CreateChecked(factor), shift = T.CreateChecked(-low * factor);
            foreach (int i in run)
            {
                int parameter = problem.ParameterOf(i);
                T w = T.CreateChecked(weight?[parameter] ?? 1), b = T.CreateChecked(bias?[parameter] ?? 0);
                T normalized = ((T.CreateChecked(x[i]) - high) * scale) + shift;
                y[i] = problem.RoundsBeforeWeight && format is not null ? Stored(T.CreateChecked(Stored(normalized)) * w) : Stored((normalized * w) + b);
            }
        }

        void BackwardByElement<T>(int[] run, DefinedMoments of, double factor, double first, double second) where T : IBinaryFloatingPointIeee754<T>
        {
            (T high, double low) = Split<T>(of);
            T scale = T.CreateChecked(factor);
            T offset = T.CreateChecked(first - (low * second)), slope = T.CreateChecked(second);
            foreach (int i in run)
            {
                T w = T.CreateChecked(weight?[problem.ParameterOf(i)] ?? 1);
                dx[i] = Stored((T.CreateChecked(dy[i]) * w * scale) - offset - ((T.CreateChecked(x[i]) - high) * slope));
            }
        }

        // Rounded to the element type, once.
        double Stored<T>(T value) where T : IBinaryFloatingPointIeee754<T>
        {
            double exact = double.CreateChecked(value);
            return format is null || double.IsNaN(exact) ? (float)exact : format.Value(format.Nearest(exact));
        }
    }

    /// <summary>The factor of a set: 0 where all that is to be scaled is 0.</summary>
    public static double Factor(DefinedMoments of, double eps)
    {
        double spread = Math.Sqrt((of.Q / of.Count) + eps);
        return spread == 0 ? 0 : 1 / spread;
    }

    /// <summary>The mean as its nearest number of type T and what that lacks.</summary>
    private static (T High, double Low) Split<T>(DefinedMoments of) where T : IBinaryFloatingPointIeee754<T>
    {
        T high = T.CreateChecked(of.Mean);
        return (high, of.Mean - double.CreateChecked(high) + of.Low);
    }
}

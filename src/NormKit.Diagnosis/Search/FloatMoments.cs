using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>The variance as the mean of squares less the square of the mean, in float, as programs compute it that take one pass.</summary>
internal static class FloatMoments
{
    /// <returns>A variance for each cell of the view.</returns>
    /// <param name="view">Whose sets are wanted.</param>
    /// <param name="sets">The sets.</param>
    /// <param name="inputFormat">What the input is rounded to first.</param>
    /// <param name="isSequential">Whether the sums are float too, one element after the other; else they are exact and rounded once.</param>
    public static double[] Variances(View view, IndexMap sets, NumberFormat inputFormat, bool isSequential)
    {
        double[] x = view.WholeIn(inputFormat);
        bool[]? wanted = view.Wanted(sets);
        float[] sum = new float[sets.Count], squares = new float[sets.Count];
        double[] exactSum = new double[sets.Count], exactSquares = new double[sets.Count];
        int start = 0;
        foreach (int first in sets.Runs())
        {
            for (int i = 0, set = first; i < sets.RunLength; i++, set += sets.RunStep)
            {
                if (wanted is not null && !wanted[set])
                    continue;
                float value = (float)x[start + i];
                if (isSequential)
                {
                    sum[set] += value;
                    squares[set] += value * value;
                }
                else
                {
                    exactSum[set] += value;
                    exactSquares[set] += (double)value * value;
                }
            }
            start += sets.RunLength;
        }
        float n = x.Length / sets.Count;
        double[] variances = new double[sets.Count];
        for (int set = 0; set < variances.Length; set++)
        {
            float mean = isSequential ? sum[set] / n : (float)(exactSum[set] / n);
            float meanSquare = isSequential ? squares[set] / n : (float)(exactSquares[set] / n);

            // Where the difference comes out negative, programs clamp it.
            variances[set] = Math.Max(0, meanSquare - (mean * mean));
        }
        return view.CellsOf(sets).Gather(variances);
    }
}

using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Mean and spread of sets whose sums are kept in 16 bits, one element after the other, as a loop without a float accumulator has them.</summary>
internal static class Accumulation
{
    /// <param name="view">Whose sets are wanted.</param>
    /// <param name="sets">The sets.</param>
    /// <param name="roundings">The type of the sums, and whether each term is rounded first.</param>
    /// <param name="isCentered">Whether the squares are those of the deviations from the mean; else of the elements.</param>
    public static SetMoments Of(View view, IndexMap sets, Roundings roundings, bool isCentered)
    {
        double[] x = view.WholeIn(roundings.MomentsInput), mean = new double[sets.Count], squares = new double[sets.Count];
        bool[]? wanted = view.Wanted(sets);
        double n = x.Length / sets.Count;
        NumberFormat format = roundings.Sums;
        double Term(double value) => roundings.RoundsTerms ? Formats.Round(value, format) : value;
        void Each(Action<int, double> add)
        {
            int start = 0;
            foreach (int first in sets.Runs())
            {
                for (int i = 0, set = first; i < sets.RunLength; i++, set += sets.RunStep)
                {
                    if (wanted is null || wanted[set])
                        add(set, x[start + i]);
                }
                start += sets.RunLength;
            }
        }
        if (isCentered)
        {
            Each((set, value) => mean[set] = Formats.Round(mean[set] + value, format));
            for (int set = 0; set < mean.Length; set++)
                mean[set] = Term(mean[set] / n);
        }
        Each((set, value) =>
        {
            double deviation = Term(value - mean[set]);
            squares[set] = Formats.Round(squares[set] + Term(deviation * deviation), format);
        });
        for (int set = 0; set < squares.Length; set++)
            squares[set] = Term(squares[set] / n);
        Cells cells = view.CellsOf(sets);
        return new(cells.Gather(mean), cells.Gather(squares));
    }
}

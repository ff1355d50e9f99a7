namespace NormKit.Diagnosis.Tests;

/// <summary>Rows of outputs in batches of other sizes.</summary>
public sealed class BatchesTests
{
    private static readonly double[] Whole = Formulas.Normal(6 * 5, 1);

    [Fact]
    public void Compare_EqualRows_IsInvariant()
    {
        BatchFinding finding = Batches.Compare(Whole, [6, 5], Whole[..10], [2, 5], NumberFormat.Float32);
        Assert.True(finding.IsInvariant);
        Assert.Equal((2, 0), (finding.Rows, finding.DifferentElements));
        Assert.StartsWith("Batch-invariant: the 2 rows", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_OneUnitInOneRow_SaysWhere()
    {
        double[] other = [.. Whole, .. Formulas.Normal(5, 2)];
        other[13] = float.BitIncrement((float)other[13]);
        BatchFinding finding = Batches.Compare(Whole, [6, 5], other, [7, 5], NumberFormat.Float32);
        Assert.Equal([2], finding.DifferentRows);
        Assert.Equal([2, 3], finding.FirstDifference!);
        Assert.Equal((6, 1, 1.0), (finding.Rows, finding.DifferentElements, finding.MaxUlp));
        Assert.StartsWith("Not batch-invariant: in batches of 6 and 7, 1 of 30 elements differs, in 1 of 6 rows (2), first at [2, 3], by at most 1 ULP of float32.", finding.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_OtherRows_IsRefused() => Assert.Contains("only the first dimension may differ",
        Assert.Throws<ArgumentException>(() => Batches.Compare(Whole, [6, 5], Whole, [5, 6], NumberFormat.Float32)).Message, StringComparison.Ordinal);
}

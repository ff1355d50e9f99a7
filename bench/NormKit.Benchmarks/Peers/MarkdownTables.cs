using System.Text;

namespace NormKit.Benchmarks.Peers;

/// <summary>Measurements as the tables of the documentation.</summary>
internal static class MarkdownTables
{
    private const string Begin = "<!-- peers -->", End = "<!-- /peers -->";

    private static readonly string[] Others = ["libtorch", "ONNX Runtime", "TensorPrimitives"];

    public static string Of(MeasurementFile file)
    {
        StringBuilder text = new();
        text.AppendLine($"{file.Machine}. {file.Measurements.Select(m => m.Rounds).DefaultIfEmpty().Min()} rounds or more.");
        foreach (IGrouping<(string Pass, int Threads), Measurement> table in file.Measurements.GroupBy(m => (m.Pass, m.Threads)).OrderByDescending(g => g.Key.Pass).ThenByDescending(g => g.Key.Threads))
        {
            bool isForward = table.Key.Pass == "forward";
            string limit = isForward ? RowRun.Copy : RowRun.Triad;
            text.AppendLine().AppendLine($"**{(isForward ? "Forward" : "Backward")}, {table.Key.Threads} {(table.Key.Threads == 1 ? "thread" : "threads")}**, in multiples of {(isForward ? "a copy" : $"`{limit}`")} of the same bytes{(table.Any(HasResidual) ? $"; `add +` rows in multiples of {RowRun.Both}, one after the other" : "")}").AppendLine();
            text.AppendLine($"| row | {limit}, ms | non-temporal | NormKit, ms | NormKit (quartiles) | {string.Join(" | ", Others)} | best peer takes | other layout |");
            text.AppendLine("|---|---|---|---|---|---|---|---|---|---|");
            foreach (Measurement m in table)
                text.AppendLine(Line(m));
        }
        IEnumerable<Measurement> allocating = file.Measurements.Where(m => m.Case(NormKitPeer.New) is not null);
        if (allocating.Any())
        {
            text.AppendLine().AppendLine("**As called**: a new output in each call, default settings of the allocator, ms").AppendLine();
            text.AppendLine("| row | pass | threads | NormKit, output given | NormKit, new output | libtorch | libtorch takes |").AppendLine("|---|---|---|---|---|---|---|");
            foreach (Measurement m in allocating)
            {
                CaseTime ours = m.Case(NormKitPeer.New)!;
                CaseTime? theirs = m.Case("libtorch, as called");
                text.AppendLine($"| {m.Row} | {m.Pass} | {m.Threads} | {Time(m.Case(NormKitPeer.Given)!)} | {Time(ours)} | {(theirs is null ? "" : Time(theirs))} | {(theirs is null ? "" : $"{Ratio(theirs.ToNormKit.Median)} x")} |");
            }
        }
        return text.ToString().TrimEnd();
    }

    /// <summary>Puts the tables between the marks of a file that has them, or makes a file of them.</summary>
    public static void Write(string tables, string path)
    {
        string old = File.Exists(path) ? File.ReadAllText(path) : "";
        int begin = old.IndexOf(Begin, StringComparison.Ordinal), end = old.IndexOf(End, StringComparison.Ordinal);
        File.WriteAllText(path, begin >= 0 && end > begin ? $"{old[..(begin + Begin.Length)]}\n{tables}\n{old[end..]}" : tables + "\n");
    }

    private static bool HasResidual(Measurement m) => m.Limit == RowRun.Both;

    private static string Line(Measurement m)
    {
        CaseTime ours = m.Case(NormKitPeer.Given)!, limit = m.Cases[0], pastCaches = m.Cases[1];
        CaseTime[] others = [.. Others.Select(m.Case).OfType<CaseTime>()];
        double best = others.Length == 0 ? double.NaN : others.Min(other => other.ToNormKit.Median);
        return $"| {m.Row} | {Time(limit)} | {Ratio(pastCaches.ToLimit.Median)} | {Time(ours)} | **{Ratio(ours.ToLimit.Median)}** ({Ratio(ours.ToLimit.Low)}-{Ratio(ours.ToLimit.High)}) | "
            + $"{string.Join(" | ", Others.Select(other => m.Case(other) is CaseTime theirs ? Ratio(theirs.ToLimit.Median) : ""))} | {(double.IsNaN(best) ? "" : $"{Ratio(best)} x NormKit")} | {m.Elsewhere} |";
    }

    private static string Time(CaseTime time) => time.Milliseconds.Median switch
    {
        < 0.001 => time.Milliseconds.Median.ToString("F6"),
        < 0.1 => time.Milliseconds.Median.ToString("F4"),
        < 10 => time.Milliseconds.Median.ToString("F3"),
        _ => time.Milliseconds.Median.ToString("F1"),
    };

    private static string Ratio(double ratio) => ratio.ToString(ratio < 10 ? "F2" : "F1");
}

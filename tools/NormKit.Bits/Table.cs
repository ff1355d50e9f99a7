using System.Text;
using NormKit.Tests;

namespace NormKit.Bits;

/// <summary>Layers down, conditions across, one hash a row.</summary>
internal static class Table
{
    private const string Begin = "<!-- bits: dotnet run -c Release --project tools/NormKit.Bits -- --write docs/guarantees.md -->", End = "<!-- /bits -->";
    private const int Digits = 16;    // of a hash that are printed: 64 bits

    /// <summary>The repository, above the artifacts folder that this program runs in.</summary>
    public static string Root { get; } = FindRoot();

    public static int Make(bool isShort, string? file, string[]? also)
    {
        List<(string Name, Func<string, Member?, string> Cell)> columns = [];
        List<string> absent = [];
        Dictionary<string, string> here = Probe.Hashes.ToDictionary(row => row.Name, row => row.Hash());
        foreach (Condition condition in Condition.All(isShort).Concat(also is null ? [] : [new Condition(also[0], "", [], Program: also[1])]))
        {
            Console.Error.WriteLine($"{condition.Name} ...");
            (Dictionary<string, string>? hashes, string why) = condition.Run();
            if (hashes is null)
                absent.Add($"{condition.Name}: {why}");
            else
                columns.Add((condition.Name, (name, _) => Same(here[name], hashes[name])));
        }
        // The distances are computed on one thread, a pair of vectors after the other.
        foreach (int threads in (int[])[2, 3, 8])
            columns.Add(($"{threads} threads", (name, m) => m is null ? "-" : Same(here[name], MemberBits.Hash(m, threads))));
        columns.Add(("rows", (_, m) => m is null || !MemberBits.HasIndependentSamples(m) ? "-" : MemberBits.RowsHaveTheSameBitsInAnyBatch(m) ? "=" : "differs"));
        columns.Add(("addresses", (_, m) => m is null ? "-" : MemberBits.HasTheSameBitsAtAnyAddress(m) ? "=" : "differs"));
        columns.AddRange(OfSameNumbers(here));
        return Print(columns, here, absent, file);
    }

    /// <summary>The columns of this process that compare a layer with itself on the same numbers.</summary>
    public static int MakeSame()
    {
        Dictionary<string, string> here = Probe.Hashes.ToDictionary(row => row.Name, row => row.Hash());
        return Print(OfSameNumbers(here), here, [], null);
    }

    private static List<(string Name, Func<string, Member?, string> Cell)> OfSameNumbers(Dictionary<string, string> here) =>
    [
        ("channels-last", (_, m) => m is null ? "-" : SameNumbers.InChannelsLast(m)),
        ("masked", (_, m) => m is null ? "-" : SameNumbers.UnderAMask(m)),
        ("permuted", (_, m) => m is null ? "-" : SameNumbers.InAnotherOrder(m)),
        ("level 2", (name, m) => m is null ? "-" : SameNumbers.AtLevel(m, 2, here[name])),
        ("level 3", (name, m) => m is null ? "-" : SameNumbers.AtLevel(m, 3, here[name])),
    ];

    private static int Print(List<(string Name, Func<string, Member?, string> Cell)> columns, Dictionary<string, string> here, List<string> absent, string? file)
    {
        StringBuilder text = new();
        text.Append("| layer | SHA-256 |").AppendJoin("|", columns.Select(c => $" {c.Name} ")).Append("|\n|").AppendJoin("", Enumerable.Repeat("---|", columns.Count + 2)).Append('\n');
        bool allSame = true;
        foreach ((string name, _) in Probe.Hashes)
        {
            Member? member = Members.Every.FirstOrDefault(m => m.Name == name);
            string[] cells = [.. columns.Select(c => c.Cell(name, member))];
            allSame &= cells.All(c => c is "=" or "-");
            text.Append("| ").Append(name).Append(" | `").Append(here[name][..Digits]).Append("` |").AppendJoin("|", cells.Select(c => $" {c} ")).Append("|\n");
        }
        text.Append($"\n{Probe.Conditions[..Probe.Conditions.IndexOf(' ', StringComparison.Ordinal)]}, .NET {Environment.Version}, {Environment.ProcessorCount} processors; {(allSame ? "all the same" : "SOME DIFFER")}.\n");
        foreach (string line in absent)
            text.Append($"Not checked here: {line}.\n");
        Console.Write(text);
        if (file is not null)
            Write(file, Begin, End, text.ToString());
        return allSame ? 0 : 1;
    }

    /// <summary>This machine against the table that another wrote.</summary>
    public static int Check(string file)
    {
        string[] rows = [.. File.ReadAllLines(file).SkipWhile(l => l != Begin).TakeWhile(l => l != End)];
        int different = 0;
        foreach ((string name, Func<string> compute) in Probe.Hashes)
        {
            string hash = compute()[..Digits];
            if (rows.Any(r => r.StartsWith($"| {name} | `{hash}` |", StringComparison.Ordinal)))
                continue;
            Console.WriteLine($"{name}: {hash} is not in {file}.");
            different++;
        }
        Console.WriteLine($"{Probe.Conditions}: {Probe.Hashes.Count - different} of {Probe.Hashes.Count} layers have the bits of {file}.");
        return different == 0 ? 0 : 1;
    }

    private static string Same(string expected, string actual) => expected == actual ? "=" : $"`{actual[..Digits]}`";

    /// <summary>Puts a table between two marks of a file.</summary>
    public static void Write(string file, string first, string last, string table)
    {
        string text = File.ReadAllText(file);
        int begin = text.IndexOf(first, StringComparison.Ordinal), end = text.IndexOf(last, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{file} has no lines '{first}' and '{last}' to write between.");
        File.WriteAllText(file, $"{text[..(begin + first.Length)]}\n{table}{text[end..]}");
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "NormKit.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? Directory.GetCurrentDirectory();
    }
}

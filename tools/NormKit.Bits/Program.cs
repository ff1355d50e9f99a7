using NormKit.Bits;

// bits                      the table of all conditions, which takes some minutes: it publishes ahead-of-time builds of itself
// bits --short              without these builds and without the slowest condition
// bits --write FILE         the table into FILE, between its two marks
// bits --also NAME COMMAND  and a column of what COMMAND probe prints: another machine, or an emulator (arm64.sh)
// bits probe                the hashes of this process, one layer a line
// bits check FILE           the hashes of this process against those of the table in FILE: for other machines
// bits same                 the columns of the same numbers in other layouts, masks, orders and levels alone, which takes seconds
// bits doubts [--write FILE]  how often a set is in doubt after each level of the float kernels, into FILE, between its two marks
return args switch
{
    ["probe"] => Probe.Print(),
    ["check", string file] => Table.Check(file),
    ["same"] => Table.MakeSame(),
    ["doubts"] => Doubts.Make(null),
    ["doubts", "--write", string file] => Doubts.Make(file),
    _ => Make([.. args]),
};

static int Make(List<string> options)
{
    bool isShort = options.Remove("--short");
    string? file = Take(options, "--write", 1)?[0];
    string[]? also = Take(options, "--also", 2);
    return options.Count == 0 ? Table.Make(isShort, file, also) : Refuse();
}

// An option with as many values, which leaves the list.
static string[]? Take(List<string> options, string name, int values)
{
    int at = options.IndexOf(name);
    if (at < 0 || at + values >= options.Count)
        return null;
    string[] taken = [.. options.GetRange(at + 1, values)];
    options.RemoveRange(at, values + 1);
    return taken;
}

static int Refuse()
{
    Console.Error.WriteLine("bits: use [--short] [--write FILE] [--also NAME COMMAND], 'probe', 'check FILE', FILE being docs/guarantees.md, 'same', or 'doubts [--write FILE]'.");
    return 2;
}

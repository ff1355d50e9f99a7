using NormKit.Bits;

// bits                      the table of all conditions, which takes some minutes: it publishes ahead-of-time builds of itself
// bits --short              without these builds and without the slowest condition
// bits --write FILE         the table into FILE, between its two marks
// bits probe                the hashes of this process, one layer a line
// bits check FILE           the hashes of this process against those of the table in FILE: for other machines
return args switch
{
    ["probe"] => Probe.Print(),
    ["check", string file] => Table.Check(file),
    [.. string[] options] when options.All(o => o is "--short" or "--write" || File.Exists(o)) => Table.Make(
        isShort: options.Contains("--short"), options.SkipWhile(o => o != "--write").Skip(1).FirstOrDefault()),
    _ => Refuse(),
};

static int Refuse()
{
    Console.Error.WriteLine("bits: use [--short] [--write FILE], 'probe', or 'check FILE', FILE being docs/guarantees.md.");
    return 2;
}

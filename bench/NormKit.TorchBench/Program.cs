// torchbench [--rounds N] [--rows TEXT] [--markdown FILE]: each module's forward pass and training step beside TorchSharp's own, in turn.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using NormKit.Torch;
using NormKit.TorchBench;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
string? Option(string name) => Array.IndexOf(args, name) is int i and >= 0 && i + 1 < args.Length ? args[i + 1] : null;
int rounds = int.Parse(Option("--rounds") ?? "31");
if (TorchLoader.WhyNot() is string why)
{
    Console.Error.WriteLine($"torchbench: libtorch does not load here: {why}");
    return 2;
}
const int Threads = 2;
torch.set_num_threads(Threads);

StringBuilder table = new();
Line($"{Environment.ProcessorCount} processors, {Threads} threads, .NET {Environment.Version}, {rounds} rounds. Medians; ms, and TorchSharp's time divided by NormKit's within a round.");
Line("");
Line("| row | forward: TorchSharp | NormKit | TorchSharp takes | training step: TorchSharp | NormKit | TorchSharp takes |");
Line("|---|---|---|---|---|---|---|");
foreach (Row row in Row.All.Where(row => row.Name.Contains(Option("--rows") ?? "", StringComparison.Ordinal)))
{
    using IDisposable scope = torch.NewDisposeScope();
    Tensor x = row.Input(), dy = row.Input();
    Candidate theirs = new(row.Theirs, x, dy), ours = new(row.Ours(), x, dy);
    double error = theirs.Difference(ours);
    if (!(error < (row.Type == ScalarType.Float32 ? 1e-4 : 0.05)))
    {
        Console.Error.WriteLine($"torchbench: {row.Name}: the results differ by {error}");
        return 1;
    }
    (double theirForward, double ourForward, double forward) = Race(() => theirs.Forward(), () => ours.Forward());
    (double theirStep, double ourStep, double step) = Race(() => theirs.Step(), () => ours.Step());
    Line($"| {row.Name} | {theirForward:F3} | {ourForward:F3} | {forward:F2} x | {theirStep:F3} | {ourStep:F3} | {step:F2} x |");
}

// What of a call is torch's graph, and what of it is ours: a tensor so small that there is nothing to compute.
using (torch.NewDisposeScope())
{
    Tensor tiny = torch.randn([1, 16], requires_grad: true), plain = torch.randn(1, 16);
    NormKit.TorchSharp.LayerNorm norm = new(16);
    TorchSharp.Modules.LayerNorm own = torch.nn.LayerNorm([16]);
    Line("");
    Line($"A call on [1, 16], microseconds: TorchSharp's LayerNorm forward {Micro(() => own.forward(plain).Dispose(), noGrad: true):F1}, in the graph {Micro(() => own.forward(tiny).Dispose()):F1}; NormKit's forward {Micro(() => norm.forward(plain).Dispose(), noGrad: true):F1}, in the graph {Micro(() => norm.forward(tiny).Dispose()):F1}; a function that only copies, in the graph {Micro(() => CopyFunction.apply(tiny).Dispose()):F1}.");
}

if (Option("--markdown") is string file)
    File.WriteAllText(file, table.ToString());
return 0;

void Line(string text)
{
    Console.WriteLine(text);
    table.AppendLine(text);
}

double Micro(Action call, bool noGrad = false)
{
    using IDisposable? quiet = noGrad ? torch.no_grad() : null;
    List<double> times = [];
    for (int round = 0; round < 15; round++)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 2000; i++)
            call();
        times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / 2000);
    }
    times.Sort();
    return times[times.Count / 4];
}

// One after the other, round after round; the quotient is that of neighbours in time.
(double Theirs, double Ours, double Quotient) Race(Action theirs, Action ours)
{
    for (int i = 0; i < 3; i++)
    {
        Time(theirs, 100);
        Time(ours, 100);
        Thread.Sleep(20);
    }
    List<double> a = [], b = [], quotients = [];
    for (int round = 0; round < rounds; round++)
    {
        double first = Time(theirs, 4), second = Time(ours, 4);
        a.Add(first);
        b.Add(second);
        quotients.Add(first / second);
        Thread.Sleep(2);
    }
    return (Median(a), Median(b), Median(quotients));
}

// Milliseconds a call: an untimed one, then as many as fill the time.
static double Time(Action call, double milliseconds)
{
    call();
    int calls = 0;
    long start = Stopwatch.GetTimestamp();
    double elapsed;
    do
    {
        call();
        calls++;
        elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }
    while (elapsed < milliseconds);
    return elapsed / calls;
}

static double Median(List<double> values)
{
    values.Sort();
    return values[values.Count / 2];
}

using System.Globalization;
using BenchmarkDotNet.Running;
using NormKit.Benchmarks;
using NormKit.Benchmarks.Kernels;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

return Commands.Knows(args) ? Commands.Run(args) : Classes(args);

static int Classes(string[] args)
{
    BenchmarkSwitcher.FromAssembly(typeof(KernelBenchmarks).Assembly).Run(args);
    return 0;
}

using BenchmarkDotNet.Running;
using NormKit.Benchmarks;

if (args is ["rounds"])
    Rounds.Run(Console.Out);
else
    BenchmarkSwitcher.FromAssembly(typeof(FourLayers).Assembly).Run(args);

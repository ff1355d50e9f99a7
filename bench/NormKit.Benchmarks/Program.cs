using BenchmarkDotNet.Running;
using NormKit.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(FourLayers).Assembly).Run(args);

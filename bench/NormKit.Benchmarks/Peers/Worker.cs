using System.Text.Json;

namespace NormKit.Benchmarks.Peers;

/// <summary>The process that measures, a child of the one that asks: an allocator takes its settings from the environment at its start.</summary>
internal static class Worker
{
    public const string Command = "worker";

    /// <summary>What begins a line of output: a measurement, a wrong result, a remark.</summary>
    public const char Measured = '+', Wrong = '!', Note = '#';

    public static int Run(PeersRequest request, TextWriter output)
    {
        IReadOnlyList<IPeer> peers = Peers(request, note => output.WriteLine($"{Note}{note}"));
        foreach ((Row row, Pass pass, int threads) in request.Runs)
        {
            try
            {
                Measurement measurement = RowRun.Of(row, pass, threads, request.Rounds, peers, note => output.WriteLine($"{Note}{note}"));
                output.WriteLine(Measured + JsonSerializer.Serialize(measurement, MeasurementFile.OnOneLine));
            }
            catch (WrongResultException wrong)
            {
                output.WriteLine($"{Wrong}{wrong.Message}");
            }
            output.Flush();
            GC.Collect();    // tensors of a gigabyte, of which the next row's would be too many more
        }
        return 0;
    }

    private static List<IPeer> Peers(PeersRequest request, Action<string> note)
    {
        List<IPeer> peers = request.AsCalled ? [new NormKitPeer(newOutput: true), new NormKitPeer(newOutput: false)] : [new NormKitPeer(newOutput: false)];
        if (request.Set == RowSet.Sweep)
            return peers;
#if TORCH
        if (TorchLibrary.WhyNot() is string whyNotTorch)
            note($"libtorch does not load here and is left out: {whyNotTorch}");
        else
            peers.Add(new TorchPeer());
#else
        note("libtorch is left out; -p:Torch=true in front of -- brings it.");
#endif
        if (request.AsCalled)
            return peers;
        if (OnnxRuntimePeer.WhyNot() is string whyNot)
            note($"ONNX Runtime does not load here and is left out: {whyNot}");
        else
            peers.Add(new OnnxRuntimePeer());
        peers.Add(new TensorsPeer());
        return peers;
    }
}

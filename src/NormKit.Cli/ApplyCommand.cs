using System.CommandLine;
using System.Numerics;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit apply: a layer's forward pass from file to file.</summary>
internal static class ApplyCommand
{
    public static Command Create(CancellationToken stop)
    {
        ExampleCommand command = new(
            "apply", "Applies a layer to an array of a file.",
            "normkit apply group-norm x.npy --groups 8 --weight p.npz:weight --bias p.npz:bias -o y.npy")
        { Notes = LayerOptions.Notes };
        LayerOptions options = new(command, "OUTPUT", "Where to write the result: .npy, .npz (as arr_0) or .safetensors (as tensor).");
        command.SetAction(parsed => Run(options.Read(parsed), stop));
        return command;
    }

    private static int Run(LayerRequest request, CancellationToken stop)
    {
        LayerJob job = new(request);
        using OutputFiles files = new();
        files.Declare("-o", request.Output, job.OutputType);
        job.DeclareRunning(files);
        stop.ThrowIfCancellationRequested();
        if (job.Input.ElementType.ComputesInDouble())
            Compute<double>(job, request, files, stop);
        else
            Compute<float>(job, request, files, stop);
        stop.ThrowIfCancellationRequested();
        files.Commit();
        return Tool.Done;
    }

    private static void Compute<T>(LayerJob job, LayerRequest request, OutputFiles files, CancellationToken stop)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = job.Input.ToArray<T>();
        LayerParameters<T> parameters = job.Parameters<T>();
        job.Call.Forward(values, values, parameters);
        stop.ThrowIfCancellationRequested();
        files.Write(request.Output, StoredTensor.From<T>(values, job.Input.Shape, job.OutputType));
        job.AddRunning(files, parameters);
    }
}

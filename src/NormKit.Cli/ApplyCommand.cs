using System.CommandLine;
using System.Numerics;
using NormKit.Cli.Catalogue;

namespace NormKit.Cli;

/// <summary>normkit apply: a layer's forward pass from file to file.</summary>
internal static class ApplyCommand
{
    public static Command Create(CancellationToken stop)
    {
        ExampleCommand command = new(
            "apply", "Applies a layer to an array of a file.",
            "normkit apply group-norm x.npy --groups 8 --weight p.npz:weight --bias p.npz:bias -o y.npy",
            "normkit apply batch-norm x.npy --eval --state model.safetensors:layer1.0.bn1 -o y.npy")
        { Notes = LayerOptions.Notes };
        LayerOptions options = new(command, "OUTPUT", "Where to write the result: .npy, .npz (as arr_0) or .safetensors (as tensor).");
        command.SetAction(parsed => Run(options.Read(parsed), stop));
        return command;
    }

    private static int Run(LayerRequest request, CancellationToken stop)
    {
        using OutputFiles files = new();
        Compute(request, files, stop);    // which lets go of the input: it may be the file that is replaced
        files.Commit();
        return Tool.Done;
    }

    /// <summary>The bytes of a file from which on it is mapped: three times as many would be held in memory otherwise.</summary>
    internal static long MappedFrom { get; set; } = 64 << 20;

    private static void Compute(LayerRequest request, OutputFiles files, CancellationToken stop)
    {
        using MappedNpy? mapped = Map(request);
        LayerJob job = new(request, mapped);
        files.Declare("-o", request.Output, job.OutputType);
        job.DeclareBeside(files);
        stop.ThrowIfCancellationRequested();
        job.Dispatch(new Pass(job, request, files, stop));
        stop.ThrowIfCancellationRequested();
    }

    /// <summary>The input, if it is a large one that needs no conversion and goes to a file of the same kind.</summary>
    private static MappedNpy? Map(LayerRequest request)
    {
        if (request.Mask is not null || request.Others.Count > 0 || !request.Output.EndsWith(".npy", StringComparison.OrdinalIgnoreCase))
            return null;
        MappedNpy? mapped = MappedNpy.Open(request.Input, MappedFrom, request.V2As);
        if (mapped is null || request.Type is null || request.Type == mapped.ElementType)
            return mapped;
        mapped.Dispose();
        return null;
    }

    private sealed class Pass(LayerJob job, LayerRequest request, OutputFiles files, CancellationToken stop) : ITypedWork
    {
        public void Run<T, TInput>() where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
        {
            LayerRun<T> layer = job.Layer<T>();
            layer.Stop = stop;
            if (job.Mapped is MappedNpy input && layer.CanApply)
                files.WriteMapped(request.Output, job.OutputType, job.FileShape, output => layer.Apply<TInput>(job.View<TInput>(input), job.View<TInput>(output)));
            else
                ApplyInMemory<T, TInput>(layer);
            job.WriteRunning(files, layer);
        }

        private void ApplyInMemory<T, TInput>(LayerRun<T> layer) where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
        {
            // In place where the shape stays: the values are not needed again.
            TInput[] values = job.Values<T, TInput>(job.Input);
            TInput[] output = job.OutputShape == job.FileShape ? values : new TInput[job.OutputCount];
            IReadOnlyList<TInput[]> others = job.OtherValues<T, TInput>();
            layer.Forward(job.View(values), job.NewOutput(output), job.OtherViews(others), job.Mask());
            stop.ThrowIfCancellationRequested();
            files.Write(request.Output, job.Stored<TInput, T>(output, job.OutputShape));
            job.WriteSum<TInput, T>(files, others);
        }
    }
}

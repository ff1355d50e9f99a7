using System.CommandLine;
using System.Numerics;
using System.Numerics.Tensors;
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
        LayerJob job = new(request);
        using OutputFiles files = new();
        files.Declare("-o", request.Output, job.OutputType);
        job.DeclareBeside(files);
        stop.ThrowIfCancellationRequested();
        job.Dispatch(new Pass(job, request, files, stop));
        stop.ThrowIfCancellationRequested();
        files.Commit();
        return Tool.Done;
    }

    private sealed class Pass(LayerJob job, LayerRequest request, OutputFiles files, CancellationToken stop) : ITypedWork
    {
        public void Run<T, TInput>() where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
        {
            LayerRun<T> layer = job.Layer<T>();

            // In place: the values are not needed again.
            TInput[] values = job.Values<T, TInput>(job.Input);
            Tensor<TInput> x = job.View(values);
            IReadOnlyList<TInput[]> others = job.OtherValues<T, TInput>();
            layer.Forward(x, x, job.OtherViews(others), job.Mask());
            stop.ThrowIfCancellationRequested();
            files.Write(request.Output, job.Stored<TInput, T>(values, job.Input.Shape));
            job.WriteSum<TInput, T>(files, others);
            job.WriteRunning(files, layer);
        }
    }
}

using System.CommandLine;
using System.Numerics;
using System.Numerics.Tensors;
using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit grad: a layer's backward pass from files to a file.</summary>
internal static class GradCommand
{
    public static Command Create(CancellationToken stop)
    {
        ExampleCommand command = new(
            "grad", "Gradients of a layer: grad_input, and grad_weight, grad_bias ... for each parameter that is given.",
            "normkit grad batch-norm x.npy dy.npy --weight p.npz:weight --bias p.npz:bias -o grads.npz")
        {
            Notes = [.. LayerOptions.Notes, "Each gradient has the shape and the element type of what it is the gradient of."],
        };
        Argument<string> gradOutput = new("GRAD_OUTPUT") { Description = "The gradient of the layer's output, of INPUT's shape." };
        LayerOptions options = new(command, "GRADS.npz", "Where to write the gradients: .npz or .safetensors.", gradOutput);
        command.SetAction(parsed => Run(options.Read(parsed), parsed.GetRequiredValue(gradOutput), stop));
        return command;
    }

    private static int Run(LayerRequest request, string gradOutput, CancellationToken stop)
    {
        LayerJob job = new(request);
        StoredTensor dy = Files.Read(gradOutput, "GRAD_OUTPUT", request.V2As);
        if (!dy.Shape.SequenceEqual(job.OutputShape))
        {
            string of = job.OutputShape == job.FileShape ? $"INPUT {request.Input}" : $"the output of {request.Entry.Name}";
            throw new UsageException(
                $"GRAD_OUTPUT {gradOutput}: shape {NumberType.Text(dy.Shape)}, but {of} has {NumberType.Text(job.OutputShape)}; they must be the same.");
        }
        using OutputFiles files = new();
        ElementType[] types = [job.OutputType, .. job.Trained.Select(trained => trained.Type)];
        files.Declare("-o", request.Output, types.Contains(ElementType.BFloat16) ? ElementType.BFloat16 : types[0], several: true);
        job.DeclareBeside(files);
        stop.ThrowIfCancellationRequested();
        job.Dispatch(new Pass(job, dy, request, files, stop));
        stop.ThrowIfCancellationRequested();
        files.Commit();
        return Tool.Done;
    }

    private sealed class Pass(LayerJob job, StoredTensor gradOutput, LayerRequest request, OutputFiles files, CancellationToken stop) : ITypedWork
    {
        public void Run<T, TInput>() where T : unmanaged, IBinaryFloatingPointIeee754<T> where TInput : unmanaged
        {
            LayerRun<T> layer = job.Layer<T>();
            layer.Stop = stop;
            Tensor<TInput> x = job.View(job.Values<T, TInput>(job.Input));
            TInput[] gradInput = new TInput[x.FlattenedLength], dy = job.Values<T, TInput>(gradOutput);
            IReadOnlyList<TInput[]> others = job.OtherValues<T, TInput>();
            IReadOnlyList<Tensor<TInput>> otherViews = job.OtherViews(others);
            Tensor<bool>? mask = job.Mask();

            // The output itself is not asked for: where it has the input's shape, it takes the gradient's memory.
            layer.Forward(x, job.NewOutput(dy.Length == gradInput.Length ? gradInput : new TInput[dy.Length]), otherViews, mask);
            stop.ThrowIfCancellationRequested();
            IReadOnlyList<TInput[]> gradOthers = [.. others.Select(other => new TInput[other.Length])];
            layer.Backward(job.NewOutput(dy), x, job.View(gradInput), otherViews, job.OtherViews(gradOthers), mask);
            stop.ThrowIfCancellationRequested();

            List<KeyValuePair<string, StoredTensor>> gradients = [new("grad_input", job.Stored<TInput, T>(gradInput, job.FileShape))];
            foreach (((string name, StoredTensor values), TInput[] gradient) in job.Others.Zip(gradOthers))
                gradients.Add(new($"grad_{name}", job.Stored<TInput, T>(gradient, values.Shape)));
            foreach ((ParameterEntry parameter, _) in job.Trained)
                gradients.Add(new($"grad_{parameter.Name}", job.Gradient(parameter.Name, layer)));
            files.Write(request.Output, gradients);
            job.WriteSum<TInput, T>(files, others);
            job.WriteRunning(files, layer);
        }
    }
}

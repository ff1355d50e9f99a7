using System.CommandLine;
using System.Numerics;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>normkit grad: a layer's backward pass from files to a file.</summary>
internal static class GradCommand
{
    public static Command Create(CancellationToken stop)
    {
        ExampleCommand command = new(
            "grad", "Gradients of a layer: grad_input, and grad_weight and grad_bias where the parameter is given.",
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
        StoredTensor dy = Files.Read(gradOutput, "GRAD_OUTPUT");
        if (!dy.Shape.SequenceEqual(job.Input.Shape))
        {
            throw new UsageException(
                $"GRAD_OUTPUT {gradOutput}: shape {NumberType.Text(dy.Shape)}, but INPUT {request.Input} has "
                + $"{NumberType.Text(job.Input.Shape)}; they must be the same.");
        }
        using OutputFiles files = new();
        ElementType[] types = [.. ((ElementType?[])[job.OutputType, job.WeightType, job.BiasType]).OfType<ElementType>()];
        files.Declare("-o", request.Output, types.Contains(ElementType.BFloat16) ? ElementType.BFloat16 : types[0], several: true);
        job.DeclareRunning(files);
        stop.ThrowIfCancellationRequested();
        if (job.Input.ElementType.ComputesInDouble())
            Compute<double>(job, dy, request, files, stop);
        else
            Compute<float>(job, dy, request, files, stop);
        stop.ThrowIfCancellationRequested();
        files.Commit();
        return Tool.Done;
    }

    private static void Compute<T>(LayerJob job, StoredTensor gradOutput, LayerRequest request, OutputFiles files, CancellationToken stop)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] x = job.Input.ToArray<T>();
        T[] dy = gradOutput.ToArray<T>();
        T[] y = new T[x.Length];
        LayerParameters<T> parameters = job.Parameters<T>();
        SavedStatistics saved = new();
        job.Call.Forward<T>(x, y, parameters, saved);
        stop.ThrowIfCancellationRequested();

        // The output itself is not asked for; its memory takes the gradient.
        T[]? dWeight = parameters.Weight is null ? null : new T[parameters.Weight.Length];
        T[]? dBias = parameters.Bias is null ? null : new T[parameters.Bias.Length];
        job.Call.Backward<T>(dy, x, saved, parameters, y, dWeight, dBias);
        stop.ThrowIfCancellationRequested();

        nint[] shape = job.Call.ParameterShape;
        List<KeyValuePair<string, StoredTensor>> gradients = [new("grad_input", StoredTensor.From<T>(y, job.Input.Shape, job.OutputType))];
        if (dWeight is not null)
            gradients.Add(new("grad_weight", StoredTensor.From<T>(dWeight, shape, job.WeightType)));
        if (dBias is not null)
            gradients.Add(new("grad_bias", StoredTensor.From<T>(dBias, shape, job.BiasType)));
        files.Write(request.Output, gradients);
        job.AddRunning(files, parameters);
    }
}

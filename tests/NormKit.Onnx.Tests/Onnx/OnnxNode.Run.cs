using Microsoft.ML.OnnxRuntime;

namespace NormKit.Onnx.Tests;

/// <content>Its inputs, and how ONNX Runtime computes it.</content>
internal sealed partial record OnnxNode
{
    private readonly List<OnnxTensor?> inputs = [];

    public OnnxNode Input<T>(T[] values, params nint[] shape) where T : unmanaged
    {
        inputs.Add(OnnxTensor.Of(values, shape));
        return this;
    }

    /// <summary>An input, or none where the values are null.</summary>
    public OnnxNode Optional<T>(T[]? values, params nint[] shape) where T : unmanaged
    {
        inputs.Add(values is null ? null : OnnxTensor.Of(values, shape));
        return this;
    }

    /// <summary>The first output.</summary>
    public T[] Run<T>() where T : unmanaged => Run(true)[0].As<T>();

    /// <summary>The outputs that are wanted, in their order.</summary>
    /// <exception cref="OnnxRuntimeException">ONNX Runtime refuses the model or the inputs, or has no kernel.</exception>
    public OnnxTensor[] Run(params bool[] outputs)
    {
        byte[] model = OneNodeModel.Of(this, [.. inputs.Select(input => input?.Type)], outputs);
        using SessionOptions options = new()
        {
            // The operator itself, not what an optimizer makes of it.
            GraphOptimizationLevel = GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        using InferenceSession session = new(model, options);
        string[] inputNames = [.. inputs.Index().Where(input => input.Item is not null).Select(input => OneNodeModel.InputName(input.Index))];
        string[] outputNames = [.. outputs.Index().Where(output => output.Item).Select(output => OneNodeModel.OutputName(output.Index))];
        OrtValue[] values = [.. inputs.OfType<OnnxTensor>().Select(input => input.ToOrt())];
        try
        {
            using RunOptions run = new();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(run, inputNames, values, outputNames);
            return [.. results.Select(OnnxTensor.FromOrt)];
        }
        finally
        {
            foreach (OrtValue value in values)
                value.Dispose();
        }
    }
}

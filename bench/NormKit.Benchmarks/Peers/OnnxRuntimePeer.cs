using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using NormKit.Cli.Timing;
using NormKit.Onnx.Tests;

namespace NormKit.Benchmarks.Peers;

/// <summary>ONNX Runtime: a model of one node, its inputs and outputs bound to the row's own memory. Forward only: this package trains nothing.</summary>
internal sealed class OnnxRuntimePeer : IPeer
{
    public string Name => "ONNX Runtime";

    /// <summary>Why it does not load here; null if it does.</summary>
    public static string? WhyNot()
    {
        try
        {
            _ = OrtEnv.Instance().GetVersionString();
            return null;
        }
        catch (Exception e) when (e is TypeInitializationException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return (e.InnerException ?? e).Message.Split('\n')[0];
        }
    }

    public Candidate? For(RowData data, int threads, IList<IDisposable> held)
    {
        Row row = data.Row;
        if (data.Pass == Pass.Backward || row.IsChannelsLast || row.Element == Element.BFloat16 || Node(row) is not OnnxNode node)
            return null;
        Bound bound = new(data);
        held.Add(bound);
        try
        {
            bound.Open(node, threads);
        }
        catch (OnnxRuntimeException e) when (e.Message.Contains("NotImplemented", StringComparison.Ordinal))
        {
            return null;    // an operator without a kernel for this type
        }
        return new(Name, bound.Run, () =>
        {
            data.Output.Span.Fill(0xff);
            bound.Run();
            return new(Elements.Doubles(data.Output.Span, row.Element), data.Sum is null ? null : Elements.Doubles(data.Sum.Span, row.Element));
        });
    }

    private static OnnxNode? Node(Row row) => row.Layer switch
    {
        Layer.BatchNormEval => new OnnxNode("BatchNormalization", 15).With("epsilon", (float)Row.Eps),
        Layer.InstanceNorm => new OnnxNode("InstanceNormalization", 6).With("epsilon", (float)Row.Eps),
        // On doubles it computes in float all the same: its statistics are cast to stash_type.
        Layer.GroupNorm when row.Element != Element.Float64 => new OnnxNode("GroupNormalization", 21).With("epsilon", (float)Row.Eps).With("num_groups", row.Groups),
        Layer.LayerNorm => new OnnxNode("LayerNormalization", 17).With("axis", 1).With("epsilon", (float)Row.Eps),
        Layer.RmsNorm => new OnnxNode("RMSNormalization", 23).With("axis", 1).With("epsilon", (float)Row.Eps),
        Layer.AddLayerNorm => new OnnxNode("SkipLayerNormalization", 1, OnnxNode.Microsoft).With("epsilon", (float)Row.Eps),
        Layer.AddRmsNorm => new OnnxNode("SkipSimplifiedLayerNormalization", 1, OnnxNode.Microsoft).With("epsilon", (float)Row.Eps),
        _ => null,    // batch norm in training is not for inference sessions
    };

    /// <summary>A session with its inputs and outputs in place.</summary>
    private sealed unsafe class Bound(RowData data) : IDisposable
    {
        private readonly List<IDisposable> held = [];
        private readonly List<AlignedArray<byte>> parameters = [];
        private readonly RunOptions run = new();
        private InferenceSession? session;
        private OrtIoBinding? binding;

        public void Open(OnnxNode node, int threads)
        {
            Row row = data.Row;
            List<OrtValue> inputs = [Value(data.X, row.Shape)];
            if (data.Residual is not null)
                inputs.Add(Value(data.Residual, row.Shape));
            inputs.Add(Parameter(data.Weight, row.WeightShape));
            if (row.IsCentered)
                inputs.Add(Parameter(data.Bias, row.WeightShape));
            if (row.Layer == Layer.BatchNormEval)
                inputs.AddRange([Parameter(data.RunningMean, row.WeightShape), Parameter(data.RunningVar, row.WeightShape)]);
            int type = (int)Type(row.Element);
            bool[] outputs = row.HasResidual ? [true, false, false, true] : [true];
            using SessionOptions options = new()
            {
                GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL,
                IntraOpNumThreads = threads,
                LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            };
            session = new(OneNodeModel.Of(node, [.. inputs.Select(_ => (int?)type)], outputs), options);
            binding = session.CreateIoBinding();
            for (int i = 0; i < inputs.Count; i++)
                binding.BindInput(OneNodeModel.InputName(i), inputs[i]);
            binding.BindOutput(OneNodeModel.OutputName(0), Value(data.Output, row.Shape));
            if (data.Sum is not null)
                binding.BindOutput(OneNodeModel.OutputName(3), Value(data.Sum, row.Shape));
        }

        public void Run() => session!.RunWithBinding(run, binding!);

        public void Dispose()
        {
            binding?.Dispose();
            session?.Dispose();
            run.Dispose();
            foreach (IDisposable value in held)
                value.Dispose();
        }

        private OrtValue Parameter(double[] values, nint[] shape)
        {
            AlignedArray<byte> bytes = new(values.Length * data.Row.ElementBytes);
            Elements.Write(values, bytes.Span, data.Row.Element);
            parameters.Add(bytes);
            return Value(bytes, shape);
        }

        private OrtValue Value(AlignedArray<byte> bytes, nint[] shape)
        {
            OrtValue value = OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, Type(data.Row.Element), [.. shape.Select(length => (long)length)], (nint)bytes.Pointer, bytes.Length);
            held.Add(value);
            return value;
        }

        private static TensorElementType Type(Element element) => element == Element.Float64 ? TensorElementType.Double : TensorElementType.Float;
    }
}

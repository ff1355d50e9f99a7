using Microsoft.ML.OnnxRuntime;

namespace NormKit.Onnx.Tests;

/// <summary>Tests that ask ONNX Runtime; they skip themselves where its native library does not load.</summary>
public abstract class OnnxRuntimeTests
{
    private static readonly string? WhyNot = Load();

    protected OnnxRuntimeTests() => Assert.SkipUnless(WhyNot is null, $"ONNX Runtime does not load here: {WhyNot}");

    private static string? Load()
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
}

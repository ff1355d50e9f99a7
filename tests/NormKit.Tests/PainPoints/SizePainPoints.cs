using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using NormKit.Tests.Reference;

namespace NormKit.Tests.PainPoints;

/// <summary>Numbers are those of docs/differences.md.</summary>
public class SizePainPoints
{
    /// <summary>pytorch/pytorch #181555: an index that overflows. Few elements, a gibibyte and more apart, whose pages alone are ever touched.</summary>
    [Theory, CombinatorialNorms]
    public unsafe void PainPoint31_ElementsBeyond32Bits_AreFound(Norm norm)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Memory that is not touched costs nothing on Linux.");
        Problem problem = new(norm, [3, 4, 5], Groups: 2, NormalizedRank: 2);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 3);
        nint[] strides = [(1 << 30) + 64, (1 << 27) + 16, 3];
        nint length = (2 * strides[0]) + (3 * strides[1]) + (4 * strides[2]) + 1;
        float* memory = Room(length);
        try
        {
            TensorSpan<float> x = new(memory, length, problem.Shape, strides);
            Tensor.Create(inputs.X, problem.Shape).AsTensorSpan().CopyTo(x);
            SavedStatistics saved = new();
            Tensor<float> y = Results<float>.Forward(problem, x, Tensor.Create(inputs.Weight!, problem.ParameterShape), Tensor.Create(inputs.Bias!, problem.ParameterShape), saved);
            Closeness.Near<float>(Placing.Logical(y), inputs.By(problem).Y, Tolerances.ForwardFloat, "y");
            Functional.Backward<float>(Tensor.Create(inputs.Dy, problem.Shape), x, saved, Tensor.Create(inputs.Weight!, problem.ParameterShape), x);
            float[] dx = new float[problem.Elements];
            x.FlattenTo(dx);
            Closeness.Near<float>(dx, inputs.By(problem).Dx, Tolerances.InputGradientFloat, "dx");
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    private static unsafe float* Room(nint length)
    {
        try
        {
            return (float*)NativeMemory.Alloc((nuint)length * sizeof(float));
        }
        catch (OutOfMemoryException)
        {
            Assert.Skip($"There is no room for {length} floats, even untouched.");
            throw;
        }
    }
}

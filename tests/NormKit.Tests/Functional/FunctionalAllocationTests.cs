using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>With a destination given, nothing is allocated on the calling thread.</summary>
[CollectionDefinition(nameof(FunctionalAllocationTests), DisableParallelization = true)]
[Collection(nameof(FunctionalAllocationTests))]
public class FunctionalAllocationTests
{
    [Theory, WithEach(1, 2)]
    public void ForwardAndBackward_OnSpans_AllocateNothing(Norm norm, MemoryFormat format, int threads)
    {
        Problem small = Problem.Usual(norm);
        foreach (Problem problem in (Problem[])[new(norm, small.Shape, small.Groups, NormalizedRank: 3), Large(norm)])
        {
            Inputs<float> inputs = Inputs<float>.Draw(problem, 1);
            float[] y = new float[inputs.X.Length], dx = new float[inputs.X.Length], dWeight = new float[problem.Parameters], dBias = new float[problem.Parameters];
            SavedStatistics saved = new();
            AllocatesNothing(() => Results<float>.Forward(problem, inputs.X, y, inputs.Weight, inputs.Bias, null, format, threads));
            AllocatesNothing(() => Results<float>.Forward(problem, inputs.X, y, inputs.Weight, inputs.Bias, saved, format, threads));
            AllocatesNothing(() => Functional.Backward<float>(inputs.Dy, inputs.X, problem.Shape, saved, inputs.Weight, dx, dWeight, dBias, format, threads));
        }
    }

    [Theory, WithEach(1, 2)]
    public void ForwardAndBackward_OfLayersOnTensors_AllocateNothing(Norm norm, MemoryFormat format, int threads)
    {
        Problem problem = Large(norm);
        Placement placement = format == MemoryFormat.ChannelsLast ? Placement.ChannelsLast : Placement.Contiguous;
        Inputs<double> inputs = Inputs<double>.Draw(problem, 1);
        Tensor<double> x = Placing.Place(inputs.X, problem.Shape, placement), dy = Placing.Place(inputs.Dy, problem.Shape, placement);
        Tensor<double> y = Placing.Place(inputs.X, problem.Shape, placement), dx = Placing.Place(inputs.X, problem.Shape, placement);
        NormLayer<double> layer = Results<double>.LayerOf(problem);
        layer.MaxDegreeOfParallelism = threads;
        SavedStatistics saved = new();
        AllocatesNothing(() => layer.Forward(x, y, saved));
        AllocatesNothing(() => layer.Backward(dy, x, saved, dx));
        layer.Eval();
        AllocatesNothing(() => layer.Forward(x, y));
    }

    /// <summary>A group of more channels than have room on the stack.</summary>
    [Theory]
    [InlineData(MemoryFormat.Contiguous)]
    [InlineData(MemoryFormat.ChannelsLast)]
    public void Backward_OfGroupsOfManyChannels_AllocatesNothing(MemoryFormat format)
    {
        Problem problem = new(Norm.Group, [2, 130, 3, 3], Groups: 1);
        Inputs<float> inputs = Inputs<float>.Draw(problem, 1);
        float[] y = new float[inputs.X.Length], dx = new float[inputs.X.Length], dWeight = new float[problem.Parameters], dBias = new float[problem.Parameters];
        SavedStatistics saved = new();
        Results<float>.Forward(problem, inputs.X, y, inputs.Weight, inputs.Bias, saved, format, 1);
        AllocatesNothing(() => Functional.Backward<float>(inputs.Dy, inputs.X, problem.Shape, saved, inputs.Weight, dx, dWeight, dBias, format, 1));
    }

    public static TheoryData<string> ThatMix { get; } = [.. Members.ThatMix.Select(m => m.Name)];

    [Theory, MemberData(nameof(ThatMix))]
    public void ForwardAndBackward_OfLayersThatMix_AllocateNothing(string name)
    {
        foreach (int threads in (int[])[1, 2])
        {
            Subject<float> subject = new(Members.Named(name) with { Shape = [2, 10, 71, 73] });
            subject.Layer.MaxDegreeOfParallelism = threads;
            float[] y = new float[subject.X.Length], dx = new float[subject.X.Length];
            nint[] shape = subject.Member.Shape;
            SavedStatistics saved = new();
            AllocatesNothing(() => subject.Layer.Forward(subject.X, shape, y));
            AllocatesNothing(() => subject.Layer.Forward(subject.X, shape, y, saved));
            AllocatesNothing(() => subject.Layer.Backward(subject.Dy, subject.X, shape, saved, dx));
        }
    }

    [Fact]
    public void Measure_OfAnAllocation_SeesIt() =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AllocatesNothing(() => GC.KeepAlive(new byte[100])));

    /// <summary>More than 128 KiB a thread, so that two threads are really used.</summary>
    private static Problem Large(Norm norm) => norm == Norm.Layer ? new(norm, [7, 2, 61, 83], NormalizedRank: 3) : new(norm, [7, 6, 61, 43], Groups: 2);

    /// <summary>The least of several measurements: the JIT and the array pool allocate on their first calls, and a pool may be trimmed between.</summary>
    private static void AllocatesNothing(Action call)
    {
        for (int i = 0; i < 40; i++)
            call();
        long least = long.MaxValue;
        for (int i = 0; i < 20 && least > 0; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            call();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
    }
}

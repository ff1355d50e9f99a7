using System.Diagnostics;
using System.Globalization;
using System.Numerics.Tensors;
using NormKit.Tests.Reference;

namespace NormKit.Tests;

/// <summary>One layer from many threads, and many layers side by side.</summary>
[Trait("Tier", "Any")]
public class FamilyThreadTests
{
    /// <summary>How long the long form takes for all layers together; a tenth of a second each is the short one.</summary>
    public const string Seconds = "NORMKIT_SOAK_SECONDS";

    public static TheoryData<string> All { get; } = Members.Names();

    [Theory, MemberData(nameof(All))]
    public async Task Forward_InEvaluationFromEightThreads_GivesOneResult(string name)
    {
        Member member = Members.Named(name) with { InEvaluation = true };
        Subject<float> subject = new(member.HasPositions ? member with { Shape = [.. member.Shape[..2], 37, 41] } : member);
        subject.Layer.MaxDegreeOfParallelism = 2;
        nint[] shape = subject.Member.Shape;
        float[] expected = new float[subject.X.Length];
        subject.Layer.Forward(subject.X, shape, expected);
        double seconds = Environment.GetEnvironmentVariable(Seconds) is string text ? double.Parse(text, CultureInfo.InvariantCulture) / All.Count : 0.1;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            float[] y = new float[expected.Length];
            Stopwatch watch = Stopwatch.StartNew();
            do
            {
                subject.Layer.Forward(subject.X, shape, y);
                Closeness.SameBits<float>(expected, y, name);
            }
            while (watch.Elapsed.TotalSeconds < seconds);
        })));
    }

    /// <summary>Two layers that train at once, each on several threads, end where they end one after the other.</summary>
    [Theory, MemberData(nameof(All))]
    public async Task Training_OfTwoLayersAtOnce_IsThatOfEachAlone(string name)
    {
        Member member = Members.Named(name);
        if (member.HasPositions)
            member = member with { Shape = [.. member.Shape[..2], 37, 41] };
        string[] alone = [Train(member, 1), Train(member, 2)];
        string[] together = await Task.WhenAll(Task.Run(() => Train(member, 1)), Task.Run(() => Train(member, 2)));
        Assert.Equal(alone, together);
    }

    private static string Train(Member member, int seed)
    {
        Subject<float> subject = new(member, seed);
        subject.Layer.MaxDegreeOfParallelism = 2;
        float[] y = new float[subject.X.Length], dx = new float[y.Length];
        using System.Security.Cryptography.IncrementalHash hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        for (int step = 0; step < 5; step++)
        {
            SavedStatistics saved = new();
            subject.Layer.Forward(subject.X, member.Shape, y, saved);
            subject.Layer.Backward(subject.Dy, subject.X, member.Shape, saved, dx);
            Add(y);
            Add(dx);
            foreach ((_, Parameter<float> parameter) in subject.Layer.NamedParameters)
            {
                float[] values = Placing.Logical(parameter.Value), gradient = Placing.Logical(parameter.Grad);
                Tensor.Create([.. values.Zip(gradient, (v, g) => v - (1e-4f * g))], parameter.Value.Lengths).CopyTo(parameter.Value);
                Add(gradient);
            }
        }
        foreach (StateEntry<float> entry in subject.Layer.State.Where(e => e.Kind != StateKind.Counter))
            Add(Placing.Logical(entry.Value!));
        return Convert.ToHexString(hash.GetHashAndReset());

        void Add(float[] values) => hash.AppendData(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
    }
}

using System.Globalization;
using System.Numerics;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;
using NormKit.Kernels;
using NormKit.Tests.Reference;

namespace NormKit.Tests.Kernels;

/// <summary>
/// A seeded set of computations hashed, in this process or in a child: the test executable started with <see cref="Variable"/> set to a number prints its
/// instruction sets and the hash before any test runner begins, and ends.
/// </summary>
internal static class TierProbe
{
    public const string Variable = "NORMKIT_TIER_PROBE";

    [ModuleInitializer]
    internal static void AnswerAsChild()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(Variable), CultureInfo.InvariantCulture, out int patience))
            return;
        Console.WriteLine($"{Variable} {Hash()} {Tier()} {(RecompilesHotCode(patience) ? "tiered" : "untiered")}");
        Environment.Exit(0);
    }

    /// <summary>What the JIT really uses here.</summary>
    public static string Tier() => string.Create(
        CultureInfo.InvariantCulture,
        $"avx512={Avx512F.IsSupported} avx2={Avx2.IsSupported} vector128={Vector128.IsHardwareAccelerated} vector256={Vector256.IsHardwareAccelerated}");

    public static string Hash()
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Norm norm in Enum.GetValues<Norm>())
        {
            Problem[] problems =
            [
                Problem.Usual(norm), Problem.Usual(norm, eps: 0),
                norm == Norm.Layer ? new(norm, [3, 4299]) : new(norm, [3, 2, 4299], Groups: 2),
                norm == Norm.Layer ? new(norm, [261, 37]) : new(norm, [261, 4, 7], Groups: 2),
            ];
            foreach (Problem problem in problems)
            {
                double scale = problem.Eps == 0 ? 1e-20 : 1;
                foreach (MemoryFormat format in Enum.GetValues<MemoryFormat>())
                {
                    if (problem.Shape.Length < 3 && format == MemoryFormat.ChannelsLast)
                        continue;
                    Add(hash, Results<float>.OnSpans(problem, Inputs<float>.Draw(problem, 1, offset: 3 * scale, scale), format));
                    Add(hash, Results<double>.OnSpans(problem, Inputs<double>.Draw(problem, 2, offset: 1e5 * scale, scale), format));
                }
            }
        }
        foreach (Member member in Members.Every)
            hash.AppendData(Convert.FromHexString(MemberBits.Hash(member, withLarge: false)));
        foreach ((_, Func<string> ofDistance) in DistanceBits.Every)
            hash.AppendData(Convert.FromHexString(ofDistance()));
        foreach (Activation activation in (Activation[])[Activation.Relu, Activation.LeakyRelu(), Activation.Silu, Activation.Gelu, Activation.GeluTanh])
        {
            Add<float>(hash, activation);
            Add<double>(hash, activation);
        }
        double[] x = Inputs<double>.Normal(new Random(3), 999, scale: 20);
        foreach (Func<double, double> function in (Func<double, double>[])[Elementary.Exp, Elementary.Tanh, Elementary.Log, Elementary.Erf, v => Elementary.Pow(Math.Abs(v), v)])
            hash.AppendData(MemoryMarshal.AsBytes(Array.ConvertAll(x, v => function(v)).AsSpan()));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static void Add<T>(IncrementalHash hash, Results<T> results) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        foreach (T[] values in (T[][])[results.Y, results.Dx, results.DWeight, results.DBias])
            hash.AppendData(MemoryMarshal.AsBytes(values.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(results.Moments.AsSpan()));
    }

    private static void Add<T>(IncrementalHash hash, Activation activation) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] z = Inputs<T>.Normal(new Random(1), 999, scale: 3), g = Inputs<T>.Normal(new Random(2), z.Length);
        activation.Gradient<T>(z, g);
        activation.Apply<T>(z);
        hash.AppendData(MemoryMarshal.AsBytes(z.AsSpan()));
        hash.AppendData(MemoryMarshal.AsBytes(g.AsSpan()));
    }

    /// <summary>Whether a method that is called often is compiled again, which only tiered compilation does; seen within so many tenths of a second.</summary>
    private static bool RecompilesHotCode(int patience)
    {
        // First what the hash has left to be compiled again: no tier-up is counted that is not of the calls below.
        Twice(0);
        long before = JitInfo.GetCompiledMethodCount();
        for (int quiet = 0, waits = 0; quiet < 3 && waits < patience; waits++)
        {
            Thread.Sleep(100);
            quiet = JitInfo.GetCompiledMethodCount() == before ? quiet + 1 : 0;
            before = JitInfo.GetCompiledMethodCount();
        }
        for (int round = 0; round < patience; round++)
        {
            for (int i = 0; i < 100; i++)
                Twice(i);
            Thread.Sleep(100);
            if (JitInfo.GetCompiledMethodCount() > before)
                return true;
        }
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Twice(int i) => i * 2;
}

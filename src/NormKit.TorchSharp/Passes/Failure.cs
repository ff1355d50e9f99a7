using System.Runtime.ExceptionServices;

namespace NormKit.TorchSharp.Passes;

/// <summary>Why a backward pass could not be computed. Nothing may be thrown from there, so the next forward pass throws it.</summary>
internal static class Failure
{
    private static InvalidOperationException? pending;

    public static void Keep(string layer, Exception cause) => Interlocked.CompareExchange(
        ref pending,
        new InvalidOperationException($"{layer}: the gradient of an earlier forward pass could not be computed, and NaN took its place: {cause.Message.Split('\n')[0]}", cause),
        null);

    public static void ThrowIfAny()
    {
        if (Volatile.Read(ref pending) is not null && Interlocked.Exchange(ref pending, null) is InvalidOperationException failure)
            ExceptionDispatchInfo.Throw(failure);
    }
}

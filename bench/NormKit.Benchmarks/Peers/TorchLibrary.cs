using NormKit.Torch;
using TorchSharp;

namespace NormKit.Benchmarks.Peers;

/// <summary>Loads libtorch, and knows which cores the calling thread may use for it.</summary>
internal static class TorchLibrary
{
    /// <summary>The cores of the calling thread before libtorch is loaded, and those that OpenMP then ties it to.</summary>
    public static ThreadAffinity? Free { get; private set; }

    public static ThreadAffinity? Tied { get; private set; }

    /// <summary>Loads it.</summary>
    /// <returns>Why it does not load here; null if it does.</returns>
    public static string? WhyNot()
    {
        Free = ThreadAffinity.Current;
        try
        {
            if (TorchLoader.WhyNot() is string why)
                return why;
            using torch.Tensor large = torch.zeros(1 << 20), sum = large + large;
            Tied = ThreadAffinity.Current;
            return null;
        }
        finally
        {
            Free?.Apply();
        }
    }
}

using System.Globalization;
using NormKit.Diagnosis.Search;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Words;

/// <summary>What layers are called.</summary>
internal static class Names
{
    /// <summary>Six digits at most; small ones as 1e-3.</summary>
    public static string Number(double value) => Math.Abs(value) is > 0 and < 0.01
        ? value.ToString("0.#####e-0", CultureInfo.InvariantCulture)
        : value.ToString("g6", CultureInfo.InvariantCulture);

    public static string Percent(double share) => !double.IsFinite(share) ? "-" : share < 0 ? "none"
        : share >= 0.999999 ? "100 %"
        : Math.Floor(share * 1e4) / 100 is >= 99 and < 100 and double near ? near.ToString("0.00", CultureInfo.InvariantCulture) + " %"
        : (share * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %";

    /// <summary>A layer and its grouping.</summary>
    public static string Layer(Reading reading, Core core, int[] shape)
    {
        string order = reading.Order switch
        {
            ChannelOrder.Last => ", channels last",
            ChannelOrder.Misread => ", on memory of the other layout",
            _ => "",
        };
        if (core.IsNorm)
            return $"LpNormalize (p = {(double.IsPositiveInfinity(core.P) ? "infinity" : Number(core.P))}) over {Sets(reading, shape)}{order}";
        if (core.IsRms)
            return reading.Kind == NormalizationKind.LayerNorm ? $"RmsNorm over {Sets(reading, shape)}" : $"RMS norm over {Sets(reading, shape)}{order}";
        return reading.Kind switch
        {
            NormalizationKind.LayerNorm => $"LayerNorm over {Sets(reading, shape)}",
            NormalizationKind.GroupNorm => $"GroupNorm with {reading.Groups} {(reading.Interleaved ? "interleaved " : "")}{(reading.Groups == 1 ? "group" : "groups")}{order}",
            NormalizationKind.BatchNorm when reading.PerPosition => "BatchNorm of each position" + order,
            NormalizationKind.BatchNorm when core.UsesRunning => "BatchNorm in evaluation" + order,
            _ => reading.Kind + order,
        };
    }

    public static NormalizationKind KindOf(Reading reading, Core core) => core.IsNorm ? NormalizationKind.LpNormalize
        : core.IsRms ? NormalizationKind.RmsNorm
        : reading.Kind;

    /// <summary>Which elements share, in words.</summary>
    private static string Sets(Reading reading, int[] shape)
    {
        if (reading.Kind != NormalizationKind.LayerNorm)
        {
            return reading.Kind switch
            {
                NormalizationKind.GroupNorm => reading.Groups == 1 ? "the channels and positions of a sample"
                    : $"{reading.Groups} {(reading.Interleaved ? "interleaved " : "")}groups of channels",
                NormalizationKind.BatchNorm => "a channel of all samples",
                _ => "a channel of a sample",
            };
        }
        int count = reading.Axes.Count;
        if (reading.Groups > 0)
            return $"{reading.Groups} groups of the last dimension";
        if (count == shape.Length && count > 1)
            return "all dimensions";
        if (reading.Axes[0] != shape.Length - count)
        {
            return count > 1 ? $"dimensions {string.Join(", ", reading.Axes.Take(count - 1))} and {reading.Axes[^1]}"
                : reading.Axes[0] == 1 ? "the channels (dimension 1)" : $"dimension {reading.Axes[0]}";
        }
        return count == 1 ? "the last dimension" : $"the last {count} dimensions";
    }
}

using System.Globalization;

namespace NormKit.Diagnosis.Words;

/// <summary>A finding's settings as code has them.</summary>
internal sealed class AdviceSettings(int[] shape, Finding finding, bool isAffine)
{
    public string Eps => Text(finding.Eps);

    /// <summary>Of the positions; PyTorch's batch norms have one to three.</summary>
    public int Rank => Math.Clamp(shape.Length - 2, 1, 3);

    public bool IsAffine => isAffine;

    public int Samples => shape[0];

    public int Channels => shape.Length == 1 ? shape[0] : finding.ChannelsLast ? shape[^1] : shape[1];

    public string ChannelAxis => finding.ChannelsLast ? "-1" : "1";

    public int? Groups => finding.Groups;

    /// <summary>The elements of a group of channels.</summary>
    public int GroupLength => shape.Aggregate(1, (product, length) => product * length) / shape[0] / Math.Max(1, finding.Groups ?? 1);

    /// <summary>Whether the layer is said by its dimensions; one over groups of channels is not.</summary>
    public bool HasAxes => finding.Axes.Count > 0 && !IsOfLastGroups;

    /// <summary>Whether the sets are groups of neighbours in the last dimension.</summary>
    public bool IsOfLastGroups => finding.Axes.Count == 1 && finding.Groups is not null;

    public int LastGroupLength => shape[^1] / Math.Max(1, finding.Groups ?? 1);

    public int Last => shape[^1];

    public int AxisCount => finding.Axes.Count;

    public bool IsSuffix => HasAxes && finding.Axes[0] == shape.Length - AxisCount;

    public int FirstAxis => finding.Axes[0];

    public string Axes => string.Join(", ", finding.Axes);

    /// <summary>Where the dimensions go for a layer over the last ones.</summary>
    public string Ends => string.Join(", ", Enumerable.Range(-AxisCount, AxisCount));

    public string Lengths => string.Join(", ", finding.Axes.Select(axis => shape[axis]));

    public string AxesArgument => IsSuffix ? "" : $", axes: [{Axes}]";

    /// <summary>The dimensions of a set where it is a channel's, of one sample or of all; null for groups.</summary>
    public string? SetAxes => finding.Groups is not null ? null
        : string.Join(", ", Enumerable.Range(0, shape.Length).Where(d => d == 0
            ? !finding.Layer.Contains("of a sample", StringComparison.Ordinal) : d != (finding.ChannelsLast ? shape.Length - 1 : 1)));

    public int Size => finding.Size;

    public int Radius => (finding.Size - 1) / 2;

    public string Alpha => Text(finding.Window.Alpha);

    public string AlphaOfSum => Text(finding.Window.Alpha / finding.Size);

    public string Beta => Text(finding.Window.Beta);

    public string K => Text(finding.Window.K);

    /// <summary>Behind the arguments of a layer, for one on whose input the channels have to be moved first.</summary>
    public string OnView => finding.ChannelsLast ? "  // on a strided (N, C, *) view of x" : "";

    public string Affine(string argument) => isAffine ? ", " + argument : "";

    public string NoAffine(string argument) => isAffine ? "" : ", " + argument;

    public string Eval(string evaluated, string trained = "") => finding.IsEvaluation ? evaluated : trained;

    public string OnMoved(string comment, string moved) => finding.ChannelsLast ? $"  {comment} on {moved}, and back" : "";

    public string OnLast(string comment, string moved) => IsSuffix ? "" : $"  {comment} on {moved}, and back";

    public string Transposed(string node) => finding.ChannelsLast ? $"Transpose, {node}, Transpose" : node;

    public string P(string infinity) => double.IsPositiveInfinity(finding.P) ? infinity : Text(finding.P);

    private static string Text(double value) => Math.Abs(value) is > 0 and < 0.01
        ? value.ToString("0.########e-0", CultureInfo.InvariantCulture) : value.ToString("g9", CultureInfo.InvariantCulture);
}

using NormKit.Cli.Catalogue;
using NormKit.IO;

namespace NormKit.Cli;

/// <summary>One call of a layer as the command line asks for it.</summary>
internal sealed record LayerRequest(LayerEntry Entry, LayerSettings Settings, string Input, string Output)
{
    /// <summary>The files of parameters and running statistics.</summary>
    public required IReadOnlyList<NamedFile> Parameters { get; init; }

    /// <summary>The files of the other inputs, by their names.</summary>
    public required IReadOnlyList<NamedFile> Others { get; init; }

    /// <summary>A state file, with a prefix behind a colon.</summary>
    public string? State { get; init; }

    public string? Mask { get; init; }

    /// <summary>Where to write the sum of input and residual.</summary>
    public string? SaveSum { get; init; }

    public string? SaveRunningMean { get; init; }

    public string? SaveRunningVar { get; init; }

    public bool Eval { get; init; }

    /// <summary>The type to compute and write in; null for the input's.</summary>
    public ElementType? Type { get; init; }

    public bool ChannelsLast { get; init; }

    public int Threads { get; init; }

    /// <summary>What two bytes without a meaning are in .npy and .npz files; null to refuse them.</summary>
    public ElementType? V2As { get; init; }
}

/// <summary>A file that the command line names.</summary>
/// <param name="Name">What is in it: "weight", "style" ...</param>
/// <param name="Role">The option, for errors.</param>
/// <param name="Location">x.npy, x.npz:name or x.safetensors:name.</param>
internal sealed record NamedFile(string Name, string Role, string Location);

namespace NormKit.Cli.Catalogue;

/// <summary>What a layer is made for.</summary>
/// <param name="Shape">Of its input, in the order that the layer names whatever the order of the file.</param>
/// <param name="Settings">What the command line sets.</param>
/// <param name="Given">The names of the parameters and running statistics that files give.</param>
/// <param name="Tracks">Whether running statistics are used or saved.</param>
/// <param name="AddsResidual">Whether a residual is added first.</param>
/// <param name="HasGate">Whether there is a gate, where there may be one.</param>
internal sealed record LayerPlan(
    nint[] Shape, LayerSettings Settings, IReadOnlyCollection<string> Given, bool Tracks, bool AddsResidual = false, bool HasGate = false)
{
    /// <summary>Whether a layer that can do without has a weight and a bias.</summary>
    public bool IsAffine => Has("weight") || Has("bias");

    public int Channels => checked((int)Shape[1]);

    public bool Has(string parameter) => Given.Contains(parameter);
}

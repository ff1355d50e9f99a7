using System.Runtime.InteropServices.JavaScript;

namespace NormKit.Lab;

/// <summary>Tells the page how far a long computation has come.</summary>
internal sealed partial class Progress : IProgress<double>
{
    public void Report(double value) => Tell(value);

    [JSImport("progress", "lab")]
    internal static partial void Tell(double share);
}

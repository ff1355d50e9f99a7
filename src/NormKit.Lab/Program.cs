using System.Runtime.Versioning;

[assembly: SupportedOSPlatform("browser")]

namespace NormKit.Lab;

/// <summary>The page calls the exported methods of the other classes; the program itself does nothing.</summary>
internal static class Program
{
    private static void Main()
    {
    }
}

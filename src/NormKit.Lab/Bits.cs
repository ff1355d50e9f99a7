using System.Runtime.InteropServices.JavaScript;
using NormKit.Tests;

namespace NormKit.Lab;

/// <summary>The hashes of docs/guarantees.md, computed here: the browser has the bits of the server.</summary>
internal static partial class Bits
{
    [JSExport]
    internal static string[] Names() => [.. Members.Every.Select(member => member.Name)];

    /// <summary>The first 64 bits of the SHA-256 that docs/guarantees.md lists for this layer.</summary>
    [JSExport]
    internal static string Hash(string name) => MemberBits.Hash(Members.Every.First(member => member.Name == name))[..16];
}

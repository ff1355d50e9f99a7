using System.Numerics;
namespace NormKit;
/// <summary>Placeholder.</summary>
public readonly record struct Activation
{
    private readonly int kind = 0;

    /// <summary>None.</summary>
    public Activation() { }
    internal bool IsPresent => kind != 0;
    internal void Apply<T>(Span<T> block) where T : unmanaged, IBinaryFloatingPointIeee754<T> { block.Fill(T.CreateTruncating(kind)); }
    internal void Gradient<T>(ReadOnlySpan<T> z, Span<T> g) where T : unmanaged, IBinaryFloatingPointIeee754<T> { g.Fill(T.CreateTruncating(kind)); }
}

using CsCheck;
using NormKit.Kernels;

namespace NormKit.Tests.Kernels;

/// <summary>Every geometry says of each element once to which set it belongs.</summary>
[Trait("Tier", "Any")]
public class NormGeometryTests
{
    private static readonly Gen<int> Length = Gen.Int[1, 40];

    [Fact]
    public void Sets_OfAnyGeometry_HoldEachElementOnce() => Gen.Select(Length, Length, Length, Gen.Int[1, 4], Gen.Int[1, 3]).Sample((n, c, s, groups, parts) =>
    {
        Covers(NormGeometry.Batch(n, c, s), n * c * s);
        Covers(NormGeometry.BatchChannelsLast(n, c, s), n * c * s);
        Covers(NormGeometry.Ghost(parts, n, c, s), n * parts * c * s);
        Covers(NormGeometry.Group(n, c * groups, s, groups), n * c * groups * s);
        Covers(NormGeometry.GroupChannelsLast(n, c * groups, s, groups), n * c * groups * s);
        Covers(NormGeometry.Layer(n, c * s), n * c * s);
        Covers(NormGeometry.Position(n, c, s), n * c * s);
    }, iter: 200);

    private static void Covers(NormGeometry geometry, int elements)
    {
        bool[] seen = new bool[elements];
        for (nint set = 0; set < geometry.Sets; set++)
        {
            for (nint segment = 0; segment < geometry.Segments; segment++)
            {
                nint start = geometry.Offset(set, segment);
                for (nint i = 0; i < geometry.Length; i++)
                {
                    if (seen[start + i])    // a message for each element would take longer than the test
                        Assert.Fail($"{geometry}: element {start + i} is in two sets.");
                    seen[start + i] = true;
                }
            }
        }
        Assert.DoesNotContain(false, seen);
    }
}

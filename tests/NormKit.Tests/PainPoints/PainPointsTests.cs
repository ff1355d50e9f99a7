using System.Reflection;
using System.Text.RegularExpressions;

namespace NormKit.Tests.PainPoints;

public partial class PainPointsTests
{
    /// <summary>Of the 31 in docs/differences.md each has a test by its number, but for the two that say there why not.</summary>
    [Fact]
    public void EachNumber_HasATest()
    {
        IEnumerable<string> names = typeof(PainPointsTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(m => m.GetCustomAttribute<FactAttribute>() is not null).Select(m => $"{type.Name} {m.Name}"));
        int[] numbers = [.. names.Select(name => Number().Match(name)).Where(m => m.Success).Select(m => int.Parse(m.Groups[1].ValueSpan, null)).Distinct().Order()];
        Assert.Equal(Enumerable.Range(1, 31).Except([22, 24]), numbers);
    }

    [GeneratedRegex("PainPoint([0-9]{2})")]
    private static partial Regex Number();
}

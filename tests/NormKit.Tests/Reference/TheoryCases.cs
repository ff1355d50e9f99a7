using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace NormKit.Tests.Reference;

/// <summary>A theory over every combination of the values given for each parameter, and of all values of an enumeration not given.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = false)]
public abstract class CombinationsAttribute(params object[][] rest) : DataAttribute
{
    private static readonly Dictionary<Type, object[]> Enumerations = new()
    {
        [typeof(Norm)] = [.. Enum.GetValues<Norm>().Cast<object>()],
        [typeof(Placement)] = [.. Enum.GetValues<Placement>().Cast<object>()],
        [typeof(MemoryFormat)] = [.. Enum.GetValues<MemoryFormat>().Cast<object>()],
    };

    public override bool SupportsDiscoveryEnumeration() => true;

    public override ValueTask<IReadOnlyCollection<ITheoryDataRow>> GetData(MethodInfo testMethod, DisposalTracker disposalTracker)
    {
        IEnumerable<object[]> rows = [[]];
        int given = 0;
        foreach (ParameterInfo parameter in testMethod.GetParameters())
        {
            object[] values = Enumerations.TryGetValue(parameter.ParameterType, out object[]? all) ? all : rest[given++];
            rows = rows.SelectMany(_ => values, (row, value) => (object[])[.. row, value]);
        }
        return ValueTask.FromResult<IReadOnlyCollection<ITheoryDataRow>>([.. rows.Select(row => new TheoryDataRow(row))]);
    }
}

/// <summary>Every layer, layout and placement that the method asks for.</summary>
public sealed class CombinatorialNormsAttribute() : CombinationsAttribute;

/// <summary>The same, with group means of 0 to 1e6 standard deviations.</summary>
public sealed class AtEachOffsetAttribute() : CombinationsAttribute([0.0, 1.0, -100.0, 1e4, -1e6]);

/// <summary>The same, with some numbers.</summary>
public sealed class WithEachAttribute(params int[] numbers) : CombinationsAttribute([.. numbers.Cast<object>()]);

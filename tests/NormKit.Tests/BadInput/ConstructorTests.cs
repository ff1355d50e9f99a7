using System.Reflection;

namespace NormKit.Tests.BadInput;

/// <summary>
/// Every constructor, property and static method whose arguments are plain values, found by reflection: each argument in turn takes each wrong value of
/// its name. One of a name that is not in the tables fails, so that no new option goes without a rule.
/// </summary>
public class ConstructorTests
{
    /// <summary>Values that are right, together.</summary>
    private static readonly Dictionary<string, object?> Right = new()
    {
        ["numFeatures"] = 10,
        ["numChannels"] = 10,
        ["numGroups"] = 5,
        ["groups"] = 5,
        ["numSplits"] = 2,
        ["numHeads"] = 10,
        ["headDim"] = 11,
        ["numOutputs"] = 3,
        ["normalizedShape"] = 11,
        ["dim"] = 1,
        ["eps"] = 1e-5,
        ["momentum"] = 0.1,
        ["rMax"] = 3.0,
        ["dMax"] = 5.0,
        ["size"] = 3,
        ["alpha"] = 0.5,
        ["beta"] = 0.75,
        ["k"] = 1.0,
        ["p"] = 2.0,
        ["window"] = LrnWindow.PyTorch,
        ["negativeSlope"] = 0.01,
        ["seed"] = 0ul,
        ["affine"] = true,
        ["trackRunningStats"] = true,
        ["elementwiseAffine"] = true,
        ["bias"] = true,
        ["unitOffset"] = false,
        ["threshold"] = true,
        ["gain"] = false,
        ["keepdim"] = false,
    };

    private static readonly object[] NoCount = [0, -1, int.MinValue], NoNumber = [double.NaN, double.PositiveInfinity], NoEps = [-1e-5, double.NaN, double.PositiveInfinity, double.NegativeInfinity];

    /// <summary>Values that are wrong, by the argument's name.</summary>
    private static readonly Dictionary<string, object[]> Wrong = new()
    {
        ["numFeatures"] = NoCount,
        ["numChannels"] = NoCount,
        ["numGroups"] = [.. NoCount, 4],
        ["groups"] = [.. NoCount, 4],
        ["numSplits"] = NoCount,
        ["numHeads"] = NoCount,
        ["headDim"] = NoCount,
        ["numOutputs"] = NoCount,
        ["normalizedShape"] = [-1, int.MinValue],
        ["eps"] = NoEps,
        ["momentum"] = [-0.1, 1.1, double.NaN],
        ["rMax"] = [0.5, double.NaN],
        ["dMax"] = [-1.0, double.NaN],
        ["size"] = NoCount,
        ["alpha"] = NoNumber,
        ["beta"] = NoNumber,
        ["k"] = NoNumber,
        ["p"] = [-1.0, double.NaN],
        ["window"] = [(LrnWindow)7],
        ["negativeSlope"] = NoNumber,
        // Any dimension may be one of an input that is not known yet, and any seed starts a stream.
        ["dim"] = [],
        ["seed"] = [],
        ["affine"] = [],
        ["trackRunningStats"] = [],
        ["elementwiseAffine"] = [],
        ["bias"] = [],
        ["unitOffset"] = [],
        ["threshold"] = [],
        ["gain"] = [],
        ["keepdim"] = [],
    };

    /// <summary>Where a value is wrong for most, and right for one.</summary>
    private static readonly HashSet<string> Exceptions = ["PairwiseDistance eps -1E-05", "ScaleNorm dim", "DynamicTanh alpha ∞"];

    /// <summary>Of properties.</summary>
    private static readonly Dictionary<string, object[]> WrongOfProperties = new()
    {
        ["MaxDegreeOfParallelism"] = [0, -2, int.MinValue],
        ["Momentum"] = [-0.1, 1.1, double.NaN],
        ["NumBatchesTracked"] = [-1L],
        ["RMax"] = [0.5, double.NaN],
        ["DMax"] = [-1.0, double.NaN],
        ["NonFinite"] = [(RunningStatisticsPolicy)7],
        ["NumGroups"] = [0, -1],
    };

    public static TheoryData<string> Names { get; } = [.. Plain().Select(EntryPoints.Name)];

    /// <summary>The constructors and static methods with plain arguments alone.</summary>
    internal static IEnumerable<MethodBase> Plain() => typeof(Moments).Assembly.GetExportedTypes()
        .Where(t => !t.IsAbstract || t == typeof(Activation)).Where(t => t != typeof(BFloat16) && t != typeof(Moments) && t != typeof(DimensionMoments) && !typeof(Exception).IsAssignableFrom(t))
        .SelectMany(t => (IEnumerable<MethodBase>)[.. t.GetConstructors(), .. t == typeof(Activation) ? [t.GetMethod(nameof(Activation.LeakyRelu))!] : Array.Empty<MethodBase>()])
        .Where(m => m.GetParameters().Length > 0 && m.GetParameters().All(p => !p.ParameterType.IsByRefLike && !p.ParameterType.IsByRef && (p.ParameterType.IsValueType || p.ParameterType.IsPrimitive)));

    [Theory, MemberData(nameof(Names))]
    public void Make_WithOneWrongArgument_NamesLayerArgumentAndValue(string entryPoint)
    {
        MethodBase method = Closed(Plain().First(m => EntryPoints.Name(m) == entryPoint));
        ParameterInfo[] parameters = method.GetParameters();
        string layer = method.DeclaringType!.Name.Split('`')[0];
        object?[] right = [.. parameters.Select(p => layer == "ScaleNorm" && p.Name == "dim" ? 11 : Right[p.Name!])];
        Assert.NotNull(Make(method, right));
        List<string> wrongs = [];
        for (int i = 0; i < parameters.Length; i++)
        {
            string name = parameters[i].Name!;
            foreach (object value in layer == "ScaleNorm" && name == "dim" ? NoCount : Wrong[name])
            {
                if (Exceptions.Contains($"{layer} {name} {value}"))
                    continue;
                object?[] arguments = [.. right];
                arguments[i] = value;
                Exception? thrown = Record.Exception(() => Make(method, arguments));
                string said = thrown?.Message ?? "";
                // Groups that do not divide the channels are as wrong as channels that are not divided.
                if (thrown is not ArgumentException { ParamName: string named } || (named != name && (named, name) is not ("numChannels", "numGroups")))
                    wrongs.Add($"{layer}, {name} = {value}: {thrown?.GetType().Name ?? "no exception"}: {said}");
                else if (!said.StartsWith(method.IsConstructor ? layer : method.Name, StringComparison.Ordinal) || !said.Contains($"{value}", StringComparison.Ordinal))
                    wrongs.Add($"{layer}, {name} = {value}: does not name them: {said}");
            }
        }
        Assert.True(wrongs.Count == 0, string.Join(Environment.NewLine, wrongs));
    }

    /// <summary>A property that takes a value of which some are wrong keeps its old one.</summary>
    [Fact]
    public void Set_ToAWrongValue_NamesLayerAndValueAndKeepsTheOld()
    {
        List<string> wrongs = [], seen = [];
        foreach (object layer in (object[])[.. LayerForms.Layers.Select(l => l.Make()), new AdaptiveInstanceNorm<float>(), new AdaptiveLayerNorm<float>(3), new AdaptiveRmsNorm<float>(3)])
        {
            foreach (PropertyInfo property in layer.GetType().GetProperties().Where(p => p.SetMethod?.IsPublic == true && p.Name is not (nameof(GroupNorm<>.Activation) or nameof(RmsNorm<>.RoundBeforeWeight))))
            {
                seen.Add(property.Name);
                object? before = property.GetValue(layer);
                foreach (object value in WrongOfProperties[property.Name])
                {
                    Exception? thrown = Record.Exception(() => property.SetMethod!.Invoke(layer, BindingFlags.DoNotWrapExceptions, null, [value], null));
                    string name = layer.GetType().Name.Split('`')[0], said = thrown?.Message ?? "";
                    if (thrown is not ArgumentException || !said.StartsWith(name, StringComparison.Ordinal) || !said.Contains($"{value}", StringComparison.Ordinal))
                        wrongs.Add($"{name}.{property.Name} = {value}: {thrown?.GetType().Name ?? "no exception"}: {said}");
                    if (!Equals(before, property.GetValue(layer)))
                        wrongs.Add($"{name}.{property.Name} = {value}: changed");
                }
            }
        }
        Assert.Equal(WrongOfProperties.Keys.Order(), seen.Distinct().Order());
        Assert.True(wrongs.Count == 0, string.Join(Environment.NewLine, wrongs));
    }

    /// <summary>Each layer that a program can make is among those whose passes are called wrongly.</summary>
    [Fact]
    public void Layers_OfTheTable_AreAllThereAre()
    {
        IEnumerable<string> all = typeof(Moments).Assembly.GetExportedTypes().Where(t => !t.IsAbstract && IsLayer(t)).Select(t => t.Name.Split('`')[0]);
        Assert.Equal(all.Order(), LayerForms.Layers.Select(l => l.Make().GetType().Name.Split('`')[0]).Order());

        static bool IsLayer(Type type) => type.BaseType is Type b && (b.Name == typeof(NormLayer<>).Name || IsLayer(b));
    }

    private static MethodBase Closed(MethodBase method) => method.DeclaringType!.IsGenericTypeDefinition
        ? method.DeclaringType.MakeGenericType(typeof(float)).GetConstructors().Single(c => c.MetadataToken == method.MetadataToken)
        : method;

    private static object? Make(MethodBase method, object?[] arguments) => method is ConstructorInfo constructor
        ? constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, arguments, null)
        : method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, arguments, null);
}

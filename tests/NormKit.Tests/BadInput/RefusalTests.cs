namespace NormKit.Tests.BadInput;

/// <summary>Whatever argument of whatever entry point is wrong: the documented exception, which names layer, numbers and rule, and nothing has changed.</summary>
[Trait("Tier", "Any")]
public class RefusalTests
{
    private static readonly Dictionary<string, string[]> Every = EntryPoints.Of(typeof(Moments).Assembly);
    private static readonly CallForm[] Forms = [.. FunctionForms.All, .. LayerForms.All, .. DistanceForms.All, .. OtherForms.All];

    public static TheoryData<string> Names { get; } = [.. Forms.Select(f => f.EntryPoint).Distinct()];

    /// <summary>Entry points of which no argument is wrong, and why.</summary>
    private static readonly Dictionary<string, string> WithoutWrong = new()
    {
        ["GroupedNormLayer.set_Activation(value)"] = "an activation is made by its own constructors alone",
        ["IStateful.Materialize(length)"] = "what implements it is called by loading, and tested there: LazyLoadTests",
        ["TorchRandom.Fill(destination)"] = "any span can be filled",
        ["ExactMoments.Add(value)"] = "any number counts",
        ["ExactMoments.Add(values)"] = "any span has moments",
        ["Communicator.AllGather(message)"] = "any message can be sent",
        ["Communicator.AllReduce(values)"] = "any numbers have a sum; ranks that disagree: CommunicatorTests",
        ["Communicator.AllReduce(moments)"] = "any statistics merge; ranks that disagree: CommunicatorTests",
        ["Communicator.set_Timeout(value)"] = "LocalCommunicator.Run sets it",
        ["CommunicatorException.new(message)"] = "an exception takes any text",
        ["CommunicatorException.new(message, innerException)"] = "an exception takes any text",
        ["CommunicatorException.new(message, ranks)"] = "an exception takes any text",
        ["Moments.new(Count, Mean, M2)"] = "a record of numbers",
        ["Moments.Combine(a, b)"] = "any two records merge",
        ["Moments.Of<T>(values)"] = "any span has moments",
        ["Moments.set_Count(value)"] = "a record of numbers",
        ["Moments.set_Mean(value)"] = "a record of numbers",
        ["Moments.set_M2(value)"] = "a record of numbers",
        ["Moments.set_MeanLow(value)"] = "a record of numbers",
    };

    /// <summary>A new entry point must come with its wrong arguments.</summary>
    [Fact]
    public void EntryPoints_OfTheLibrary_AreAllInTheTables()
    {
        string[] setters = ["MaxDegreeOfParallelism", "Momentum", "NonFinite", "NumBatchesTracked", "RMax", "DMax"];    // ConstructorTests sets them
        HashSet<string> known = [.. Names.Select(row => row.Data), .. ConstructorTests.Plain().Select(EntryPoints.Name), .. WithoutWrong.Keys];
        IEnumerable<string> missing = Every.Keys.Where(k => !known.Contains(k) && !setters.Any(s => k.EndsWith($".set_{s}(value)", StringComparison.Ordinal)))
            .Where(k => !k.StartsWith("BFloat16.", StringComparison.Ordinal) || k.Contains(".Parse(", StringComparison.Ordinal));    // arithmetic and TryParse take anything
        Assert.Empty(missing);
        Assert.Empty(known.Except(Every.Keys));
    }

    [Theory, MemberData(nameof(Names))]
    public void Call_WithOneWrongArgument_IsRefusedAndChangesNothing(string entryPoint)
    {
        List<string> wrongs = [];
        foreach (CallForm form in Forms.Where(f => f.EntryPoint == entryPoint))
        {
            form.Call(form.Right());
            foreach ((string parameter, Wrong wrong) in form.WrongCalls(Every[entryPoint]))
            {
                Arguments arguments = form.Right();
                wrong.Spoil(arguments);
                string before = arguments.State(), what = $"{form.Says}, {parameter} ({string.Join("; ", wrong.Says)})";
                Exception? thrown = Record.Exception(() => form.Call(arguments));
                if (arguments.State() != before)
                    wrongs.Add($"{what}: something changed");
                if (thrown is null || thrown.GetType() != wrong.Exception)
                    wrongs.Add($"{what}: {thrown?.GetType().Name ?? "no exception"}, not {wrong.Exception.Name}: {thrown?.Message}");
                else if (thrown is ArgumentException { ParamName: string name } && !(wrong.Argument ?? parameter).Split(" or ").Contains(name))
                    wrongs.Add($"{what}: names {name}: {thrown.Message}");
                else if (thrown is not (ArgumentNullException or FormatException or OperationCanceledException) && form.Says.Length > 0 && !wrong.Says[0].Contains(": ", StringComparison.Ordinal) && !thrown.Message.StartsWith($"{form.Says}: ", StringComparison.Ordinal))
                    wrongs.Add($"{what}: does not name the layer: {thrown.Message}");
                else if (wrong.Says.Any(text => !text.Split('|').Any(t => thrown.Message.Contains(t, StringComparison.Ordinal))))
                    wrongs.Add($"{what}: {thrown.Message}");
            }
        }
        Assert.True(wrongs.Count == 0, string.Join(Environment.NewLine, wrongs));
    }
}

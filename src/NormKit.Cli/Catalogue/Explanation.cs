using System.Globalization;
using System.Numerics;
using System.Text.Json;
using NormKit.Cli.Reports;

namespace NormKit.Cli.Catalogue;

/// <summary>A layer explained at one shape.</summary>
internal sealed class Explanation
{
    private static readonly Dictionary<string, int> Sizes = new() { ["float16"] = 2, ["bfloat16"] = 2, ["float32"] = 4, ["float64"] = 8 };

    private readonly LayerEntry entry;
    private readonly nint[] shape;
    private readonly string type;
    private readonly IReadOnlyList<Statistic> statistics;
    private readonly Cost cost;

    /// <exception cref="UsageException">The layer takes no such input.</exception>
    public Explanation(LayerEntry entry, nint[] shape, LayerSettings settings, string type)
    {
        this.entry = entry;
        this.shape = shape;
        this.type = type;
        statistics = entry.Statistics(shape, settings);
        cost = new(entry, shape, settings, Sizes[type]);
    }

    /// <summary>The element types of inputs.</summary>
    public static IReadOnlyCollection<string> Types => Sizes.Keys;

    public IEnumerable<ReportPart> Report()
    {
        yield return new Heading($"{entry.ClassName}: {entry.Name}");
        yield return new Paragraph($"Input {entry.Input}, here {NumberType.Text(shape)}, {type}.");
        yield return new Heading("Formula");
        yield return new Picture(entry.Formula);

        yield return new Heading("Who shares statistics");
        if (statistics.Count == 0)
            yield return new Paragraph("Nobody: each element is computed by itself.");
        foreach (Statistic statistic in statistics)
            yield return new Paragraph(SharingWords.Of(statistic));
        if (statistics.Count > 0)
        {
            yield return new Table(
                ["statistic", "groups", "elements in each"],
                [.. statistics.Select(statistic => (string[])[statistic.What, $"{statistic.Groups}", $"{statistic.Elements}"])], Words: 1);
        }
        foreach (Statistic statistic in statistics.DistinctBy(statistic => string.Join(',', statistic.Axes)))
            yield return new Picture(["", .. statistics.Count > 1 ? (string[])[$"{statistic.What}:"] : [], .. SharingPicture.Of(statistic)]);

        yield return new Heading("What it holds");
        if (cost.Parameters.Count == 0)
        {
            string asked = entry.Parameters.Count > 0 ? $" unless asked for: {string.Join(", ", entry.Parameters.Select(p => p.Name))}" : "";
            yield return new Paragraph($"Nothing{asked}.");
        }
        else
        {
            yield return new Table(
                ["name", "shape", "starts at", "trained", "numbers"],
                [.. cost.Parameters.Select(pair => (string[])[
                    pair.Entry.Name, NumberType.Text(pair.Shape), pair.Entry.Start, pair.Entry.IsTrained ? "yes" : "no", $"{Cost.Product(pair.Shape)}"])],
                Words: 4);
            yield return new Paragraph($"{cost.TrainedCount} parameters to train, {cost.KeptCount} numbers besides.");
        }

        yield return new Heading("What it costs");
        yield return new Table(["pass", "bytes", "", "operations", "for each byte"], [.. Passes()], Words: 1);
        yield return new Paragraph(
            "Bytes, each array once: forward reads x and the parameters and writes y; backward reads dy, x and the parameters and writes dx; gradients of "
                + "parameters, and running statistics in training, are read and written. What is read twice from a cache is not counted.");
        yield return new Paragraph($"Operations for each element: forward {Work.Text(cost.Work.Forward)}."
            + (cost.Work.BackwardCount > 0 ? $" Backward {Work.Text(cost.Work.Backward)}." : "")
            + " Each +, -, *, /, root, power, max, exp and tanh is one; what is done once for a group or a channel is left out.");

        yield return new Heading("In training and in evaluation");
        yield return new Paragraph(entry.Train, "train:");
        yield return new Paragraph(entry.Eval, "eval:");
        if (entry.IsApplied)
        {
            yield return new Heading("On the command line");
            yield return new Paragraph(CommandLine());
            if (entry.Options.Count > 0)
                yield return new Table(["option", "default"], [.. entry.Options.Select(option => (string[])[option.Name, option.Default ?? "- (required)"])], Words: 2);
        }
        yield return new Heading("When to choose it");
        yield return new Paragraph(entry.Choose);
        yield return new Heading("Names");
        yield return new Table(
            ["here", $"{entry.ClassName}<T>"],
            [["PyTorch", entry.Elsewhere.PyTorch], ["Keras", entry.Elsewhere.Keras], ["Flax", entry.Elsewhere.Flax], ["ONNX", entry.Elsewhere.Onnx]], Words: 2);
        yield return new Paragraph(entry.Source, "source:");
        yield return new Paragraph(entry.Page, "more:");
    }

    public string JsonText() => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("name", entry.Name);
        json.WriteString("class", entry.ClassName);
        json.WriteShape("shape", shape);
        json.WriteString("dtype", type);
        json.WriteStartArray("statistics");
        foreach (Statistic statistic in statistics)
            Write(json, statistic);
        json.WriteEndArray();
        json.WriteStartArray("parameters");
        foreach ((ParameterEntry parameter, nint[] parameterShape) in cost.Parameters)
        {
            json.WriteStartObject();
            json.WriteString("name", parameter.Name);
            json.WriteShape("shape", parameterShape);
            json.WriteString("start", parameter.Start);
            json.WriteBoolean("trained", parameter.IsTrained);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        Number(json, "parameterCount", cost.TrainedCount);
        WritePass(json, "forward", cost.ForwardBytes, cost.ForwardOperations);
        WritePass(json, "backward", cost.BackwardBytes, cost.BackwardOperations);
        WriteShared(json, entry);
        json.WriteEndObject();
    });

    /// <summary>What is the same at every shape.</summary>
    public static void WriteShared(Utf8JsonWriter json, LayerEntry entry)
    {
        json.WriteStrings("formula", entry.Formula);
        json.WriteString("train", entry.Train);
        json.WriteString("eval", entry.Eval);
        json.WriteString("choose", entry.Choose);
        json.WriteString("source", entry.Source);
        json.WriteString("page", entry.Page);
        json.WriteStartObject("names");
        json.WriteString("pytorch", entry.Elsewhere.PyTorch);
        json.WriteString("keras", entry.Elsewhere.Keras);
        json.WriteString("flax", entry.Elsewhere.Flax);
        json.WriteString("onnx", entry.Elsewhere.Onnx);
        json.WriteEndObject();
    }

    /// <summary>How apply is called, with all the files that it can take.</summary>
    private string CommandLine()
    {
        IEnumerable<string> files = entry.Parameters.Where(parameter => !parameter.IsInput).Select(parameter =>
            parameter.Name is "weight" or "bias" or LayerEntry.RunningMean or LayerEntry.RunningVar
                ? $"[--{parameter.Name.Replace('_', '-')} FILE]"
                : $"[--param {parameter.Name}=FILE]");
        string[] rest =
        [
            .. entry.OtherInputNames.Concat(entry.Conditions.Select(condition => condition.Name)).Select(name => $"--{name} FILE"), .. files, .. entry.Parameters.Any(parameter => !parameter.IsInput) ? (string[])["[--state FILE:PREFIX]"] : [],
            .. entry.HasModes ? (string[])["[--eval]"] : [],
            .. entry.Takes("--momentum") ? entry.Running.Select(running => $"[--save-{running.Name.Replace('_', '-')} FILE]") : [],
            .. entry.TakesMask ? (string[])["[--mask FILE]"] : [], .. entry.TakesResidual ? (string[])["[--residual FILE]", "[--save-sum FILE]"] : [],
            .. entry.TakesChannelsLast ? (string[])["[--channels-last]"] : [],
        ];
        return $"normkit apply {entry.Name} INPUT -o OUTPUT {string.Join(' ', rest)}";
    }

    private IEnumerable<string[]> Passes()
    {
        yield return Row("forward", cost.ForwardBytes, cost.ForwardOperations);
        if (cost.BackwardBytes > 0)
            yield return Row("backward", cost.BackwardBytes, cost.BackwardOperations);
    }

    private static string[] Row(string pass, BigInteger bytes, double operations) =>
        [pass, $"{bytes}", Binary(bytes), operations.ToString("f0", CultureInfo.InvariantCulture), (operations / (double)bytes).ToString("g2", CultureInfo.InvariantCulture)];

    /// <summary>"16.0 MiB".</summary>
    private static string Binary(BigInteger bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
        double value = (double)bytes;
        int unit = 0;
        for (; value >= 1024 && unit < units.Length - 1; unit++)
            value /= 1024;
        return unit == 0 ? $"{bytes} B" : $"{value:f1} {units[unit]}";
    }

    private static void Write(Utf8JsonWriter json, Statistic statistic)
    {
        json.WriteStartObject();
        json.WriteString("what", statistic.What);
        Number(json, "groups", statistic.Groups);
        Number(json, "elementsPerGroup", statistic.Elements);
        json.WriteStartArray("axes");
        foreach (Axis axis in statistic.Axes)
        {
            json.WriteStartObject();
            json.WriteString("name", axis.Name);
            json.WriteNumber("length", axis.Length);
            json.WriteString("role", axis.Role switch { AxisRole.Shared => "shared", AxisRole.Split => "split", AxisRole.Window => "window", _ => "separate" });
            if (axis.Role is AxisRole.Split or AxisRole.Window)
                json.WriteNumber(axis.Role == AxisRole.Split ? "parts" : "width", axis.Part);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePass(Utf8JsonWriter json, string name, BigInteger bytes, double operations)
    {
        json.WriteStartObject(name);
        Number(json, "bytes", bytes);
        json.WriteNumber("operations", operations);
        json.WriteEndObject();
    }

    // A product of lengths may be longer than any type that JSON's writer knows.
    private static void Number(Utf8JsonWriter json, string name, BigInteger value)
    {
        json.WritePropertyName(name);
        json.WriteRawValue(value.ToString(CultureInfo.InvariantCulture));
    }
}

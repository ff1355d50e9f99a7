using System.Globalization;
using System.Text.Json;
using NormKit.Cli.Reports;
using NormKit.IO;

namespace NormKit.Cli.Stats;

/// <summary>Statistics of a data set, for people and as JSON.</summary>
internal static class StatsReport
{
    private const int MostRows = 64, MostPasted = 16, MostNamed = 20;

    // The deviation of all numbers and the mean of the files' deviations differ by more than this share.
    private const double Noticeable = 0.01;

    public static IEnumerable<ReportPart> Of(StatsResult result)
    {
        DataSetStatistics statistics = result.Statistics;
        ExactMoments[] all = All(statistics);
        string source = $"{Plural.Of(result.Request.Files.Count, result.Request.Merges ? "state" : "file")}";
        yield return new Heading(statistics.IsIndexed ? $"Statistics of {source}, by {(all.Length == 1 ? "1 index" : $"{all.Length} indices")}" : $"Statistics of {source}");
        if (statistics.IsIndexed)
        {
            yield return new Table(["index", "count", "mean", "deviation", "sample dev.", "min", "max", "NaN", "inf"], [.. all.Take(MostRows).Select(Row)], Words: 0);
            if (all.Length > MostRows)
                yield return new Paragraph($"and {all.Length - MostRows} more; --json lists all.");
            yield return new Paragraph("The deviation is that of the population, which divides by n; that of a sample divides by n - 1. Figures are shortened to five digits; --json has all.");
        }
        else
        {
            yield return new Picture([.. Figures(all[0]).Select(figure => $"{figure.Name,-30}{figure.Value}")]);
        }
        yield return new Paragraph(result.Sha256, "SHA-256:");
        foreach (ReportPart part in Warnings(statistics, all))
            yield return part;
        if (all.Length > MostPasted || all.Any(moments => moments.Count == 0))
            yield break;
        yield return new Heading("To paste");
        string means = List(all, moments => moments.Mean), deviations = List(all, moments => Divisor(moments.PopulationStandardDeviation)), variances = List(all, moments => Divisor(moments.PopulationVariance));
        yield return new Paragraph($"transforms.Normalize(mean=[{means}], std=[{deviations}])", "PyTorch:");
        yield return new Paragraph(
            $"Functional.BatchNorm(x, training: false, runningMean: Tensor.Create<float>([{Suffixed(means)}]), runningVar: Tensor.Create<float>([{Suffixed(variances)}]), eps: 0)", "NormKit:");
        yield return new Paragraph($"keras.layers.Normalization(axis={Axis(result)}, mean=[{means}], variance=[{variances}])", "Keras:");
    }

    public static string JsonText(StatsResult result) => Json.Of(json =>
    {
        json.WriteStartObject();
        json.WriteString("sha256", result.Sha256);
        json.WriteStartArray("statistics");
        for (int i = 0; i < result.Statistics.Moments.Length; i++)
            Write(json, result.Statistics.Moments[i], result.Statistics.IsIndexed ? i : null);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    private static void Write(Utf8JsonWriter json, ExactMoments moments, int? index)
    {
        json.WriteStartObject();
        if (index is int number)
            json.WriteNumber("index", number);
        else
            json.WriteNull("index");
        json.WriteNumber("count", moments.Count);
        json.WriteFinite("mean", moments.Mean);
        json.WriteFinite("populationStandardDeviation", moments.PopulationStandardDeviation);
        json.WriteFinite("sampleStandardDeviation", moments.SampleStandardDeviation);
        json.WriteFinite("min", moments.Minimum);
        json.WriteFinite("max", moments.Maximum);
        json.WriteNumber("nan", moments.NaNCount);
        json.WriteNumber("infinite", Infinite(moments));
        json.WriteEndObject();
    }

    private static IEnumerable<ReportPart> Warnings(DataSetStatistics statistics, ExactMoments[] all)
    {
        int[] constant = [.. Enumerable.Range(0, all.Length).Where(i => all[i].Count > 0 && all[i].PopulationStandardDeviation == 0)];
        if (constant.Length > 0)
        {
            string which = statistics.IsIndexed ? $"index {string.Join(", ", constant.Take(MostNamed))}{(constant.Length > MostNamed ? $" and {constant.Length - MostNamed} more" : "")}" : "the data set";
            yield return new Paragraph($"{which} is constant, with deviation 0. Standardized it is 0; the lines to paste divide it by 1.", "Constant:");
        }
        long nan = all.Sum(moments => moments.NaNCount), infinite = all.Sum(Infinite);
        if (nan + infinite > 0)
            yield return new Paragraph($"{nan} NaN and {Plural.Of(infinite, "infinity").Replace("infinitys", "infinities", StringComparison.Ordinal)} are counted and left out of all other figures.", "Left out:");
        if (statistics.FileDeviations is not DimensionMoments files)
            yield break;
        int worst = Enumerable.Range(0, all.Length).MaxBy(i => Departure(files[i].Mean, all[i].PopulationStandardDeviation));
        if (!(Departure(files[worst].Mean, all[worst].PopulationStandardDeviation) > Noticeable))
            yield break;
        string where = statistics.IsIndexed ? $" at index {worst}" : "";
        yield return new Paragraph(
            $"the mean of the files' own deviations is {Short(files[worst].Mean)}{where}, the deviation of all numbers {Short(all[worst].PopulationStandardDeviation)}. They differ because the files have "
            + "different means. Standardizing needs the latter; published figures are sometimes the former (ImageNet's 0.229, 0.224, 0.225: torchvision issue 1439).", "Beware:");
    }

    private static double Departure(double files, double all) => Math.Abs(files - all) / all;

    private static IEnumerable<(string Name, string Value)> Figures(ExactMoments moments)
    {
        yield return ("count", $"{moments.Count}");
        yield return ("mean", Full(moments.Mean));
        yield return ("population standard deviation", Full(moments.PopulationStandardDeviation));
        yield return ("sample standard deviation", Full(moments.SampleStandardDeviation));
        yield return ("minimum", Full(moments.Minimum));
        yield return ("maximum", Full(moments.Maximum));
        yield return ("NaN", $"{moments.NaNCount}");
        yield return ("infinite", $"{Infinite(moments)}");
    }

    private static string[] Row(ExactMoments moments, int index) =>
    [
        $"{index}", $"{moments.Count}", Short(moments.Mean), Short(moments.PopulationStandardDeviation), Short(moments.SampleStandardDeviation), Short(moments.Minimum), Short(moments.Maximum),
        $"{moments.NaNCount}", $"{Infinite(moments)}",
    ];

    private static ExactMoments[] All(DataSetStatistics statistics) => [.. Enumerable.Range(0, statistics.Moments.Length).Select(i => statistics.Moments[i])];

    private static long Infinite(ExactMoments moments) => moments.PositiveInfinityCount + moments.NegativeInfinityCount;

    private static int Axis(StatsResult result) => result.Request.Dimension ?? -1;

    private static double Divisor(double value) => value == 0 ? 1 : value;

    private static string List(ExactMoments[] all, Func<ExactMoments, double> figure) =>
        string.Join(", ", all.Select(moments => NumberType.Text(figure(moments), ElementType.Float32)));

    // C# takes 0.5 for a double.
    private static string Suffixed(string list) => string.Join(", ", list.Split(", ").Select(number => $"{number}f"));

    private static string Short(double value) => double.IsNaN(value) ? "-" : value.ToString("G5", CultureInfo.InvariantCulture);

    private static string Full(double value) => double.IsNaN(value) ? "-" : value.ToString("R", CultureInfo.InvariantCulture);
}

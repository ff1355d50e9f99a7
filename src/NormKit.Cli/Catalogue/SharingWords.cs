namespace NormKit.Cli.Catalogue;

/// <summary>Who shares a statistic, as a sentence.</summary>
internal static class SharingWords
{
    /// <summary>"One mean and variance for each index of N and each of 8 groups of 4 along C, over the C of the group, H, W."</summary>
    public static string Of(Statistic statistic)
    {
        string[] indices = [.. statistic.Axes.Where(axis => axis.Role is AxisRole.Separate or AxisRole.Window).Select(axis => axis.Name)];
        string[] each =
        [
            .. indices.Length > 0 ? (string[])[$"index of {string.Join(", ", indices)}"] : [],
            .. statistic.Axes.Where(axis => axis.Role == AxisRole.Split)
                .Select(axis => $"of {axis.Part} groups of {axis.Length / axis.Part} along {axis.Name}"),
        ];
        string[] over = [.. statistic.Axes.Select(Over).OfType<string>()];
        if (each.Length == 0)
            return $"One {statistic.What} of the whole array.";
        return $"One {statistic.What} for each {string.Join(" and each ", each)}{(over.Length > 0 ? $", over {string.Join(", ", over)}" : "")}.";
    }

    private static string? Over(Axis axis) => axis.Role switch
    {
        AxisRole.Shared => axis.Name,
        AxisRole.Split => $"the {axis.Name} of the group",
        AxisRole.Window => $"the {axis.Part} {axis.Name} around it",
        _ => null,
    };
}

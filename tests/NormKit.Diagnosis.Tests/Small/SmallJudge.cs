namespace NormKit.Diagnosis.Tests.Small;

/// <summary>Whether an answer names what a small case does, alone or among what gives the same output.</summary>
internal static class SmallJudge
{
    public static bool Names(SmallCase drawn, DiagnosisResult result) => result.Ties.Prepend(result.Best).Any(finding => finding.IsRounding && IsLayer(drawn, finding) && HasFault(drawn, finding))
        || result.Verdict == Verdict.Line || IsInvisible(drawn, result);

    /// <summary>A wrong answer that stands alone and has a cause that few programs have: a value that was fitted, or an operation that is rare.</summary>
    public static bool IsUnlikelyAlone(SmallCase drawn, DiagnosisResult result) => !Names(drawn, result) && result.Verdict == Verdict.Explained && result.Ties.Count == 0;

    /// <summary>Sets of equal numbers give zeros, whatever the fault: an output of one value is answered as that.</summary>
    private static bool IsInvisible(SmallCase drawn, DiagnosisResult result) => result.Verdict == Verdict.NotNormalized && Array.TrueForAll(drawn.Request.Output, value => value == drawn.Request.Output[0]);

    private static bool IsLayer(SmallCase drawn, Finding finding)
    {
        string[] names = [finding.Layer, .. finding.SameAs];
        bool Is(string start) => names.Any(name => name.StartsWith(start, StringComparison.Ordinal));
        int rank = drawn.Request.Shape.Length;
        bool isLine = finding.Axes.Count == rank || Is("LayerNorm over all") || Is("RmsNorm over all");
        return drawn.Layer switch
        {
            SmallLayer.LayerNorm => Is("LayerNorm over the last dimension"),
            SmallLayer.Everything => isLine || IsOneSet(drawn, finding),
            SmallLayer.BatchNorm => Is("BatchNorm") && !finding.IsEvaluation,
            SmallLayer.InstanceNorm => Is("InstanceNorm"),
            SmallLayer.GroupNorm => Is($"GroupNorm with {drawn.Groups} "),
            SmallLayer.RmsNorm => Is("RmsNorm over the last dimension"),
            SmallLayer.GroupedRmsNorm => Is("RmsNorm over 2 groups") || Is("RMS norm over 2 groups"),
            SmallLayer.LpNormalize => (finding.Kind == NormalizationKind.LpNormalize && finding.P == drawn.P) || (drawn.P == 2 && Is("LpNormalize (p = 2)")),
            _ => Is("BatchNorm in evaluation"),
        };
    }

    private static bool IsOneSet(SmallCase drawn, Finding finding) => drawn.Request.Shape[0] == 1 && finding.Kind is NormalizationKind.LayerNorm or NormalizationKind.GroupNorm;

    private static bool HasFault(SmallCase drawn, Finding finding)
    {
        HashSet<CauseKind> causes = [.. finding.Causes.Select(cause => cause.Kind)];
        causes.ExceptWith([CauseKind.Eps, CauseKind.RunningStatistics, CauseKind.OtherLayer]);
        CauseKind[] needed = drawn switch
        {
            { Layer: SmallLayer.NewLayer } => [CauseKind.InitialStatistics],
            { Layer: SmallLayer.Updated } => [CauseKind.StaleStatistics],
            _ => [],
        };
        CauseKind[] faults = drawn.Fault switch
        {
            SmallFault.SampleVariance => [CauseKind.SampleVariance],
            SmallFault.EpsOutside => [CauseKind.EpsOutside],
            SmallFault.NoRoot => [CauseKind.VarianceNotRooted],
            SmallFault.NotCentered => [CauseKind.NotCentered],
            SmallFault.EpsAfter => [CauseKind.EpsAfterDivision],
            SmallFault.WeightMissing => [CauseKind.WeightIgnored],
            SmallFault.BiasMissing => [CauseKind.BiasIgnored],
            SmallFault.Scaled => [CauseKind.UnknownWeight],
            _ => [],
        };
        bool isEps = drawn.Fault is SmallFault.Scaled or SmallFault.EpsAfter || drawn.Layer == SmallLayer.LpNormalize
            || Math.Abs(finding.Eps - drawn.Eps) <= 1e-3 * drawn.Eps || (drawn.Eps >= finding.LeastEps && drawn.Eps <= finding.MostEps);

        // An eps that is too small to be seen is nowhere.
        if (drawn.Fault is SmallFault.EpsOutside && !causes.Contains(CauseKind.EpsOutside) && finding.LeastEps <= 0)
            faults = [];
        return isEps && causes.SetEquals([.. needed, .. faults]);
    }
}

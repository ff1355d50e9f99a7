namespace NormKit.Diagnosis.Tests.Generator;

/// <summary>Whether an answer names what a program does.</summary>
internal static class Judge
{
    /// <summary>Whether the best finding, or one that ties with it, has the program's layer and its faults, and no others.</summary>
    public static bool Names(Case drawn, DiagnosisResult result) =>
        result.Verdict != Verdict.NoneOfThese && result.Ties.Prepend(result.Best).Any(finding => IsLayer(drawn.Program, finding) && HasCauses(drawn, finding));

    private static bool HasCauses(Case drawn, Finding finding)
    {
        // A fault that does not change the output cannot be seen: with it or without it, the answer is right.
        HashSet<CauseKind> causes = [.. finding.Causes.Select(cause => cause.Kind)];
        HashSet<CauseKind> visible = CausesOf(drawn, drawn.Program.Faults.Where(fault => Equivalence.IsVisible(drawn, fault)));
        HashSet<CauseKind> all = CausesOf(drawn, drawn.Program.Faults);
        return causes.IsSupersetOf(visible) && causes.IsSubsetOf(all) && IsEps(drawn, finding);
    }

    /// <summary>The name, or one of those that the finding says are the same.</summary>
    private static bool IsLayer(Program program, Finding finding)
    {
        int rank = program.Shape.Length;
        int[] suffix = [.. Enumerable.Range(rank - program.Suffix, program.Suffix)];
        return program.Layer switch
        {
            Layer.Batch or Layer.BatchEval => finding.Kind == NormalizationKind.BatchNorm,
            Layer.Instance => finding.Kind == NormalizationKind.InstanceNorm || finding.SameAs.Any(name => name.StartsWith("InstanceNorm", StringComparison.Ordinal)),
            Layer.Group => (finding.Kind == NormalizationKind.GroupNorm && finding.Groups == program.Groups)
                || finding.SameAs.Any(name => name.StartsWith($"GroupNorm with {program.Groups} ", StringComparison.Ordinal)),
            Layer.LayerNorm => (finding.Kind == NormalizationKind.LayerNorm && finding.Axes.SequenceEqual(suffix))
                || finding.SameAs.Any(name => name.StartsWith("LayerNorm over the last" + (program.Suffix == 1 ? " dimension" : $" {program.Suffix}"), StringComparison.Ordinal)),
            Layer.OverChannels => (finding.Kind == NormalizationKind.LayerNorm && finding.Axes is [1]) || (rank == 2 && finding.SameAs.Any(name => name.StartsWith("LayerNorm", StringComparison.Ordinal))),
            Layer.Rms => finding.Kind == NormalizationKind.RmsNorm && finding.Axes.SequenceEqual(suffix),
            _ => finding.Kind == NormalizationKind.LpNormalize && finding.P == program.P && finding.Axes is [1],
        };
    }

    private static bool IsEps(Case drawn, Finding finding) => IsEps(drawn.Program, finding) || !Equivalence.IsVisible(drawn, Fault.Eps);

    private static bool IsEps(Program program, Finding finding) =>
        program.Has(Fault.EpsClamp) || program.Layer == Layer.Norm || Math.Abs(finding.Eps - program.Eps) <= 1e-3 * program.Eps
        || (program.Eps >= finding.LeastEps && program.Eps <= finding.MostEps);

    private static HashSet<CauseKind> CausesOf(Case drawn, IEnumerable<Fault> faults)
    {
        HashSet<CauseKind> causes = [];
        foreach (Fault fault in faults)
        {
            // A bound below every deviation is an eps of 0.
            if (fault == Fault.EpsClamp && !Equivalence.BoundIsReached(drawn))
            {
                if (drawn.Program.Layer != Layer.Rms || drawn.Request.Expected is not null)
                    causes.Add(CauseKind.Eps);
                continue;
            }

            // Without a layer expected, RMS norm has no eps to depart from.
            if (fault == Fault.Eps && drawn.Program.Layer == Layer.Rms && drawn.Request.Expected is null)
                continue;
            causes.UnionWith(Of(fault));
        }
        return causes;
    }

    private static CauseKind[] Of(Fault fault) => fault switch
    {
        Fault.Interleaved => [CauseKind.InterleavedGroups],
        Fault.Misread => [CauseKind.MisreadLayout],
        Fault.OutputMoved => [CauseKind.OutputLayout],
        Fault.WeightPlusOne => [CauseKind.WeightOffset],
        Fault.BiasFirst => [CauseKind.BiasBeforeWeight],
        Fault.InputHalf or Fault.InputBFloat => [CauseKind.InputRounded],
        Fault.OutputHalf => [CauseKind.OutputRounded],
        Fault.StatisticsHalf => [CauseKind.StatisticsRounded],
        Fault.CastBeforeWeight => [CauseKind.CastBeforeWeight, CauseKind.OutputRounded],
        Fault.RunningForBatch => [CauseKind.RunningStatistics],
        Fault.PoisonedStatistics => [CauseKind.Poisoned],
        _ => [Enum.Parse<CauseKind>(fault.ToString())],
    };
}

namespace NormKit.Diagnosis.Tests.Generator;

/// <summary>What cannot be told apart, from the numbers of the program itself.</summary>
internal static class Equivalence
{
    private const double Rounding = 16 * 5.9604644775390625e-8;

    /// <summary>Whether leaving a fault out changes at least a fiftieth of the output by more than rounding.</summary>
    public static bool IsVisible(Case drawn, Fault fault)
    {
        // A program with a weight a group has no weight a channel that it could have used instead.
        if (fault == Fault.WeightPerGroup)
            return true;
        Program program = drawn.Program;
        double[] without = fault switch
        {
            Fault.Eps => program.With(program.Faults, Default(program)).Run(drawn.Input),
            Fault.EpsClamp => program.With(program.Faults.Where(other => other != fault), Default(program)).Run(drawn.Input),
            _ => program.With(program.Faults.Where(other => other != fault)).Run(drawn.Input),
        };
        double scale = Math.Sqrt(drawn.Output.Where(double.IsFinite).Average(y => y * y));
        bool is16Bit = program.Has(Fault.OutputHalf) || program.Has(Fault.CastBeforeWeight);
        double bound = is16Bit ? 0 : Rounding * scale;
        int changed = drawn.Output.Zip(without).Count(pair => !(Math.Abs(pair.First - pair.Second) <= bound) && !(double.IsNaN(pair.First) && double.IsNaN(pair.Second)));
        return changed * 50 >= drawn.Output.Length;
    }

    /// <summary>Whether some set's deviation is below the bound that takes the place of eps.</summary>
    public static bool BoundIsReached(Case drawn)
    {
        Program program = drawn.Program;
        double[] unbounded = program.With(program.Faults.Where(fault => fault != Fault.EpsClamp), eps: 0).Run(drawn.Input);
        return drawn.Output.Zip(unbounded).Any(pair => Math.Abs(pair.First - pair.Second) > 1e-6 * (1 + Math.Abs(pair.First)));
    }

    private static double Default(Program program) => program.Layer == Layer.Rms ? 1e-6 : 1e-5;
}

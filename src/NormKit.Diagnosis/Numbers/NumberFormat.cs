namespace NormKit.Diagnosis;

/// <summary>The type in which numbers were stored or computed.</summary>
#pragma warning disable CA1720 // their names are what they are
public enum NumberFormat
{
    /// <summary>64 bits, 53 of them significant.</summary>
    Float64,

    /// <summary>32 bits, 24 of them significant.</summary>
    Float32,

    /// <summary>16 bits, 11 of them significant.</summary>
    Float16,

    /// <summary>16 bits, 8 of them significant.</summary>
    BFloat16,
}

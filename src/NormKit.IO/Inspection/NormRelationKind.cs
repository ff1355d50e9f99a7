namespace NormKit.IO;

/// <summary>How a norm of one file relates to the same norm of another.</summary>
public enum NormRelationKind
{
    /// <summary>Every value is the same.</summary>
    Equal,

    /// <summary>The other weight is this one plus one.</summary>
    PlusOne,

    /// <summary>The other weight is this one minus one.</summary>
    MinusOne,

    /// <summary>The other values are these times one factor.</summary>
    Factor,

    /// <summary>One file has the values of the other, rounded to bfloat16.</summary>
    BFloat16,

    /// <summary>One file has the values of the other, rounded to half precision.</summary>
    Half,

    /// <summary>The same values in another order.</summary>
    Permuted,

    /// <summary>The other file has the norm multiplied into the layer beside it.</summary>
    Folded,

    /// <summary>None of these.</summary>
    Different,
}

namespace NormKit;

/// <summary>What an entry of a layer's state is.</summary>
public enum StateKind
{
    /// <summary>A weight or bias, which training moves by its gradient.</summary>
    Parameter,

    /// <summary>A tensor that the layer itself moves, such as a running mean.</summary>
    Buffer,

    /// <summary>A whole number, such as the batches seen.</summary>
    Counter,
}

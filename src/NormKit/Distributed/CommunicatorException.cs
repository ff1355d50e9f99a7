namespace NormKit;

/// <summary>The error of a collective call that some ranks did not join, or did not join alike. Every rank that can be reached gets it.</summary>
public sealed class CommunicatorException : Exception
{
    /// <summary>Creates an exception that names no rank.</summary>
    public CommunicatorException()
        : this("A collective call failed.")
    {
    }

    /// <summary>Creates an exception that names no rank.</summary>
    /// <param name="message">What happened.</param>
    public CommunicatorException(string message)
        : this(message, [])
    {
    }

    /// <summary>Creates an exception that names no rank.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="innerException">What caused it.</param>
    public CommunicatorException(string message, Exception? innerException)
        : base(message, innerException) => Ranks = [];

    /// <summary>Creates an exception that names ranks.</summary>
    /// <param name="message">What happened.</param>
    /// <param name="ranks">The ranks that are at fault.</param>
    public CommunicatorException(string message, IReadOnlyList<int> ranks)
        : base(message) => Ranks = ranks;

    /// <summary>Gets the ranks that did not come or called something else than most, in ascending order; empty where no rank is to blame.</summary>
    public IReadOnlyList<int> Ranks { get; }
}

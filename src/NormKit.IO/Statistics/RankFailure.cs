using System.Text;

namespace NormKit.IO;

/// <summary>Work of which each rank does a part: if one fails, all do, with the same error.</summary>
internal static class RankFailure
{
    private const char Cancelled = '\0';

    /// <summary>Does this rank's part and waits for the others. A collective call.</summary>
    internal static T Share<T>(Communicator communicator, Func<T> work)
    {
        if (communicator.Size == 1)
            return work();
        T? result = default;
        string failure = "";
        try
        {
            result = work();
        }
        catch (OperationCanceledException)
        {
            failure = $"{Cancelled}";
        }
#pragma warning disable CA1031 // whatever it is, the others must hear of it
        catch (Exception error)
#pragma warning restore CA1031
        {
            failure = error.Message;
        }
        string[] failures = [.. communicator.AllGather(Encoding.UTF8.GetBytes(failure)).Select(Encoding.UTF8.GetString)];
        if (Array.Find(failures, text => text.Length > 0 && text[0] != Cancelled) is string first)
            throw new TensorFileException(first);
        return failures.All(text => text.Length == 0) ? result! : throw new OperationCanceledException();
    }
}

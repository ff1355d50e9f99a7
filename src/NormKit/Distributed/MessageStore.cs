namespace NormKit;

/// <summary>Arrays of messages that are done with, for the next ones of the same length: layers exchange the same few lengths in each step.</summary>
internal sealed class MessageStore
{
    private const int Most = 16;

    private readonly List<byte[]> free = [];

    public byte[] Rent(int length)
    {
        for (int i = free.Count - 1; i >= 0; i--)
        {
            byte[] message = free[i];
            if (message.Length != length)
                continue;
            free.RemoveAt(i);
            return message;
        }
        return new byte[length];
    }

    public void Return(byte[] message)
    {
        if (free.Count == Most)
            free.RemoveAt(0);
        free.Add(message);
    }
}

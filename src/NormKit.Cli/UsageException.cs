namespace NormKit.Cli;

/// <summary>The call cannot be carried out as asked: one line that says what is wrong and how to put it right.</summary>
internal class UsageException(string message) : Exception(message);

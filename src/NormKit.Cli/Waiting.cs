using Spectre.Console;

namespace NormKit.Cli;

/// <summary>Waits for work, with a bar where it takes long.</summary>
internal static class Waiting
{
    /// <param name="work">What is waited for.</param>
    /// <param name="terminal">Shows the bar; may be null.</param>
    /// <param name="patience">How long to wait before it appears.</param>
    /// <param name="title">What is done.</param>
    /// <param name="most">The value that <paramref name="done"/> ends at.</param>
    /// <param name="done">How much is done.</param>
    /// <returns>The work's result, or its exception.</returns>
    public static T For<T>(Task<T> work, IAnsiConsole? terminal, TimeSpan patience, string title, double most, Func<double> done)
    {
        if (terminal is not null && Task.WaitAny([work], patience) != 0)
        {
            terminal.Progress().AutoClear(true).Start(progress =>
            {
                ProgressTask bar = progress.AddTask(title, maxValue: most);
                while (Task.WaitAny([work], TimeSpan.FromMilliseconds(100)) != 0)
                    bar.Value = done();
            });
        }
        return work.GetAwaiter().GetResult();
    }
}

using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using NormKit.Cli.Lab;

namespace NormKit.Cli;

/// <summary>normkit lab: the page on which normalization can be touched, served on this machine.</summary>
internal static class LabCommand
{
    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "lab", "Opens the lab in the browser: a page on which you touch a number and see who shares its mean.",
            "normkit lab", "normkit lab --port 8080 --no-browser")
        {
            Notes =
            [
                "The page needs no network: NormKit computes in the browser, and nothing is sent anywhere. The server listens on the loopback address only, so no other machine "
                    + "reaches it. Ctrl+C ends it, with exit code 0.",
                $"The package of the tool holds the page. In a clone of the repository, '{LabFolder.Publish}' makes it once. The environment variable NORMKIT_LAB names another "
                    + "folder with a published page.",
            ],
        };
        Option<int?> port = Values.Of(
            "--port", "N", "The port on which the page is served (default: a free one).", text =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value is >= 1 and <= IPEndPoint.MaxPort
                    ? (int?)value
                    : throw new FormatException($"a whole number from 1 to {IPEndPoint.MaxPort}"));
        Option<bool> noBrowser = Values.Flag("--no-browser", "Prints the address and opens no browser.");
        command.Add(port);
        command.Add(noBrowser);
        command.SetAction(parsed =>
        {
            string folder = LabFolder.Find() ?? throw new UsageException(Missing());
            Serve(folder, parsed.GetValue(port), parsed.GetValue(noBrowser) ? null : Open, output, stop);
            return Tool.Done;
        });
        return command;
    }

    /// <summary>Serves the page until <paramref name="stop"/>.</summary>
    /// <param name="folder">The published page.</param>
    /// <param name="port">The port; null for a free one.</param>
    /// <param name="open">Shows an address to the user; returns false where that is not possible. Null if nothing is to be shown.</param>
    /// <param name="output">Gets the address, and a note if <paramref name="open"/> fails.</param>
    /// <param name="stop">Ends the server.</param>
    /// <exception cref="UsageException">The port cannot be used.</exception>
    public static void Serve(string folder, int? port, Func<string, bool>? open, ToolOutput output, CancellationToken stop)
    {
        using LabServer server = Start(folder, port);
        string address = $"{server.Origin}/";
        output.Write($"The lab is at {address}\nPress Ctrl+C to end it.");
        if (open is not null && !open(address))
            output.Error.WriteLine($"{Tool.Name}: note: no browser could be opened here; open the address yourself.");
        stop.WaitHandle.WaitOne();
    }

    private static LabServer Start(string folder, int? port)
    {
        try
        {
            return new LabServer(folder, port);
        }
        catch (HttpListenerException error)
        {
            string which = port is null ? "a free port" : $"port {port}";
            throw new UsageException($"{which} of {IPAddress.Loopback} cannot be used: {error.Message.TrimEnd('.')}. Give another with --port, or leave --port out for a free one.");
        }
    }

    private static string Missing() => Environment.GetEnvironmentVariable("NORMKIT_LAB") is { Length: > 0 } given
        ? $"NORMKIT_LAB names {given}, which holds no published lab (no index.html); name a folder that does, or unset it."
        : $"the lab is not published here; in a clone of the repository, run this once: {LabFolder.Publish}";

    private static bool Open(string address)
    {
        // Without a screen, a browser of text would take the terminal.
        if (OperatingSystem.IsLinux() && Environment.GetEnvironmentVariable("DISPLAY") is null && Environment.GetEnvironmentVariable("WAYLAND_DISPLAY") is null)
            return false;
        try
        {
            using Process? browser = Process.Start(new ProcessStartInfo(address) { UseShellExecute = true });
            return true;
        }
        catch (Exception error) when (error is Win32Exception or PlatformNotSupportedException)
        {
            return false;
        }
    }
}

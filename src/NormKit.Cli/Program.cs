using System.Globalization;
using System.Runtime.InteropServices;
using NormKit.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
{
    // The first asks the work to clean up and end; a second one, if that takes too long, ends the process at once.
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
});
return Tool.Run(args, ToolOutput.OfProcess(), stop.Token);

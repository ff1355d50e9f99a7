using System.Globalization;
using System.Runtime.InteropServices;
using NormKit;
using NormKit.Cli;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

using CancellationTokenSource stop = new();
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End), terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
return Tool.Run(args, ToolOutput.OfProcess(), () => MpiCommunicator.Start(StatsCommand.Patience), stop.Token);

// The first asks the work to clean up and end; a second one, if that takes too long, ends the process at once.
void End(PosixSignalContext signal)
{
    signal.Cancel = !stop.IsCancellationRequested;
    stop.Cancel();
}

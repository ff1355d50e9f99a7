using System.Diagnostics;
using NormKit;
using NormKit.Mpi.Tests;

// What each rank does, named by the first argument; it prints what the tests look for.
TimeSpan timeout = TimeSpan.FromSeconds(args.Length > 1 ? double.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 60);
using Communicator communicator = MpiCommunicator.Start(timeout);
string what = args.Length > 0 ? args[0] : "train";
try
{
    switch (what)
    {
        case "train":
            Training.Train(communicator);
            break;
        case "fault":
            // A library below MPI that had replaced the runtime's handler would end the process here.
            string? nothing = args.Length > 99 ? "" : null;
            try
            {
                Console.WriteLine(nothing!.Length);
            }
            catch (NullReferenceException)
            {
                Console.WriteLine($"rank {communicator.Rank} of {communicator.Size} caught it");
            }
            communicator.Barrier();
            break;
        case "differ":
            if (communicator.Rank == 1)
                communicator.AllGather([1]);
            else
                communicator.Barrier();
            break;
        case "die":
        case "sleep":
            Training.Step(communicator);
            if (communicator.Rank == communicator.Size - 1 && what == "die")
                Process.GetCurrentProcess().Kill();
            if (communicator.Rank == communicator.Size - 1)
                Thread.Sleep(timeout * 3);
            Training.Step(communicator);
            break;
        case "time":
            Training.Measure(communicator);
            break;
        default:
            throw new ArgumentException($"No such program: {what}.");
    }
    return 0;
}
catch (CommunicatorException exception)
{
    Console.WriteLine($"rank {communicator.Rank}: {exception.Message}");
    return 7;
}

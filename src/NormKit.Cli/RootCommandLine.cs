using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace NormKit.Cli;

/// <summary>normkit itself: its commands, --help and --version.</summary>
internal static class RootCommandLine
{
    /// <summary>Not a RootCommand, which would take its name and version from whatever process runs it.</summary>
    /// <param name="output">Where commands write.</param>
    /// <param name="ranks">Joins the other processes of this run, for commands that share their work.</param>
    /// <param name="stop">Ends the work.</param>
    public static Command Create(ToolOutput output, Func<Communicator> ranks, CancellationToken stop)
    {
        ExampleCommand root = new(
            Tool.Name,
            "Normalization layers: lists and explains them, compares four of them with their written formulas, applies and differentiates them "
            + "on .npy, .npz and .safetensors files, and inspects and folds those of model files: .safetensors, .gguf and .onnx. Exact statistics of data sets.",
            "normkit compare", "normkit explain rms-norm --shape 8,512,768", "normkit apply layer-norm x.npy -o y.npy");
        root.Add(LayersCommand.Create(output));
        root.Add(ExplainCommand.Create(output));
        root.Add(CompareCommand.Create(output, stop));
        root.Add(DiagnoseCommand.Create(output, stop));
        root.Add(InspectCommand.Create(output, stop));
        root.Add(FoldCommand.Create(output, stop));
        root.Add(StatsCommand.Create(output, ranks, stop));
        root.Add(ApplyCommand.Create(stop));
        root.Add(GradCommand.Create(stop));
        root.Add(BenchCommand.Create(output, stop));
        root.Add(LabCommand.Create(output, stop));
        root.Add(new HelpOption { Description = "Shows this help.", Action = new HelpWithExamples() });
        root.Add(new Option<bool>("--version") { Description = "Shows the version.", Action = new ShowVersion(), Arity = ArgumentArity.Zero });
        root.SetAction((Func<ParseResult, int>)(_ => throw new UsageException("no command given; try 'normkit compare', or see 'normkit --help'.")));
        return root;
    }

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(Tool).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            parseResult.InvocationConfiguration.Output.WriteLine(version.Split('+')[0]);
            return Tool.Done;
        }
    }
}

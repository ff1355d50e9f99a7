using System.CommandLine;
using NormKit.Cli.Diagnose;
using NormKit.Diagnosis;

namespace NormKit.Cli;

/// <summary>normkit diagnose: which normalization made an output of an input, and why it differs.</summary>
internal static class DiagnoseCommand
{
    public static Command Create(ToolOutput output, CancellationToken stop)
    {
        ExampleCommand command = new(
            "diagnose", "Finds which normalization made an output of an input, what it did otherwise than a textbook, and how to change it.",
            "normkit diagnose x.npy y.npy", "normkit diagnose x.npy y.npy --layer group-norm --groups 8 --weight w.npy --bias b.npy",
            "normkit diagnose --compare pytorch.npy onnx.npy --input x.npy --layer layer-norm --report why.html")
        { Notes = DiagnoseOptions.Notes };
        DiagnoseOptions options = new(command);
        command.SetAction(parsed =>
        {
            DiagnoseJob job = new(options.Read(parsed));
            if (job.ReportPath is string path)
                HtmlFile.Require(path);
            if (job.IsTwoSided)
                Show(job, job.RunTwo(output.Progress, stop), output);
            else
                Show(job, job.Run(output.Progress, stop), output);
            return Tool.Done;
        });
        return command;
    }

    private static void Show(DiagnoseJob job, DiagnosisResult result, ToolOutput output)
    {
        if (job.ReportPath is string path)
            HtmlFile.Write(path, HtmlReport.Of(job, result));
        if (job.IsJson)
            output.Write(DiagnoseJson.Of(job, result));
        else
            output.Write(DiagnoseReport.Of(job, result));
    }

    private static void Show(DiagnoseJob job, TwoSidedResult result, ToolOutput output)
    {
        if (job.ReportPath is string path)
            HtmlFile.Write(path, HtmlReport.Of(job, result));
        if (job.IsJson)
            output.Write(DiagnoseJson.Of(job, result));
        else
            output.Write(DiagnoseReport.Of(job, result));
    }
}

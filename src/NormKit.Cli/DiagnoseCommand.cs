using System.CommandLine;
using NormKit.Cli.Diagnose;
using NormKit.Cli.Reports;
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
            {
                TwoSidedResult result = job.RunTwo(output.Progress, stop);
                Show(job, output, () => HtmlReport.Of(job, result), () => DiagnoseJson.Of(job, result), () => DiagnoseReport.Of(job, result));
            }
            else
            {
                DiagnosisResult result = job.Run(output.Progress, stop);
                Show(job, output, () => HtmlReport.Of(job, result), () => DiagnoseJson.Of(job, result), () => DiagnoseReport.Of(job, result));
            }
            return Tool.Done;
        });
        return command;
    }

    private static void Show(DiagnoseJob job, ToolOutput output, Func<string> page, Func<string> json, Func<IEnumerable<ReportPart>> report)
    {
        if (job.ReportPath is string path)
            HtmlFile.Write(path, page());
        if (job.IsJson)
            output.Write(json());
        else
            output.Write(report());
    }
}

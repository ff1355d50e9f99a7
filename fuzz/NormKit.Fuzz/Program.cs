using NormKit.Fuzz;
using SharpFuzz;

// FORMAT is npy, npz, safetensors, gguf, onnx, or model for the inspection of a .safetensors file.
// fuzz FORMAT          the target: afl-fuzz feeds it through standard input (see ../run.sh)
// fuzz FORMAT FILE...  reads these files once: to look at a crash, or to run through a corpus
// fuzz seeds FOLDER    writes a few files of each format that it can start from
switch (args)
{
    case ["seeds", string folder]:
        Seeds.Write(folder);
        return 0;
    case [string format] when Target.Formats.Contains(format):
        Fuzzer.OutOfProcess.Run(stream => Target.Read(format, stream));
        return 0;
    case [string format, .. string[] files] when Target.Formats.Contains(format) && files.Length > 0:
        foreach (string file in files)
        {
            using FileStream stream = File.OpenRead(file);
            Target.Read(format, stream);
        }
        Console.WriteLine($"{files.Length} files, no crash");
        return 0;
    default:
        Console.Error.WriteLine($"fuzz: use {string.Join('|', Target.Formats)} [FILE...], or 'seeds FOLDER'.");
        return 2;
}

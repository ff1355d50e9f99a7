namespace NormKit.IO;

/// <summary>Folds norms of model files into the layers beside them. All other bytes of the file are copied as they are.</summary>
/// <remarks>Computed in double and rounded once, to the type of each tensor. See docs/fold.md.</remarks>
public static class ModelFolding
{
    /// <summary>Folds each batch norm of an ONNX model into the convolution, transposed convolution, Gemm or MatMul before it, or behind it where that is the same function.</summary>
    /// <param name="path">The model; its external data lies beside it.</param>
    /// <param name="output">The file to write: replaced whole, or left as it was if the fold fails. Where nothing can be folded it is a copy.</param>
    /// <param name="check">Whether to evaluate each pair before and after on random input.</param>
    /// <param name="cancellationToken">Ends the fold; then nothing is written.</param>
    /// <exception cref="TensorFileException">The model is missing or damaged, or the output cannot be written.</exception>
    public static FoldResult FoldOnnx(string path, string output, bool check = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(output);
        RequireOther(path, output);
        using ModelFile model = ModelFile.Open(path);
        if (model.Onnx is null)
            throw new TensorFileException($"{path}: is no .onnx file; fold a .safetensors file with a plan.");
        OnnxFold fold = new(model.Onnx, check, cancellationToken);
        IReadOnlyList<FoldedNorm> norms = fold.Run();
        new OnnxRewriter(model, fold).Write(output, cancellationToken);
        return new(output, norms);
    }

    /// <summary>Folds weights and biases of RMS and layer norms into the linear layers that read them; the norms stay, with a weight of ones and a bias of zeros.</summary>
    /// <param name="path">A .safetensors file, or an index of shards.</param>
    /// <param name="output">The file to write: .safetensors, or for an index another index in another directory, beside which the shards are written.</param>
    /// <param name="plan">Which layers read which norm.</param>
    /// <param name="keep">Names of norms to leave as they are.</param>
    /// <param name="check">Whether to evaluate each pair before and after on random input.</param>
    /// <param name="cancellationToken">Ends the fold; then nothing is written.</param>
    /// <exception cref="TensorFileException">The model is missing or damaged, the output cannot be written, or the folded model would not be the same function. Nothing is written then.</exception>
    public static FoldResult FoldSafetensors(
        string path, string output, FoldPlan plan, IReadOnlyCollection<string>? keep = null, bool check = false, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(output);
        ArgumentNullException.ThrowIfNull(plan);
        RequireOther(path, output);
        using ModelFile model = ModelFile.Open(path);
        if (model.Format != ModelFormat.Safetensors)
            throw new TensorFileException($"{path}: is no .safetensors file; an .onnx file is folded without a plan.");
        PlannedFold fold = new(model, plan, keep ?? [], check, cancellationToken);
        IReadOnlyList<FoldedNorm> norms = fold.Run();
        fold.Write(output, cancellationToken);
        return new(output, norms);
    }

    private static void RequireOther(string path, string output)
    {
        if (Path.GetFullPath(path) == Path.GetFullPath(output))
            throw new TensorFileException($"{output}: is the model itself; give another file to write.");
    }
}

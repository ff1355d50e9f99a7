using NormKit.IO.Onnx;

namespace NormKit.IO;

/// <summary>A graph as a fold has changed it: nodes, and constants that take the place of others or are new.</summary>
internal sealed class WorkGraph(OnnxGraph source, List<WorkNode> nodes, HashSet<string> names)
{
    private readonly HashSet<string> released = [];
    private readonly HashSet<string> externalCopies = [];

    internal OnnxGraph Source => source;

    internal List<WorkNode> Nodes => nodes;

    /// <summary>Constants by their name, with new values: in place of an initializer of that name, or new.</summary>
    internal Dictionary<string, ModelTensor> Replaced { get; } = [];

    internal HashSet<string> RemovedInitializers { get; } = [];

    /// <summary>Values that no node makes any more.</summary>
    internal HashSet<string> RemovedValues { get; } = [];

    internal WorkNode? Producer(string? value) => value is null ? null : nodes.Find(node => !node.IsRemoved && node.Outputs.Contains(value));

    internal List<WorkNode> Readers(string value) => nodes.FindAll(node => !node.IsRemoved && node.Inputs.Contains(value));

    /// <summary>Gives a node new values for a weight: under the old name if nobody else reads that constant, or else under a new one.</summary>
    internal void SetWeight(WorkNode node, int index, ModelTensor type, double[] values, nint[] shape, string? label = null)
    {
        string? old = node.Input(index);
        bool isOwn = old is not null && (source.Initializers.ContainsKey(old) || Replaced.ContainsKey(old)) && Uses(old) == 1;
        string name = isOwn ? old! : Unique(old ?? $"{label}.bias");
        if (!isOwn && old is not null)
            released.Add(old);
        if (!isOwn && old is not null && source.Initializer(old)?.IsExternal == true)
            externalCopies.Add(name);
        while (node.Inputs.Count <= index)
            node.Inputs.Add("");
        node.Inputs[index] = name;
        byte[] bytes = new byte[values.Length * type.ElementType!.Value.SizeInBytes()];
        ElementEncoder.Encode<double>(values, type.ElementType.Value, bytes);
        Replaced[name] = new ModelTensor(name, type.TypeName, type.ElementType, shape, new TensorBytes(type.Path, bytes.Length, () => bytes));
    }

    /// <summary>Whether a new constant takes the place of one in another file, and so belongs there too.</summary>
    internal bool IsCopyOfExternal(string name) => externalCopies.Contains(name);

    /// <summary>The norm goes, and the node before it makes the norm's output.</summary>
    internal void Rename(WorkNode writer, WorkNode norm)
    {
        RemovedValues.Add(writer.Outputs[0]);
        writer.Outputs[0] = norm.Outputs[0];
        Remove(norm);
    }

    /// <summary>The norm goes, and the node behind it reads the norm's input.</summary>
    internal void Bypass(WorkNode norm, WorkNode reader)
    {
        RemovedValues.Add(norm.Outputs[0]);
        reader.Inputs[0] = norm.Inputs[0];
        Remove(norm);
    }

    /// <summary>Removes constants that only norms read which are gone.</summary>
    internal void RemoveUnused()
    {
        foreach (string name in released.Where(name => Uses(name) == 0))
        {
            if (source.Initializers.ContainsKey(name))
                RemovedInitializers.Add(name);
            else if (nodes.Find(node => node.Operator == "Constant" && node.Outputs.Contains(name)) is WorkNode constant)
                constant.IsRemoved = true;
        }
    }

    private void Remove(WorkNode norm)
    {
        norm.IsRemoved = true;
        released.UnionWith(norm.Inputs.Skip(1).Where(input => input.Length > 0));
    }

    private int Uses(string name) => nodes.Where(node => !node.IsRemoved).Sum(node => node.Inputs.Count(input => input == name))
        + (source.Captured.Contains(name) ? 1 : 0) + (source.Outputs.Exists(output => output.Name == name) ? 1 : 0);

    private string Unique(string name)
    {
        string candidate = $"{name}.folded";
        for (int i = 2; !names.Add(candidate); i++)
            candidate = $"{name}.folded{i}";
        return candidate;
    }
}

using System.Numerics;
using System.Text;

namespace NormKit.Cli.Catalogue;

/// <summary>
/// All that the tool and the README say about a layer, and how the tool makes one: one class a layer, so that a layer is described in one place.
/// </summary>
internal abstract class LayerEntry
{
    public const string RunningMean = "running_mean";
    public const string RunningVar = "running_var";

    /// <summary>Its class in kebab case, which is its name on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Which elements share statistics, in a few words.</summary>
    public abstract string Shares { get; }

    /// <summary>The shape of its input.</summary>
    public abstract string Input { get; }

    /// <summary>What for, in a few words.</summary>
    public abstract string When { get; }

    /// <summary>When to choose it, with a figure and where that is from.</summary>
    public abstract string Choose { get; }

    /// <summary>The formula, a line each.</summary>
    public abstract IReadOnlyList<string> Formula { get; }

    /// <summary>The paper, or what defines it.</summary>
    public abstract string Source { get; }

    /// <summary>What it is called elsewhere.</summary>
    public abstract OtherNames Elsewhere { get; }

    /// <summary>What it does in training.</summary>
    public virtual string Train => "normalizes by the input's own statistics.";

    /// <summary>What it does in evaluation.</summary>
    public virtual string Eval => "the same.";

    /// <summary>What it holds.</summary>
    public virtual IReadOnlyList<ParameterEntry> Parameters => [];

    /// <summary>The options of the tool that it takes.</summary>
    public virtual IReadOnlyList<OptionEntry> Options => [new("--eps", "1e-5")];

    /// <summary>A shape to explain it at.</summary>
    public virtual nint[] Example => [16, 32, 64, 64];

    /// <summary>The same for inputs of one rank, 1d, 2d and 3d; not in lists, but known by name.</summary>
    public virtual IReadOnlyList<LayerEntry> Variants => [];

    /// <summary>The activation that the settings name.</summary>
    protected static Activation ActivationOf(LayerSettings settings) => settings.Activation switch
    {
        "relu" => Activation.Relu,
        "leaky-relu" => Activation.LeakyRelu(),
        "silu" => Activation.Silu,
        "gelu" => Activation.Gelu,
        "gelu-tanh" => Activation.GeluTanh,
        _ => Activation.None,
    };

    protected static NormLayerRun<T> Run<T>(GroupedNormLayer<T> layer, LayerPlan plan) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        layer.Activation = ActivationOf(plan.Settings);
        return new(layer);
    }

    /// <summary>The running statistics among its parameters.</summary>
    public IEnumerable<ParameterEntry> Running => Parameters.Where(parameter => parameter.Name is RunningMean or RunningVar);

    /// <summary>Whether it keeps running statistics.</summary>
    public bool TracksRunning => Running.Any();

    /// <summary>Whether --train and --eval make a difference.</summary>
    public virtual bool HasModes => TracksRunning;

    /// <summary>Whether running statistics enter the output in training too.</summary>
    public virtual bool TrainsByRunning => false;

    /// <summary>Whether it takes a mask.</summary>
    public virtual bool TakesMask => false;

    /// <summary>Whether it can add a residual first.</summary>
    public virtual bool TakesResidual => false;

    /// <summary>Whether its channel may be the last dimension of the file.</summary>
    public virtual bool TakesChannelsLast => false;

    /// <summary>Whether apply and grad know it.</summary>
    public virtual bool IsApplied => true;

    /// <summary>Makes a layer.</summary>
    /// <param name="plan">What for; its shape has passed <see cref="Statistics"/>.</param>
    public virtual LayerRun<T> Create<T>(LayerPlan plan) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        throw new UsageException($"normkit does not compute {Name}; see 'normkit explain {Name}' for its class.");

    /// <summary>Settings that say which shapes are taken in evaluation, where the batch's statistics play no part.</summary>
    public virtual LayerSettings InEvaluation(LayerSettings settings) => settings;

    /// <summary>What is wrong with a shape whose groups have a single value, which leaves nothing but 0; null where nothing is.</summary>
    public virtual string? TooFewValues(nint[] shape, LayerSettings settings, bool eval) => null;

    /// <summary>What an element costs.</summary>
    public abstract Work Work(nint[] shape, LayerSettings settings);

    /// <summary>Who shares what, for an input of a shape.</summary>
    /// <exception cref="UsageException">The layer takes no such input, or the settings do not fit it.</exception>
    public abstract IReadOnlyList<Statistic> Statistics(nint[] shape, LayerSettings settings);

    /// <summary>What steers it from outside, in the type of parameters, with a gradient like theirs.</summary>
    public virtual IReadOnlyList<ParameterEntry> Conditions => [];

    /// <summary>What it takes besides one input and its parameters.</summary>
    public virtual IReadOnlyList<string> OtherInputNames => [];

    /// <summary>Whether it can take a gate of its input's shape.</summary>
    public virtual bool TakesGate => OtherInputNames.Contains(LayerJob.Gate);

    /// <summary>Their names and shapes.</summary>
    public virtual IReadOnlyList<(string Name, nint[] Shape)> OtherInputs(nint[] shape, LayerSettings settings) => [];

    /// <summary>Whether it takes another input of a shape where the input's own shape asks for another.</summary>
    public virtual bool Fits(nint[] other, nint[] needed) => other.SequenceEqual(needed);

    /// <summary>Whether its other inputs and its input broadcast to one shape, which then takes the input's place.</summary>
    public virtual bool BroadcastsInputs => false;

    /// <summary>Which dimensions a mask may lack, as all of their elements take part or none.</summary>
    public virtual int[] LackedByMask(nint[] shape, LayerSettings settings) => [1];

    /// <summary>The shape of the output.</summary>
    public virtual nint[] OutputShape(nint[] shape, LayerSettings settings) => shape;

    /// <summary>The page of the documentation.</summary>
    public virtual string Page => $"docs/layers/{Name}.md";

    /// <summary>The class, without its type argument.</summary>
    public string ClassName => Pascal(Name);

    /// <summary>Whether an option of that name fits it.</summary>
    public bool Takes(string option) => Options.Any(entry => entry.Name == option);

    /// <summary>"layer-norm" to "LayerNorm".</summary>
    public static string Pascal(string kebab)
    {
        StringBuilder name = new();
        foreach (string word in kebab.Split('-'))
            name.Append(char.ToUpperInvariant(word[0])).Append(word.AsSpan(1));
        return name.ToString();
    }

    /// <summary>A refusal of a shape.</summary>
    protected UsageException Misfit(nint[] shape, string why) => new ShapeException(shape, text => $"{Name} does not take shape {text}: {why}");
}

/// <summary>What a layer is called in other libraries; "-" where it has no name of its own.</summary>
internal sealed record OtherNames(string PyTorch, string Keras = "-", string Flax = "-", string Onnx = "-");

/// <summary>A parameter or a running statistic.</summary>
/// <param name="Name">As in a state file.</param>
/// <param name="ShapeText">Its shape in letters.</param>
/// <param name="Start">What it holds in a new layer.</param>
/// <param name="Shape">Its shape for an input.</param>
/// <param name="IsTrained">Whether it has a gradient; a running statistic has none.</param>
/// <param name="IsOptional">Whether a new layer lacks it unless it is asked for.</param>
/// <param name="IsInput">Whether it is the input of the command line: the weight that is normalized.</param>
internal sealed record ParameterEntry(
    string Name, string ShapeText, string Start, Func<nint[], LayerSettings, nint[]> Shape, bool IsTrained = true, bool IsOptional = false,
    bool IsInput = false)
{
    /// <summary>Its key in a state file of PyTorch, where that is another.</summary>
    public string Key { get; init; } = Name;

    /// <summary>Other keys under which the library reads it: those of older versions, and of TensorFlow.</summary>
    public IReadOnlyList<string> OtherKeys { get; init; } = Name switch
    {
        "weight" => ["gamma"],
        "bias" => ["beta"],
        LayerEntry.RunningMean => ["moving_mean"],
        LayerEntry.RunningVar => ["moving_variance"],
        _ => [],
    };

    /// <summary>Which dimensions of the input its own dimensions are, in order, for an input of a shape; null where they are none of these.</summary>
    public Func<nint[], LayerSettings, int[]>? Along { get; init; }

    /// <summary>Whether a file of a shape that broadcasts to its own is taken.</summary>
    public bool Broadcasts { get; init; } = true;
}

/// <summary>An option of apply, grad and explain.</summary>
/// <param name="Name">"--eps".</param>
/// <param name="Default">In words; null where it must be given.</param>
internal sealed record OptionEntry(string Name, string? Default);

#:project ../src/NormKit/NormKit.csproj
#:property RestorePackagesWithLockFile=false
#:property PublishAot=false

// The notebook's four cells in our own code, in its order: a layer against its formula, and the two figures that the notebook prints of each.
//
//     dotnet run samples/notebook.cs           all four
//     dotnet run samples/notebook.cs -- 3      one of them
//
// The notebook's inputs had no seed, so its figures are those of other random numbers: near ours, not equal.
using System.Globalization;
using System.Numerics.Tensors;
using NormKit;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int N = 16, C = 32, H = 64, W = 64;
const double Eps = 1e-5;
PairwiseDistance pdist = new(p: 2);
TorchRandom torch = new(seed: 0);

if (args is not ([] or ["1" or "2" or "3" or "4"]))
{
    Console.Error.WriteLine("notebook: give the number of a cell, 1 to 4, or nothing for all of them.");
    return 2;
}

Tensor<float>? instance = null, instanceFormula = null;
if (Wants(1)) BatchCell();
if (Wants(2)) LayerCell();
if (Wants(3) || Wants(4)) InstanceCell();
if (Wants(4)) GroupCell();
return 0;

bool Wants(int cell) => args.Length == 0 || args[0][0] - '0' == cell;

void BatchCell()
{
    Tensor<float> inputs = torch.Rand(N, C, H, W);
    Tensor<float> y = new BatchNorm2d<float>(C).Forward(inputs);
    Tensor<float> byFormula = Formula(inputs, set: i => i / (H * W) % C, sets: C);                       // mean and variance over N, H, W
    Show(1, "Batch norm: one mean and variance per channel", y, byFormula, 13.8286, 2.0101);
}

void LayerCell()
{
    Tensor<float> inputs = torch.Rand(N, C, H, W);
    Tensor<float> y = new LayerNorm<float>([C, H, W]).Forward(inputs);
    Tensor<float> byFormula = Formula(inputs, set: i => i / (C * H * W), sets: N);                       // over C, H, W
    Show(2, "Layer norm: one mean and variance per sample", y, byFormula, 6.9151, 1.0266);
}

void InstanceCell()
{
    Tensor<float> inputs = torch.Rand(N, C, H, W);
    instance = new InstanceNorm2d<float>(C).Forward(inputs);
    instanceFormula = Formula(inputs, set: i => i / (H * W), sets: N * C);                               // over H, W
    if (Wants(3))
        Show(3, "Instance norm: one mean and variance per sample and channel", instance, instanceFormula, 221.6718, 31.9452);
}

void GroupCell()
{
    const int groups = 8;
    Tensor<float> inputs = torch.Rand(N, C, H, W);
    Tensor<float> y = new GroupNorm<float>(groups, C).Forward(inputs);
    Tensor<float> byFormula = Formula(inputs, set: i => i / (C / groups * H * W), sets: N * groups);     // over C / groups, H, W
    Show(4, "Group norm: one mean and variance per sample and group of channels", y, byFormula, 55.4126, null);
    Console.WriteLine($"  The notebook prints 31.9452 as the second figure here: the distance of the pair of cell 3, In and In_, once more ({Distance(instance!, instanceFormula!):F4} in ours).");
    Console.WriteLine("  It meant pdist(gn, gn_), which is the figure above.");
}

// y = (x - mean) / sqrt(var + eps), with the variance that torch.var gives: the sum of squares divided by n - 1. The layers divide by n.
// That is the whole difference that the figures show.
static Tensor<float> Formula(Tensor<float> x, Func<int, int> set, int sets)
{
    float[] values = new float[x.FlattenedLength];
    x.FlattenTo(values);
    double[] mean = new double[sets], variance = new double[sets];
    double n = (double)values.Length / sets;
    for (int i = 0; i < values.Length; i++)
        mean[set(i)] += values[i] / n;
    for (int i = 0; i < values.Length; i++)
        variance[set(i)] += Math.Pow(values[i] - mean[set(i)], 2) / (n - 1);
    for (int i = 0; i < values.Length; i++)
        values[i] = (float)((values[i] - mean[set(i)]) / Math.Sqrt(variance[set(i)] + Eps));
    return Tensor.Create(values, x.Lengths);
}

void Show(int cell, string title, Tensor<float> y, Tensor<float> byFormula, double notebookSum, double? notebookDistance)
{
    Console.WriteLine($"{cell}. {title}");
    Console.WriteLine($"  sum |layer - formula|:      {Difference(y, byFormula),9:F4}   notebook: {notebookSum,9:F4}");
    Console.WriteLine($"  sum pdist(layer, formula):  {Distance(y, byFormula),9:F4}   notebook: {(notebookDistance is double printed ? $"{printed,9:F4}" : "  not printed")}");
}

static double Difference(Tensor<float> a, Tensor<float> b) => Tensor.Abs<float>(Tensor.Subtract<float>(a, b)).Sum(v => (double)v);

// The p-norm of the difference along the last dimension, summed over all rows of 64.
double Distance(Tensor<float> a, Tensor<float> b) => pdist.Forward<float>(a, b).Sum(v => (double)v);

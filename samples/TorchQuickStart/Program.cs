// docs/torchsharp.md shows the lines between the marks; a test holds the two alike.
// <docs>
using NormKit.TorchSharp;
using static TorchSharp.torch;
// </docs>

if (NormKit.Torch.TorchLoader.WhyNot() is string why)
{
    Console.WriteLine($"libtorch does not load here: {why}");
    return;
}

// <docs>

var model = nn.Sequential(
    ("conv", nn.Conv2d(1, 16, 3)), ("norm", new BatchNorm2d(16)), ("relu", nn.ReLU()),
    ("conv2", nn.Conv2d(16, 32, 3)), ("norm2", nn.GroupNorm(8, 32)), ("flat", nn.Flatten()),
    ("linear", nn.Linear(32 * 8 * 8, 10)));
nn.init.ones_(((TorchSharp.Modules.GroupNorm)model[4]).weight);    // TorchSharp 0.107 starts a GroupNorm with uninitialised memory
nn.init.zeros_(((TorchSharp.Modules.GroupNorm)model[4]).bias!);
Console.WriteLine(model.UseNormKit());    // norm2: GroupNorm -> NormKit.TorchSharp.GroupNorm

var optimizer = optim.Adam(model.parameters(), 1e-3);
for (int step = 0; step < 20; step++)
{
    using var scope = NewDisposeScope();
    var loss = nn.functional.cross_entropy(model.call(randn(32, 1, 12, 12)), randint(0, 10, [32]));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
}

Tensor[] data = [randn(64, 1, 12, 12), randn(40, 1, 12, 12)];
model.UpdateBatchNorm(data);              // running statistics of all 104 images, exactly
foreach (NormFinding finding in model.InspectNorms())
    Console.WriteLine(finding);           // nothing: the norms are sound
model.eval();
Console.WriteLine(model.FoldBatchNorm()); // norm: BatchNorm2d -> folded into conv
// </docs>

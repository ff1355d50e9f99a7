// The README shows the lines between the marks; a test holds the two alike.
using System.Numerics.Tensors;
using NormKit;

// <readme>
LayerNorm<float> norm = new(768);
Tensor<float> x = new TorchRandom(seed: 0).Rand(32, 768);
SavedStatistics saved = new();
Tensor<float> y = norm.Forward(x, saved);
Tensor<float> gradX = norm.Backward(gradOutput: y, x, saved);    // adds into norm.Weight.Grad and norm.Bias.Grad
// </readme>

Console.WriteLine($"y has mean {Moments.Of<float>(y.GetSpan([0, 0], 768)).Mean:E1} and variance {Moments.Of<float>(y.GetSpan([0, 0], 768)).Variance:F5} in its first row.");
Console.WriteLine($"The gradient of x sums to {Tensor.Sum<float>(gradX):E1}, that of the bias is of length {norm.Bias!.Grad.FlattenedLength}.");

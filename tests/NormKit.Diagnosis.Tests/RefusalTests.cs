namespace NormKit.Diagnosis.Tests;

public sealed class RefusalTests
{
    private static readonly double[] X = Formulas.Normal(24, 31);

    [Theory]
    [InlineData("the input has 24 elements, but shape [5, 5] has 25")]
    [InlineData("the output has 23 elements, the input 24")]
    [InlineData("the weight has 5 elements; no way to lay them over shape [4, 6] is known")]
    [InlineData("running mean and running variance are given together or not at all")]
    [InlineData("the running mean has 5 elements; shape [4, 6] has 6 channels")]
    [InlineData("a layer in evaluation needs running mean and variance")]
    [InlineData("GroupNorm does not suit shape [4, 6]: 4 groups do not divide 6 channels")]
    [InlineData("the output holds no finite number")]
    [InlineData("the input holds no finite number")]
    [InlineData("the output has shape [6, 4]")]
    [InlineData("a convolution's bias needs the running statistics")]
    [InlineData("running statistics after the call need those before it")]
    public void Diagnose_WhatDoesNotFit_IsRefused(string message)
    {
        double[] five = new double[5], six = new double[6];
        DiagnosisRequest request = message switch
        {
            _ when message.Contains("[5, 5]", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [5, 5] },
            _ when message.Contains("23", StringComparison.Ordinal) => new() { Input = X, Output = X[1..], Shape = [4, 6] },
            _ when message.Contains("the weight", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], Weight = five },
            _ when message.StartsWith("running mean", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], RunningMean = six },
            _ when message.StartsWith("the running", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], RunningMean = five, RunningVar = five },
            _ when message.Contains("evaluation", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], Expected = new(NormalizationKind.BatchNorm) { Eval = true } },
            _ when message.StartsWith("GroupNorm", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], Expected = new(NormalizationKind.GroupNorm) { Groups = 4 } },
            "the output holds no finite number" => new() { Input = X, Output = [.. X.Select(_ => double.NaN)], Shape = [4, 6] },
            "the input holds no finite number" => new() { Input = [.. X.Select(_ => double.NaN)], Output = X, Shape = [4, 6] },
            _ when message.Contains("[6, 4]", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], OutputShape = [6, 4] },
            _ when message.Contains("convolution", StringComparison.Ordinal) => new() { Input = X, Output = X, Shape = [4, 6], ConvolutionBias = six },
            _ => new() { Input = X, Output = X, Shape = [4, 6], RunningMeanAfter = six, RunningVarAfter = six },
        };
        string refused = Assert.Throws<ArgumentException>(() => Formulas.Diagnose(request)).Message;
        Assert.Contains(message, refused, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Compare_WithoutLayer_IsRefused() => Assert.Contains("no layer is expected", Assert.Throws<ArgumentException>(() => Diagnoser.Compare(
        new() { Input = X, Output = X, Shape = [4, 6] }, X, NumberFormat.Float32, null, null, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Fact]
    public void Diagnose_Stopped_Throws()
    {
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => Diagnoser.Diagnose(new() { Input = X, Output = X, Shape = [4, 6] }, null, stop.Token));
    }
}

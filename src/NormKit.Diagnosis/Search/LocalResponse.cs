using NormKit.Diagnosis.Numbers;
using NormKit.Diagnosis.Sharing;

namespace NormKit.Diagnosis.Search;

/// <summary>Which neighbours of a channel are in its window.</summary>
internal enum WindowKind
{
    /// <summary>c - size/2 to c + (size-1)/2: an even window leans to the lower channels.</summary>
    PyTorch,

    /// <summary>c - (size-1)/2 to c + size/2.</summary>
    Onnx,

    /// <summary>That of CrossMapLRN2d, whose running sum never loses channel 0.</summary>
    Running,
}

/// <summary>Local response norm: x / (k + alpha * mean of squares in the window) ^ beta.</summary>
internal sealed record LocalResponse(WindowKind Window, bool ChannelsLast, int Size, double Alpha, double Beta, double K) : Hypothesis
{
    /// <summary>Channels whose windows were left out; null where none were.</summary>
    public bool[]? LeftOut { get; init; }

    /// <summary>What the input is divided by in those.</summary>
    public double LeftOutDivisor { get; init; } = 1;

    public NumberFormat Output { get; init; } = NumberFormat.Float64;

    public override Prediction Predict(Problem problem, View view)
    {
        double[] windows = Windows(problem, view, Window, ChannelsLast, Size);
        double[] values = new double[view.Length];
        int stride = ChannelsLast ? 1 : Groupings.Product(problem.Shape.AsSpan(2));
        for (int i = 0; i < values.Length; i++)
        {
            double divisor = LeftOut is not null && LeftOut[view.ElementAt(i) / stride % LeftOut.Length] ? LeftOutDivisor : Math.Pow(K + (Alpha * windows[i]), Beta);
            values[i] = Formats.Round(view.X[i] / divisor, Output);
        }
        return Prediction.Measure(view, new(this, values));
    }

    /// <summary>The mean of squares in each element's window: their sum by the window's full size.</summary>
    public static double[] Windows(Problem problem, View view, WindowKind window, bool channelsLast, int size)
    {
        double[] x = problem.Input.In(NumberFormat.Float64);
        int channels = channelsLast ? problem.Shape[^1] : problem.Shape[1];
        int stride = channelsLast ? 1 : Groupings.Product(problem.Shape.AsSpan(2));
        int half = ((size - 1) / 2) + 1;
        double[] windows = new double[view.Length];
        for (int i = 0; i < windows.Length; i++)
        {
            int element = view.ElementAt(i), channel = element / stride % channels, first = element - (channel * stride);
            (int from, int to) = window switch
            {
                WindowKind.PyTorch => (channel - (size / 2), channel + ((size - 1) / 2)),
                WindowKind.Onnx => (channel - ((size - 1) / 2), channel + (size / 2)),
                _ => (channel - half + 1, channel + half - 1),
            };
            double sum = window == WindowKind.Running && from > 0 ? x[first] * x[first] : 0;
            for (int c = Math.Max(0, from); c <= Math.Min(channels - 1, to); c++)
            {
                double value = x[first + (c * stride)];
                sum += value * value;
            }
            windows[i] = sum / size;
        }
        return windows;
    }
}

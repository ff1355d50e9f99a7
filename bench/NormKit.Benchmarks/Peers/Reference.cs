namespace NormKit.Benchmarks.Peers;

/// <summary>What a pass should give, by its formula, in double, an element at a time; arrays are in the order of memory.</summary>
/// <param name="Output">The normalized values, or the gradient of the input.</param>
/// <param name="Sum">Input plus residual, in the forward pass of a row that has one.</param>
/// <param name="GradWeight">In a backward pass.</param>
/// <param name="GradBias">In a backward pass of a row that has a bias.</param>
internal sealed record Results(double[] Output, double[]? Sum = null, double[]? GradWeight = null, double[]? GradBias = null);

/// <summary>The formulas.</summary>
internal sealed class Reference
{
    private readonly Row row;
    private readonly double[] weight, bias;
    private readonly double[] x;
    private readonly double[] mean, invStd;
    private readonly double elementsPerSet;

    private Reference(RowData data)
    {
        row = data.Row;
        (weight, bias) = (data.Weight, data.Bias);
        x = Elements.Doubles(data.X.Span, row.Element);
        if (data.Residual is not null)
        {
            double[] residual = Elements.Doubles(data.Residual.Span, row.Element);
            for (int i = 0; i < x.Length; i++)
                x[i] = (float)(x[i] + residual[i]);
        }
        int sets = row.IsOfRows ? row.N : row.Layer switch
        {
            Layer.InstanceNorm => row.N * row.C,
            Layer.GroupNorm => row.N * row.Groups,
            _ => row.C,
        };
        elementsPerSet = (double)row.Count / sets;
        (mean, invStd) = (new double[sets], new double[sets]);
        if (row.Layer == Layer.BatchNormEval)
            (mean, invStd) = (data.RunningMean, [.. data.RunningVar.Select(variance => 1 / Math.Sqrt(variance + Row.Eps))]);
        else
            TakeMoments();
    }

    public static Results Of(RowData data)
    {
        Reference reference = new(data);
        return data.Pass == Pass.Forward
            ? reference.Forward()
            : reference.Backward(
                Elements.Doubles(data.Dy!.Span, data.Row.Element), data.DySum is null ? null : Elements.Doubles(data.DySum.Span, data.Row.Element));
    }

    private void TakeMoments()
    {
        if (row.IsCentered)
        {
            Each((i, set, _) => mean[set] += x[i]);
            for (int set = 0; set < mean.Length; set++)
                mean[set] /= elementsPerSet;
        }
        Each((i, set, _) => invStd[set] += (x[i] - mean[set]) * (x[i] - mean[set]));
        for (int set = 0; set < mean.Length; set++)
            invStd[set] = 1 / Math.Sqrt((invStd[set] / elementsPerSet) + Row.Eps);
    }

    private Results Forward()
    {
        double[] y = row.HasResidual ? new double[x.Length] : x;    // in place: a gigabyte of floats is two of doubles
        Each((i, set, parameter) => y[i] = ((x[i] - mean[set]) * invStd[set] * weight[parameter]) + (row.IsCentered ? bias[parameter] : 0));
        return new(y, row.HasResidual ? x : null);
    }

    private Results Backward(double[] dy, double[]? dySum)
    {
        double[] ofG = new double[mean.Length], ofGx = new double[mean.Length], dw = new double[weight.Length], db = new double[weight.Length];
        Each((i, set, parameter) =>
        {
            double xHat = (x[i] - mean[set]) * invStd[set], g = dy[i] * weight[parameter];
            ofG[set] += g;
            ofGx[set] += g * xHat;
            dw[parameter] += dy[i] * xHat;
            db[parameter] += dy[i];
        });
        double[] dx = dy;    // in place, as above
        Each((i, set, parameter) =>
        {
            double xHat = (x[i] - mean[set]) * invStd[set], g = dy[i] * weight[parameter];
            double meanOfG = row.IsCentered ? ofG[set] / elementsPerSet : 0;
            dx[i] = (invStd[set] * (g - meanOfG - (xHat * ofGx[set] / elementsPerSet))) + (dySum?[i] ?? 0);
        });
        return new(dx, null, dw, row.IsCentered ? db : null);
    }

    /// <summary>Every element: where it lies, which set it belongs to, and which weight is its own.</summary>
    private void Each(Action<int, int, int> visit)
    {
        (int n, int c, int s) = (row.N, row.C, row.S);
        for (int sample = 0; sample < n; sample++)
        {
            for (int channel = 0; channel < c; channel++)
            {
                int set = row.IsOfRows ? sample : row.Layer switch
                {
                    Layer.InstanceNorm => (sample * c) + channel,
                    Layer.GroupNorm => (sample * row.Groups) + (channel / (c / row.Groups)),
                    _ => channel,
                };
                for (int position = 0; position < s; position++)
                {
                    int index = row.IsChannelsLast ? (((sample * s) + position) * c) + channel : (((sample * c) + channel) * s) + position;
                    visit(index, set, row.IsOfRows ? (channel * s) + position : channel);
                }
            }
        }
    }
}

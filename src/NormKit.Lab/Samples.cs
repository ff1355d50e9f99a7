namespace NormKit.Lab;

/// <summary>Inputs for the pictures, from the uniform numbers of <see cref="TorchRandom"/>: a seed gives the same input on every machine.</summary>
internal static class Samples
{
    /// <summary>
    /// Makes a batch of feature maps. Each image has a brightness, a contrast and a bright spot; each channel has a gain and an offset of its own.
    /// So every way of normalizing takes something else away.
    /// </summary>
    /// <param name="destination">Overwritten with (N, C, H, W) numbers.</param>
    /// <param name="shape">N, C, H and W.</param>
    /// <param name="channelSeed">Decides gains and offsets of the channels.</param>
    /// <param name="firstSeed">Decides image 0.</param>
    /// <param name="otherSeed">Decides the other images.</param>
    /// <param name="shift">Added to the brightness of every image.</param>
    public static void Images(Span<float> destination, ReadOnlySpan<nint> shape, int channelSeed, int firstSeed, int otherSeed, double shift = 0)
    {
        int images = (int)shape[0], channels = (int)shape[1], height = (int)shape[2], width = (int)shape[3], plane = height * width;
        TorchRandom channelRandom = new((ulong)channelSeed + 1_000_003);
        double[] gain = new double[channels], offset = new double[channels];
        for (int c = 0; c < channels; c++)
        {
            gain[c] = (0.35 + (1.3 * Uniform(channelRandom))) * (c % 3 == 2 ? -1 : 1);
            offset[c] = 1.6 * (Uniform(channelRandom) - 0.5);
        }

        TorchRandom first = new((ulong)firstSeed + 7_919), other = new((ulong)otherSeed + 104_729);
        float[] noise = new float[plane];
        for (int n = 0; n < images; n++)
        {
            TorchRandom random = n == 0 ? first : other;
            double brightness = (1.8 * (Uniform(random) - 0.5)) + shift, contrast = 0.5 + Uniform(random);
            double row = Uniform(random) * (height - 1), column = Uniform(random) * (width - 1), size = 0.22 + (0.25 * Uniform(random));
            for (int c = 0; c < channels; c++)
            {
                random.Fill(noise);
                for (int i = 0; i < plane; i++)
                {
                    double down = ((i / width) - row) / (size * height), right = ((i % width) - column) / (size * width);
                    double spot = Math.Exp(-((down * down) + (right * right)) / 2);
                    destination[(((n * channels) + c) * plane) + i] = (float)(
                        brightness + offset[c] + (gain[c] * contrast * ((2.2 * spot) - 0.6)) + (0.5 * (noise[i] - 0.5)));
                }
            }
        }
    }

    private static double Uniform(TorchRandom random)
    {
        Span<float> one = stackalloc float[1];
        random.Fill(one);
        return one[0];
    }
}

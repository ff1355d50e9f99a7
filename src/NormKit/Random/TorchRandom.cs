using System.Numerics.Tensors;
using NormKit.Interop;

namespace NormKit;

/// <summary>The uniform numbers of <c>torch.manual_seed(seed); torch.rand(shape)</c> on a CPU, to the bit.</summary>
/// <remarks>One stream, as one torch generator is: each call goes on where the last ended. Not for use from several threads at once.
/// Source: Matsumoto, Nishimura 1998, "Mersenne Twister" (MT19937, seeded as in its reference code); a float is the low 24 bits times 2^-24.</remarks>
public sealed class TorchRandom
{
    private const int StateLength = 624;
    private const int Middle = 397;

    private readonly uint[] state = new uint[StateLength];
    private int used = StateLength;

    /// <summary>A stream from its beginning.</summary>
    /// <param name="seed">As given to torch.manual_seed, which seeds this generator with the low 32 bits.</param>
    public TorchRandom(ulong seed = 0)
    {
        state[0] = (uint)seed;
        for (uint i = 1; i < StateLength; i++)
            state[i] = (1812433253u * (state[i - 1] ^ (state[i - 1] >> 30))) + i;
    }

    /// <summary>A new row-major tensor of numbers from 0 up to, but without, 1.</summary>
    /// <param name="shape">The lengths of its dimensions; none gives one number, of shape [1], for a <see cref="Tensor{T}"/> has no scalars.</param>
    /// <exception cref="ArgumentException">A length is negative, or the tensor would be larger than an array can be.</exception>
    public Tensor<float> Rand(params ReadOnlySpan<nint> shape)
    {
        nint length = 1;
        foreach (nint n in shape)
        {
            if (n < 0 || (n != 0 && length > Array.MaxLength / n))
                throw new ArgumentException($"Rand: {Shapes.Text(shape)} is no shape of a tensor; lengths are not negative, and at most {Array.MaxLength} elements fit.", nameof(shape));
            length *= n;
        }
        float[] values = new float[shape.Contains(0) ? 0 : length];
        Fill(values);
        return Tensor.Create(values, shape.IsEmpty ? [1] : shape);
    }

    /// <summary>Overwrites a span with the next numbers of the stream, as <see cref="Rand"/> would give them.</summary>
    /// <param name="destination">The span.</param>
    public void Fill(Span<float> destination)
    {
        foreach (ref float value in destination)
            value = (Next() & 0xFF_FFFF) * (1.0f / (1 << 24));
    }

    private uint Next()
    {
        if (used == StateLength)
            Twist();
        uint y = state[used++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C5680u;
        y ^= (y << 15) & 0xEFC60000u;
        return y ^ (y >> 18);
    }

    private void Twist()
    {
        for (int i = 0; i < StateLength; i++)
        {
            uint y = (state[i] & 0x80000000u) | (state[(i + 1) % StateLength] & 0x7FFFFFFFu);
            state[i] = state[(i + Middle) % StateLength] ^ (y >> 1) ^ ((y & 1) * 0x9908B0DFu);
        }
        used = 0;
    }
}

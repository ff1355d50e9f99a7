using System.Runtime.Intrinsics;

namespace NormKit.Cli.Timing;

/// <summary>
/// What memory allows: a copy, and the triad d = a + b, which is what backward passes move; each also with non-temporal stores, which go past the
/// caches. Runs of bytes of any kind: the sums are of bytes, so that no pattern is a slow one.
/// </summary>
/// <remarks>Never time these on zeros: stores past the caches of lines that are all zero run up to three times too fast.</remarks>
internal static unsafe class Streams
{
    private const int Step = 4 * 64;

    public static void Copy(byte* from, byte* to, nint bytes)
    {
        nint i = 0;
        for (; i <= bytes - Step; i += Step)
        {
            Vector512<byte> a = Load(from + i), b = Load(from + i + 64), c = Load(from + i + 128), d = Load(from + i + 192);
            a.Store(to + i);
            b.Store(to + i + 64);
            c.Store(to + i + 128);
            d.Store(to + i + 192);
        }
        new Span<byte>(from + i, (int)(bytes - i)).CopyTo(new Span<byte>(to + i, (int)(bytes - i)));
    }

    /// <param name="from">Read.</param>
    /// <param name="to">Written; at the start of a cache line.</param>
    /// <param name="bytes">How many.</param>
    public static void CopyPastCaches(byte* from, byte* to, nint bytes)
    {
        nint i = 0;
        for (; i <= bytes - Step; i += Step)
        {
            Vector512<byte> a = Load(from + i), b = Load(from + i + 64), c = Load(from + i + 128), d = Load(from + i + 192);
            StorePastCaches(a, to + i);
            StorePastCaches(b, to + i + 64);
            StorePastCaches(c, to + i + 128);
            StorePastCaches(d, to + i + 192);
        }
        Thread.MemoryBarrier();
        new Span<byte>(from + i, (int)(bytes - i)).CopyTo(new Span<byte>(to + i, (int)(bytes - i)));
    }

    public static void Add(byte* a, byte* b, byte* to, nint bytes)
    {
        nint i = 0;
        for (; i <= bytes - Step; i += Step)
        {
            Vector512<byte> s = Load(a + i) + Load(b + i), t = Load(a + i + 64) + Load(b + i + 64);
            Vector512<byte> u = Load(a + i + 128) + Load(b + i + 128), v = Load(a + i + 192) + Load(b + i + 192);
            s.Store(to + i);
            t.Store(to + i + 64);
            u.Store(to + i + 128);
            v.Store(to + i + 192);
        }
        AddRest(a, b, to, i, bytes);
    }

    /// <param name="a">Read.</param>
    /// <param name="b">Read.</param>
    /// <param name="to">Written; at the start of a cache line.</param>
    /// <param name="bytes">How many.</param>
    public static void AddPastCaches(byte* a, byte* b, byte* to, nint bytes)
    {
        nint i = 0;
        for (; i <= bytes - Step; i += Step)
        {
            Vector512<byte> s = Load(a + i) + Load(b + i), t = Load(a + i + 64) + Load(b + i + 64);
            Vector512<byte> u = Load(a + i + 128) + Load(b + i + 128), v = Load(a + i + 192) + Load(b + i + 192);
            StorePastCaches(s, to + i);
            StorePastCaches(t, to + i + 64);
            StorePastCaches(u, to + i + 128);
            StorePastCaches(v, to + i + 192);
        }
        Thread.MemoryBarrier();
        AddRest(a, b, to, i, bytes);
    }

    private static void AddRest(byte* a, byte* b, byte* to, nint start, nint bytes)
    {
        for (nint i = start; i < bytes; i++)
            to[i] = (byte)(a[i] + b[i]);
    }

    private static Vector512<byte> Load(byte* from) => Vector512.Load(from);

    // In halves: where there is no AVX-512, StoreAlignedNonTemporal of 512 bits is an ordinary store.
    private static void StorePastCaches(Vector512<byte> value, byte* to)
    {
        value.GetLower().StoreAlignedNonTemporal(to);
        value.GetUpper().StoreAlignedNonTemporal(to + 32);
    }
}

using System.Globalization;
using System.Text;

namespace NormKit.Interop;

/// <summary>Shapes as errors print them.</summary>
internal static class Shapes
{
    public static string Text(ReadOnlySpan<nint> shape)
    {
        StringBuilder text = new("[");
        for (int d = 0; d < shape.Length; d++)
            text.Append(CultureInfo.InvariantCulture, $"{(d == 0 ? "" : ", ")}{shape[d]}");
        return text.Append(']').ToString();
    }

    /// <summary>The product of some dimensions; 1 for none.</summary>
    public static nint Product(ReadOnlySpan<nint> lengths)
    {
        if (lengths.Contains(0))
            return 0;   // whatever the others multiply to
        nint product = 1;
        foreach (nint n in lengths)
            product = checked(product * n);
        return product;
    }
}

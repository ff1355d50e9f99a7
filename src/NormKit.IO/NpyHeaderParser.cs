using System.Globalization;
using System.Text;

namespace NormKit.IO;

/// <summary>Reads the Python dictionary of a .npy header: three keys, literals only, no recursion, nothing evaluated.</summary>
internal ref struct NpyHeaderParser
{
    private const string PerhapsBFloat16 = " may be bfloat16, which the format has no name for: NumPy saves it as V2. Read V2 as bfloat16 "
        + "(normkit: --v2-as bfloat16), or save as float32, or as .safetensors";

    private const string OneByteFloat = " may be a float of 8 bits, which the format has no name for; save as float32, or as .safetensors";

    private readonly ReadOnlySpan<byte> text;
    private readonly int offset;
    private readonly string file;
    private readonly ElementType? v2As;
    private int at;

    private NpyHeaderParser(ReadOnlySpan<byte> text, int offset, string file, ElementType? v2As)
    {
        this.text = text;
        this.offset = offset;
        this.file = file;
        this.v2As = v2As;
    }

    private readonly byte Current => at < text.Length ? text[at] : (byte)0;

    /// <param name="text">The header's bytes. Latin-1 in versions 1 and 2, UTF-8 in 3, but all that is valid is ASCII.</param>
    /// <param name="offset">Where the text begins in the file, for error messages.</param>
    /// <param name="file">The file's name in error messages.</param>
    /// <param name="v2As">What elements of the type V2 are, two bytes without a meaning; null to refuse them.</param>
    internal static NpyHeader Parse(ReadOnlySpan<byte> text, int offset, string file, ElementType? v2As = null) =>
        new NpyHeaderParser(text, offset, file, v2As).Dictionary();

    private NpyHeader Dictionary()
    {
        (ElementType Type, bool BigEndian)? element = null;
        bool? fortranOrder = null;
        nint[]? shape = null;

        Expect('{', "dictionary");
        while (!Take('}'))
        {
            ReadOnlySpan<byte> key = Quoted("key");
            bool isNew;
            if (key.SequenceEqual("descr"u8))
            {
                isNew = element is null;
                Expect(':', "descr");
                element = Descr();
            }
            else if (key.SequenceEqual("fortran_order"u8))
            {
                isNew = fortranOrder is null;
                Expect(':', "fortran_order");
                fortranOrder = Bool();
            }
            else if (key.SequenceEqual("shape"u8))
            {
                isNew = shape is null;
                Expect(':', "shape");
                shape = Shape();
            }
            else
            {
                throw Error("key", $"{Show(key)} is unknown; a header has descr, fortran_order and shape");
            }

            if (!isNew)
                throw Error("key", $"{Show(key)} occurs twice");
            if (!Take(',') && Next() != '}')
                throw Error("dictionary", $"expected ',' or '}}', found {Found()}");
        }

        if (Next() != 0 || at < text.Length)
            throw Error("dictionary", $"expected only spaces after the dictionary, found {Found()}");
        string? missing = element is null ? "descr" : fortranOrder is null ? "fortran_order" : shape is null ? "shape" : null;
        if (missing is not null)
            throw Error("dictionary", $"the key '{missing}' is missing");
        return new NpyHeader(element!.Value.Type, element.Value.BigEndian, fortranOrder!.Value, shape!);
    }

    private (ElementType Type, bool BigEndian) Descr()
    {
        if (Next() == '[')
            throw Error("descr", "structured types are not supported; save each field as its own array");
        if (Next() == '(')
            throw Error("descr", "types with a shape of their own are not supported");

        ReadOnlySpan<byte> descr = Quoted("descr");
        if (descr.Length < 2)
            throw Error("descr", $"{Show(descr)} is no element type");

        ElementType? type = Encoding.Latin1.GetString(descr[1..]) switch
        {
            "f2" => ElementType.Float16,
            "f4" => ElementType.Float32,
            "f8" => ElementType.Float64,
            "i1" => ElementType.Int8,
            "i2" => ElementType.Int16,
            "i4" => ElementType.Int32,
            "i8" => ElementType.Int64,
            "u1" => ElementType.UInt8,
            "u2" => ElementType.UInt16,
            "u4" => ElementType.UInt32,
            "u8" => ElementType.UInt64,
            "b1" => ElementType.Boolean,
            "V2" => v2As,
            _ => null,
        };

        // NumPy writes '<V2' for the bfloat16 of ml_dtypes and '|V2' for plain bytes; both are little-endian.
        bool ordered = descr[1] == 'V' ? descr[0] is (byte)'<' or (byte)'|'
            : descr[0] is (byte)'<' or (byte)'>' || (descr[0] == '|' && type?.SizeInBytes() == 1);
        return type is ElementType known && ordered ? (known, descr[0] == '>') : throw Error("descr", Unsupported(descr));
    }

    private static string Unsupported(ReadOnlySpan<byte> descr)
    {
        string name = Encoding.Latin1.GetString(descr);
        return Show(descr) + (name.Contains("float8", StringComparison.Ordinal) || name[1..] == "V1" ? OneByteFloat
            : name == "bfloat16" || name[1..] is "V2" or "g2" ? PerhapsBFloat16
            : Unsupported(name[1], name[1..]));
    }

    private static string Unsupported(char kind, string type) => kind switch
    {
        'O' => " holds Python objects, which cannot be read safely; convert to a numeric type first",
        'V' => " is void, bytes without a meaning; save as numbers",
        'S' or 'U' or 'a' => " holds text; only numbers are supported",
        'M' or 'm' => " holds dates; only numbers are supported",
        'c' => " is complex; save the real and the imaginary part as two arrays",
        'f' or 'g' when type is "f16" or "f12" or "f10" or "g8" or "g16" or "g12" => " is not supported: it is a long double; save as float64",
        _ => " is not supported; a type is '<' or '>' and f2, f4, f8, i1 to i8, u1 to u8 or b1",
    };

    private bool Bool()
    {
        Next();
        bool isTrue = text[at..].StartsWith("True"u8);
        if (!isTrue && !text[at..].StartsWith("False"u8))
            throw Error("fortran_order", $"expected True or False, found {Found()}");
        at += isTrue ? 4 : 5;
        return isTrue;
    }

    private nint[] Shape()
    {
        Expect('(', "shape");
        List<nint> lengths = [];
        bool comma = false;
        while (!Take(')'))
        {
            if (lengths.Count > 0 && !comma)
                throw Error("shape", $"expected ',' or ')', found {Found()}");
            if (lengths.Count == TensorShape.MaxRank)
                throw Error("shape", $"more than {TensorShape.MaxRank} dimensions");
            lengths.Add(Length());
            comma = Take(',');
        }

        if (lengths.Count == 1 && !comma)
            throw Error("shape", $"({lengths[0]}) is a number, a tuple of one is ({lengths[0]},)");
        return [.. lengths];
    }

    private nint Length()
    {
        int start = at;
        while (char.IsAsciiDigit((char)Current))
            at++;
        ReadOnlySpan<byte> digits = text[start..at];
        if (digits.IsEmpty)
            throw Error("shape", $"expected a non-negative integer, found {Found()}");
        if (digits.Length > 1 && digits[0] == '0')
            throw Error("shape", "a number begins with 0");
        if (!nint.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out nint length))
            throw Error("shape", $"dimension {Show(digits)} exceeds {nint.MaxValue}");
        if (Current == 'L')
            at++; // Python 2 wrote its long integers so
        return length;
    }

    private ReadOnlySpan<byte> Quoted(string field)
    {
        byte quote = Next();
        if (quote is not ((byte)'\'' or (byte)'"'))
            throw Error(field, $"expected a quoted string, found {Found()}");
        int length = text[(at + 1)..].IndexOf(quote);
        if (length < 0)
            throw Error(field, "the string does not end");
        ReadOnlySpan<byte> content = text.Slice(at + 1, length);
        at += length + 2;
        return content;
    }

    private byte Next()
    {
        while (Current is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
            at++;
        return Current;
    }

    private bool Take(char expected)
    {
        bool found = Next() == expected;
        if (found)
            at++;
        return found;
    }

    private void Expect(char expected, string field)
    {
        if (!Take(expected))
            throw Error(field, $"expected '{expected}', found {Found()}");
    }

    private readonly string Found() => at < text.Length ? Show(text.Slice(at, 1)) : "the end";

    private static string Show(ReadOnlySpan<byte> text) => TensorFileException.Quote(Encoding.Latin1.GetString(text));

    private readonly TensorFileException Error(string field, string rule) =>
        new($"{file}: header, {field}, near byte {offset + at}: {rule}.");
}

namespace NormKit.IO.Tests;

/// <summary>Files written by NumPy 1.24.2, where a = np.arange(6, dtype='&lt;f4').reshape(2, 3) / 4.</summary>
internal static class NumpyGolden
{
    // np.save(f, a)
    public static byte[] Float32 => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8=");

    // np.save(f, np.asfortranarray(np.arange(24, dtype='<f8').reshape(2, 3, 4)))
    public static byte[] Fortran64 => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAAAAAAAAAAAAAChAAAAAAAAAEEAAAAAAAAAwQAAAAAAA"
        + "ACBAAAAAAAAANEAAAAAAAADwPwAAAAAAACpAAAAAAAAAFEAAAAAAAAAxQAAAAAAAACJAAAAAAAAANUAAAAAAAAAAQAAAAAAAACxAAAAAAAAAGE"
        + "AAAAAAAAAyQAAAAAAAACRAAAAAAAAANkAAAAAAAAAIQAAAAAAAAC5AAAAAAAAAHEAAAAAAAAAzQAAAAAAAACZAAAAAAAAAN0A=");

    // np.save(f, np.array([[1, -2], [3, 2**31-1]], dtype='>i4'))
    public static byte[] BigEndianInt32 => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPmk0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAB/////gAAAAN/////");

    // np.save(f, np.float16(0.1))
    public static byte[] HalfScalar => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIApmLg==");

    // np.save(f, np.array([True, False, True]))
    public static byte[] Bools => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAE=");

    // np.save(f, np.zeros((0, 3), dtype='<u8'))
    public static byte[] Empty => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPHU4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDMpLCB9ICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=");

    // np.lib.format.write_array(f, a, version=(2, 0))
    public static byte[] Version2 => Convert.FromBase64String(
        "k05VTVBZAgB0AAAAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8=");

    // np.lib.format.write_array(f, a, version=(3, 0))
    public static byte[] Version3 => Convert.FromBase64String(
        "k05VTVBZAwB0AAAAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8=");

    // np.savez(f, weight=a, bias=np.array([-1, 2], dtype='|i1'))
    public static byte[] Npz => Convert.FromBase64String(
        "UEsDBBQAAAAAAAAAIQAKnACkmAAAAJgAAAAKABQAd2VpZ2h0Lm5weQEAEACYAAAAAAAAAJgAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnPG"
        + "Y0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPgAAAD8AAEA/AACAPwAAoD9QSwMEFAAAAAAAAAAhAP3pxyyCAAAAggAAAAgAFABiaWFzLm"
        + "5weQEAEACCAAAAAAAAAIIAAAAAAAAAk05VTVBZAQB2AHsnZGVzY3InOiAnfGkxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzog"
        + "KDIsKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr/AlBLAQIUAxQAAAAAAA"
        + "AAIQAKnACkmAAAAJgAAAAKAAAAAAAAAAAAAACAAQAAAAB3ZWlnaHQubnB5UEsBAhQDFAAAAAAAAAAhAP3pxyyCAAAAggAAAAgAAAAAAAAAAAAA"
        + "AIAB1AAAAGJpYXMubnB5UEsFBgAAAAACAAIAbgAAAJABAAAAAA==");

    // np.savez_compressed(f, weight=a, bias=np.array([-1, 2], dtype='|i1'))
    public static byte[] NpzCompressed => Convert.FromBase64String(
        "UEsDBBQAAAAIAAAAIQAKnACkVgAAAJgAAAAKABQAd2VpZ2h0Lm5weQEAEACYAAAAAAAAAFYAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbp"
        + "Nmoq6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKxpo6CrUKZAMuBjBosAMS9gwMDkDcAMQL7AFQSwMEFAAAAAgAAAAhAP3pxyxG"
        + "AAAAggAAAAgAFABiaWFzLm5weQEAEACCAAAAAAAAAEYAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXpNpqK6joJ6WX1RSlJgXn1+UkgoSd0"
        + "vMKU4FihdnJBakAvkaRjqaOgq1ChQArv9MAFBLAQIUAxQAAAAIAAAAIQAKnACkVgAAAJgAAAAKAAAAAAAAAAAAAACAAQAAAAB3ZWlnaHQubnB5"
        + "UEsBAhQDFAAAAAgAAAAhAP3pxyxGAAAAggAAAAgAAAAAAAAAAAAAAIABkgAAAGJpYXMubnB5UEsFBgAAAAACAAIAbgAAABIBAAAAAA==");

    // np.save(f, np.array([None, 1], dtype=object))
    public static byte[] Objects => Convert.FromBase64String(
        "k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAgICAgIC"
        + "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqAA2NudW1weS5jb3JlLm11bHRpYXJyYXkKX3JlY29uc3RydWN0"
        + "CnEAY251bXB5Cm5kYXJyYXkKcQFLAIVxAkMBYnEDh3EEUnEFKEsBSwKFcQZjbnVtcHkKZHR5cGUKcQdYAgAAAE84cQiJiIdxCVJxCihLA1gBAA"
        + "AAfHELTk5OSv////9K/////0s/dHEMYoldcQ0oTksBZXRxDmIu");
}

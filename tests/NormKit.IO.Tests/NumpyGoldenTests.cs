namespace NormKit.IO.Tests;

/// <summary>What NumPy wrote is read, and what NumPy would write is written, byte for byte.</summary>
public class NumpyGoldenTests
{
    private static readonly float[] A = [0, 0.25f, 0.5f, 0.75f, 1, 1.25f];

    [Fact]
    public void Read_FilesOfNumpy_GiveItsArrays()
    {
        Check(NumpyGolden.Float32, ElementType.Float32, [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]);
        Check(NumpyGolden.Version2, ElementType.Float32, [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]);
        Check(NumpyGolden.Version3, ElementType.Float32, [2, 3], [0, 0.25, 0.5, 0.75, 1, 1.25]);
        Check(NumpyGolden.Fortran64, ElementType.Float64, [2, 3, 4], [.. Enumerable.Range(0, 24).Select(i => (double)i)]);
        Check(NumpyGolden.BigEndianInt32, ElementType.Int32, [2, 2], [1, -2, 3, 2147483647]);
        Check(NumpyGolden.HalfScalar, ElementType.Float16, [], [0.0999755859375]);
        Check(NumpyGolden.Bools, ElementType.Boolean, [3], [1, 0, 1]);
        Check(NumpyGolden.Empty, ElementType.UInt64, [0, 3], []);
    }

    [Fact]
    public void Read_ObjectsOfNumpy_AreRefused() =>
        Refusal.Of(() => Read(NumpyGolden.Objects), "golden.npy", "descr", "Python objects");

    [Fact]
    public void Write_WhatNumpyWrote_IsTheSameByteForByte()
    {
        Assert.Equal(NumpyGolden.Float32, Write(StoredTensor.From<float>(A, [2, 3])));
        Assert.Equal(NumpyGolden.HalfScalar, Write(StoredTensor.From<double>([0.1], [], ElementType.Float16)));
        Assert.Equal(NumpyGolden.Bools, Write(new StoredTensor(ElementType.Boolean, [3], [1, 0, 1])));
        Assert.Equal(NumpyGolden.Empty, Write(new StoredTensor(ElementType.UInt64, [0, 3], [])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ReadAll_ArchivesOfNumpy_GiveItsArrays(bool compressed)
    {
        using TemporaryDirectory directory = new();
        string path = directory.Write("golden.npz", compressed ? NumpyGolden.NpzCompressed : NumpyGolden.Npz);

        IReadOnlyDictionary<string, StoredTensor> arrays = NpzFile.ReadAll(path);

        Assert.Equal(["weight", "bias"], NpzFile.Names(path));
        Assert.Equal(2, arrays.Count);
        Assert.Equal(A, arrays["weight"].ToArray<float>());
        Assert.Equal([2, 3], arrays["weight"].Shape);
        Assert.Equal([-1d, 2], NpzFile.Read(path, "bias").ToArray<double>());
    }

    private static void Check(byte[] file, ElementType type, nint[] shape, double[] values)
    {
        StoredTensor tensor = Read(file);
        Assert.Equal(type, tensor.ElementType);
        Assert.Equal(shape, tensor.Shape);
        Assert.Equal(values, tensor.ToArray<double>());
    }

    private static StoredTensor Read(byte[] file)
    {
        using MemoryStream stream = new(file);
        return NpyFile.Read(stream, "golden.npy");
    }

    private static byte[] Write(StoredTensor tensor)
    {
        using MemoryStream stream = new();
        NpyFile.Write(stream, tensor);
        return stream.ToArray();
    }
}

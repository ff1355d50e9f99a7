namespace NormKit.IO.Tests;

/// <summary>Any damage to a valid file gives a tensor or a <see cref="TensorFileException"/>, never another error or a hang.</summary>
public class DamagedFileTests
{
    [Theory]
    [InlineData(".npy", 1)]
    [InlineData(".npz", 2)]
    [InlineData(".safetensors", 3)]
    public void Read_RandomDamage_GivesATensorOrARefusal(string extension, int seed)
    {
        using TemporaryDirectory directory = new();
        string path = directory["a" + extension];
        Random random = new(seed);
        byte[][] originals = Originals(extension);
        int refused = 0;

        for (int i = 0; i < 4000; i++)
        {
            byte[] damaged = Damage(originals[i % originals.Length], random);
            File.WriteAllBytes(path, damaged);
            if (!CanBeRead(path, damaged, i))
                refused++;
        }

        Assert.InRange(refused, 1000, 4000); // damage to padding and data of .npy and .safetensors is not noticed
    }

    private static bool CanBeRead(string path, byte[] file, int run)
    {
        try
        {
            foreach ((_, StoredTensor tensor) in Tensors(path))
                Assert.Equal(tensor.Count, tensor.To<double>().FlattenedLength);
            return true;
        }
        catch (TensorFileException error)
        {
            Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', error.Message);
            return false;
        }
        catch (Exception error) when (error is not Xunit.Sdk.XunitException)
        {
            Assert.Fail($"run {run}: {error.GetType()}: {error.Message}; file {Convert.ToBase64String(file)}");
            return false;
        }
    }

    private static IEnumerable<KeyValuePair<string, StoredTensor>> Tensors(string path) => Path.GetExtension(path) switch
    {
        ".npy" => [new("", NpyFile.Read(path))],
        ".npz" => NpzFile.ReadAll(path),
        _ => SafetensorsFile.ReadAll(path),
    };

    private static byte[][] Originals(string extension)
    {
        byte[] npy = HandMade.Npy(">f4", "(2, 3)", new byte[24], fortranOrder: true);
        return extension switch
        {
            ".npy" => [npy, NumpyGolden.Float32, NumpyGolden.Version2, NumpyGolden.HalfScalar, NumpyGolden.Empty],
            ".npz" =>
            [
                NumpyGolden.Npz,
                NumpyGolden.NpzCompressed,
                HandMade.Zip(ZipEntry.Deflated("a.npy", npy), ZipEntry.Stored("b.npy", npy)),
            ],
            _ =>
            [
                HandMade.Safetensors("""{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}""", new byte[8]),
                HandMade.Safetensors(
                    """{"__metadata__":{"k":"v"},"a":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"b":"""
                    + """{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}   """,
                    new byte[6]),
            ],
        };
    }

    private static byte[] Damage(byte[] original, Random random)
    {
        List<byte> file = [.. original];
        for (int times = random.Next(1, 4); times > 0 && file.Count > 0; times--)
        {
            int at = random.Next(file.Count);
            switch (random.Next(6))
            {
                case 0: file[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: file[at] = (byte)random.Next(256); break;
                case 2: file[at] = (byte)"0123456789'\"{}[](),: \0"[random.Next(22)]; break;
                case 3: file.RemoveRange(at, file.Count - at); break;
                case 4: file.RemoveRange(at, Math.Min(random.Next(1, 9), file.Count - at)); break;
                default: file.InsertRange(at, file.GetRange(at, Math.Min(random.Next(1, 9), file.Count - at))); break;
            }
        }

        return [.. file];
    }
}

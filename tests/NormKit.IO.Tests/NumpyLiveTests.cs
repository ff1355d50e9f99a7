using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NormKit.IO.Tests;

/// <summary>NumPy itself, where the machine has it: it reads what we write and we read what it writes.</summary>
public class NumpyLiveTests
{
    private const string Python = "/usr/bin/python3";

    // Every element type, byte order, memory order and a choice of shapes; beside each file its values as raw float64 in C order.
    private const string WriteFiles = """
        import itertools, sys
        import numpy as np
        kinds = ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1']
        shapes = [(), (1,), (0,), (7,), (2, 3), (0, 5), (5, 1), (2, 3, 4), (1, 7, 1, 2), (17, 33)]
        named = {}
        for i, (kind, byteorder, order, shape) in enumerate(itertools.product(kinds, '<>', 'CF', shapes)):
            values = np.array(np.random.RandomState(i).randint(0, 100, shape), dtype=byteorder + kind, order=order)
            name = f'{i:04}'
            np.save(name + '.npy', values)
            np.ascontiguousarray(values, dtype='<f8').tofile(name + '.f64')
            named[name] = values
        np.savez('all.npz', **named)
        np.savez_compressed('packed.npz', **named)
        """;

    // Ours are the same arrays in little-endian C order: NumPy must read them and, saving them itself, write the same bytes.
    private const string CheckFiles = """
        import glob, io, json
        import numpy as np
        names = sorted(name[:-4] for name in glob.glob('????.npy'))
        assert len(names) == 480, len(names)
        archives = [np.load('ours.npz'), np.load('ours-packed.npz')]
        blob = open('ours.safetensors', 'rb').read()
        start = 8 + int.from_bytes(blob[:8], 'little')
        assert start % 8 == 0
        header = json.loads(blob[8:start])
        types = dict(F16='<f2', F32='<f4', F64='<f8', I8='|i1', I16='<i2', I32='<i4', I64='<i8',
                     U8='|u1', U16='<u2', U32='<u4', U64='<u8', BOOL='|b1')
        for archive in archives:
            assert sorted(archive.files) == names
        assert sorted(header) == names
        for name in names:
            theirs = np.load(name + '.npy')
            theirs = np.array(theirs, dtype=theirs.dtype.newbyteorder('<'), order='C')
            info = header[name]
            begin, end = info['data_offsets']
            assert (start + begin) % theirs.itemsize == 0, name
            section = np.frombuffer(blob[start + begin:start + end], types[info['dtype']]).reshape(info['shape'])
            for ours in [np.load(f'ours-{name}.npy'), archives[0][name], archives[1][name], section]:
                assert ours.dtype == theirs.dtype and ours.shape == theirs.shape and ours.flags.c_contiguous, name
                assert ours.tobytes() == theirs.tobytes(), name
            expected = io.BytesIO()
            np.save(expected, theirs)
            assert open(f'ours-{name}.npy', 'rb').read() == expected.getvalue(), name
        """;

    [Fact]
    public void Numpy_EveryTypeOrderAndShape_AgreesInBothDirections()
    {
        using TemporaryDirectory directory = new();
        Assert.SkipUnless(File.Exists(Python) && Run(directory, "import numpy").ExitCode == 0, $"{Python} has no numpy");

        Succeed(Run(directory, WriteFiles));
        Dictionary<string, StoredTensor> tensors = [];
        foreach (string path in Directory.GetFiles(directory.Root, "*.npy"))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            StoredTensor tensor = NpyFile.Read(path);
            Assert.Equal(MemoryMarshal.Cast<byte, double>(File.ReadAllBytes(Path.ChangeExtension(path, ".f64"))), tensor.ToArray<double>());
            tensors.Add(name, tensor);
        }

        foreach (string archive in new[] { "all.npz", "packed.npz" })
        {
            IReadOnlyDictionary<string, StoredTensor> arrays = NpzFile.ReadAll(directory[archive]);
            Assert.Equal(tensors.Count, arrays.Count);
            foreach ((string name, StoredTensor tensor) in tensors)
            {
                Assert.Equal(tensor.ElementType, arrays[name].ElementType);
                Assert.Equal(tensor.Shape, arrays[name].Shape);
                Assert.Equal(tensor.Bytes, arrays[name].Bytes);
            }
        }

        foreach ((string name, StoredTensor tensor) in tensors)
            NpyFile.Write(directory[$"ours-{name}.npy"], tensor);
        NpzFile.Write(directory["ours.npz"], tensors);
        NpzFile.Write(directory["ours-packed.npz"], tensors, compress: true);
        SafetensorsFile.Write(directory["ours.safetensors"], tensors);
        Succeed(Run(directory, CheckFiles));
    }

    private static void Succeed((int ExitCode, string Error) result) => Assert.True(result.ExitCode == 0, result.Error);

    private static (int ExitCode, string Error) Run(TemporaryDirectory directory, string script)
    {
        ProcessStartInfo start = new(Python, ["-c", script]) { WorkingDirectory = directory.Root, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}

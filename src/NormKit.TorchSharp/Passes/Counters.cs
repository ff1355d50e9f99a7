namespace NormKit.TorchSharp.Passes;

/// <summary><c>num_batches_tracked</c>: an int64 scalar here and in PyTorch; TorchSharp's own layers keep it in the layer's type.</summary>
internal static class Counters
{
    public static long Read(Tensor counter)
    {
        if (counter.dtype == ScalarType.Int64 && counter.device_type == global::TorchSharp.DeviceType.CPU)
            return Math.Max(0, TensorMemory.Flat<long>(counter)[0]);
        using Tensor converted = counter.to(ScalarType.Float64);
        double value = converted.item<double>();
        return double.IsFinite(value) ? Math.Max(0, (long)value) : 0;
    }

    public static void Write(Tensor counter, long value)
    {
        if (counter.dtype == ScalarType.Int64 && counter.device_type == global::TorchSharp.DeviceType.CPU)
            TensorMemory.Flat<long>(counter)[0] = value;
        else
            counter.fill_(value);
    }
}

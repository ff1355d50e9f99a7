using NormKit.TorchSharp.Operators;

namespace NormKit.TorchSharp.Passes;

/// <summary>Calls of the layers whose statistics or parameters are given with each call.</summary>
internal static class Conditions
{
    public static Tensor Rows(AdaptiveRowOperator op, Tensor input, Tensor scale, Tensor? shift)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(scale);
        Layers.RequireType(op.Name, input);
        RequireLike(op.Name, input, "scale", scale);
        if (shift is not null)
            RequireLike(op.Name, input, "shift", shift);
        Tensor[] inputs = shift is null ? [input, scale] : [input, scale, shift];
        if (Layers.ComposeAlways || input.device_type != global::TorchSharp.DeviceType.CPU)
            return Compose(op, inputs, name => name == "scale" ? scale : shift);
        return Pass.Run(input.dtype switch
        {
            ScalarType.Float64 => new AdaptiveRowPass<double, double>(op, op.CreateAdaptive<double>()),
            ScalarType.Float32 => new AdaptiveRowPass<float, float>(op, op.CreateAdaptive<float>()),
            ScalarType.BFloat16 => new AdaptiveRowPass<float, BFloat16>(op, op.CreateAdaptive<float>()),
            _ => new AdaptiveRowPass<float, Half>(op, op.CreateAdaptive<float>()),
        }, inputs);
    }

    public static Tensor Instances(AdaptiveInstanceOperator op, Tensor content, Tensor style)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(style);
        Layers.RequireType(op.Name, content);
        if (style.dtype != content.dtype || style.device_type != content.device_type)
            throw new ArgumentException($"{op.Name}: style is {style.dtype} on {style.device} and content {content.dtype} on {content.device}; convert one with to().", nameof(style));
        if (Layers.ComposeAlways || content.device_type != global::TorchSharp.DeviceType.CPU)
            return Compose(op, [content, style], _ => style);
        return Pass.Run(content.dtype switch
        {
            ScalarType.Float64 => new AdaptiveInstancePass<double, double>(op),
            ScalarType.Float32 => new AdaptiveInstancePass<float, float>(op),
            ScalarType.BFloat16 => new AdaptiveInstancePass<float, BFloat16>(op),
            _ => new AdaptiveInstancePass<float, Half>(op),
        }, [content, style]);
    }

    private static Tensor Compose(NormOperator op, Tensor[] inputs, Func<string, Tensor?> condition) => Composer.Run(
        op, inputs[0], training: false, inputs[0].dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32, condition, _ => null, () => 0, move: null);

    private static void RequireLike(string layer, Tensor input, string name, Tensor condition)
    {
        bool fits = condition.dtype == input.dtype || (input.dtype is ScalarType.BFloat16 or ScalarType.Float16 && condition.dtype == ScalarType.Float32);
        if (!fits || condition.device_type != input.device_type)
            throw new ArgumentException($"{layer}: {name} is {condition.dtype} on {condition.device} and the input {input.dtype} on {input.device}; convert one with to().", name);
    }
}

namespace NormKit.TorchSharp.Tests;

/// <summary>Outputs, gradients and gradients of gradients of every module, against torch's own operators and against finite differences.</summary>
public class GradientTests : TorchTest
{
    public static TheoryData<string> Names => ModuleCase.Names;

    [Theory, MemberData(nameof(Names))]
    public void Pass_InFloat64_IsTorchsOperators(string name) => Compare(ModuleCase.Of(name), ScalarType.Float64, ScalarType.Float64, 1e-11, Layout.RowMajor);

    [Theory, MemberData(nameof(Names))]
    public void Pass_InFloat32_IsTorchsOperators(string name) => Compare(ModuleCase.Of(name), ScalarType.Float32, ScalarType.Float32, 5e-6, Layout.RowMajor);

    [Theory, MemberData(nameof(Names))]
    public void Pass_InBFloat16_RoundsOnce(string name)
    {
        Compare(ModuleCase.Of(name), ScalarType.BFloat16, ScalarType.Float32, 1 / 256.0, Layout.RowMajor);
        Compare(ModuleCase.Of(name), ScalarType.BFloat16, ScalarType.BFloat16, 1 / 256.0, Layout.RowMajor);
    }

    [Theory, MemberData(nameof(Names))]
    public void Pass_InFloat16_RoundsOnce(string name)
    {
        Compare(ModuleCase.Of(name), ScalarType.Float16, ScalarType.Float32, 1 / 2048.0, Layout.RowMajor);
        Compare(ModuleCase.Of(name), ScalarType.Float16, ScalarType.Float16, 1 / 2048.0, Layout.RowMajor);
    }

    [Theory, MemberData(nameof(Names))]
    public void Pass_OfEachLayout_IsTorchsOperators(string name)
    {
        foreach (Layout layout in Enum.GetValues<Layout>())
            Compare(ModuleCase.Of(name), ScalarType.Float64, ScalarType.Float64, 1e-11, layout);
    }

    [Theory, MemberData(nameof(Names))]
    public void SecondDerivative_UnderCreateGraph_IsTorchsAndFiniteDifferences(string name)
    {
        ModuleCase c = ModuleCase.Of(name);
        foreach (bool training in (bool[])[true, false])
        {
            NormModule module = c.Random(ScalarType.Float64);
            Tensor x = torch.randn(c.Shape, ScalarType.Float64), direction = torch.randn(c.Shape, ScalarType.Float64), dy = torch.randn(c.Shape, ScalarType.Float64);
            Tensor[] parameters = [.. module.parameters()];
            Dictionary<string, Tensor> state = Snapshot(module);

            // The product of the Hessian of sum(dy * y) with a direction, and how the parameters' share of it moves.
            Tensor[] Second()
            {
                Restore(module, state, training);
                Tensor input = x.clone().requires_grad_(), output = dy.clone().requires_grad_();
                Tensor first = torch.autograd.grad([module.call(input)], [input], [output], retain_graph: true, create_graph: true)[0];
                return [.. torch.autograd.grad([first], [input, output, .. parameters], [direction], allow_unused: true).Select(g => g is null || g.IsInvalid ? torch.zeros(1, ScalarType.Float64) : g)];
            }

            Tensor First(double step)
            {
                Restore(module, state, training);
                Tensor input = (x + (step * direction)).detach().requires_grad_();
                return torch.autograd.grad([module.call(input)], [input], [dy])[0];
            }

            Tensor[] own = Second(), torchs = ModuleCase.Composed(Second);
            for (int i = 0; i < own.Length; i++)
                Near(torchs[i], own[i], 1e-9, $"{name}, training {training}, second derivative {i}");
            // Its r and d are constants in every gradient, and not in a difference.
            if (module is BatchRenorm && training)
                continue;
            const double H = 1e-5;
            Tensor difference = (First(H) - First(-H)) / (2 * H);
            Near(own[0].shape.Length == 1 && own[0].numel() == 1 ? torch.zeros_like(difference) : own[0], difference, 2e-5, $"{name}, training {training}, finite differences");
        }
    }

    internal enum Layout
    {
        RowMajor,
        ChannelsLast,
        Transposed,
        Sliced,
        Overlapping,
    }

    private static void Compare(ModuleCase c, ScalarType type, ScalarType parameterType, double tolerance, Layout layout)
    {
        foreach (bool training in (bool[])[true, false])
        {
            NormModule module = c.Random(parameterType);
            Dictionary<string, Tensor> state = Snapshot(module);
            Tensor x = Lay(torch.randn(c.Shape, ScalarType.Float64).to(type), layout), dy = Lay(torch.randn(c.Shape, ScalarType.Float64).to(type), layout);
            Restore(module, state, training);
            (Tensor y, Tensor?[] gradients) = Pass(x, dy, module);
            Dictionary<string, Tensor> moved = Snapshot(module);
            string where = $"{c.Name}, {type}, {parameterType}, {layout}, training {training}";
            if (layout is Layout.RowMajor or Layout.ChannelsLast or Layout.Transposed)
                Assert.Equal(x.stride(), y.stride());

            // In double from the same rounded numbers: what remains is NormKit's error and its one rounding.
            NormModule exact = c.Create(ScalarType.Float64);
            Dictionary<string, Tensor> exactState = state.ToDictionary(pair => pair.Key, pair => pair.Value.dtype == ScalarType.Int64 ? pair.Value : pair.Value.to(ScalarType.Float64));
            Restore(exact, exactState, training);
            (Tensor composed, Tensor?[] expected) = ModuleCase.Composed(() => Pass(x.to(ScalarType.Float64), dy.to(ScalarType.Float64), exact));
            // eps of null is that of the type computed in.
            double slack = c.Name == "RMSNorm" && type != ScalarType.Float64 ? 1e-6 : 0;
            Near(composed, y, tolerance + slack, $"{where}, output");
            for (int i = 0; i < expected.Length; i++)
                Near(expected[i], gradients[i], (2 * tolerance) + slack, $"{where}, gradient {i}");
            foreach ((string key, Tensor value) in Snapshot(exact))
                Near(value, moved[key], 2 * Spacing(parameterType), $"{where}, {key}");

            if (c.Torch is null || type is not (ScalarType.Float32 or ScalarType.Float64))
                continue;
            Restore(module, state, training);
            Tensor input = x.detach().contiguous().clone().requires_grad_();
            Dictionary<string, Tensor> own = module.state_dict();
            Tensor torchs = c.Torch(input, own, training);
            Tensor[] wanted = [input, .. module.parameters()];
            IList<Tensor> theirs = torch.autograd.grad([torchs], wanted, [dy.contiguous()], allow_unused: true);
            Near(torchs, y, tolerance, $"{where}, torch's output");
            for (int i = 0; i < wanted.Length; i++)
                Near(theirs[i], gradients[i], 4 * tolerance, $"{where}, torch's gradient {i}");
        }
    }

    private static double Spacing(ScalarType type) => type switch
    {
        ScalarType.Float64 => 1e-13,
        ScalarType.Float32 => 1e-6,
        ScalarType.BFloat16 => 1 / 256.0,
        _ => 1 / 2048.0,
    };

    private static (Tensor Output, Tensor?[] Gradients) Pass(Tensor x, Tensor dy, NormModule module)
    {
        Tensor input = x.detach().requires_grad_();
        Tensor y = module.call(input);
        Tensor[] wanted = [input, .. module.parameters()];
        return (y, [.. torch.autograd.grad([y], wanted, [dy], allow_unused: true)]);
    }

    private static Dictionary<string, Tensor> Snapshot(NormModule module) => module.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());

    private static void Restore(NormModule module, Dictionary<string, Tensor> state, bool training)
    {
        module.load_state_dict(state);
        module.train(training);
    }

    internal static Tensor Lay(Tensor x, Layout layout)
    {
        long[] last = [.. Enumerable.Range(0, (int)x.dim()).Select(d => (long)d)];
        switch (layout)
        {
            case Layout.ChannelsLast when x.dim() > 2:
                long[] toLast = [0, .. last[2..], 1], back = [0, x.dim() - 1, .. last[1..^1]];
                return x.permute(toLast).contiguous().permute(back);
            case Layout.Transposed:
                long[] reversed = [.. last.Reverse()];
                return x.permute(reversed).contiguous().permute(reversed);
            case Layout.Sliced:
                Tensor wide = torch.zeros([.. x.shape[..^1], x.shape[^1] + 3], x.dtype);
                Tensor slice = wide.narrow(-1, 2, x.shape[^1]);
                slice.copy_(x);
                return slice;
            case Layout.Overlapping:
                return x.contiguous().as_strided(x.shape, [1, .. x.contiguous().stride()[1..]]);
            default:
                return x;
        }
    }
}

namespace NormKit.TorchSharp.Models;

/// <summary>Takes the statistics of a whole data set into a model's running statistics.</summary>
internal static class DataStatistics
{
    public static int Update(torch.nn.Module<Tensor, Tensor> model, IEnumerable<Tensor> batches)
    {
        List<Collected> norms = [.. Norms(model)];
        if (norms.Count == 0)
            throw new ArgumentException("UpdateBatchNorm: the model has no norm that tracks the statistics of batches.", nameof(model));
        (torch.nn.Module Module, bool Training)[] modes = [.. model.modules().Prepend(model).Select(module => (module, module.training))];
        long count = 0;
        using IDisposable quiet = torch.no_grad();
        try
        {
            // Dropout and its like stay off; only the norms see that this is training.
            model.eval();
            foreach (Collected norm in norms)
                norm.Start();
            foreach (Tensor batch in batches)
            {
                model.call(batch).Dispose();
                count++;
            }
            if (count == 0)
                throw new ArgumentException("UpdateBatchNorm: there is no batch.", nameof(batches));
            foreach (Collected norm in norms)
                norm.RequireSome();
            foreach (Collected norm in norms)
                norm.Finish(count);
        }
        finally
        {
            foreach (Collected norm in norms)
                norm.Stop();
            // A parent comes before its children, which train() sets too.
            foreach ((torch.nn.Module module, bool training) in modes)
                module.train(training);
        }
        return norms.Count;
    }

    private static IEnumerable<Collected> Norms(torch.nn.Module model)
    {
        HashSet<torch.nn.Module> seen = [];
        foreach ((string path, torch.nn.Module module) in model.named_modules().Append(("", model)))
        {
            if (!seen.Add(module) || module is not torch.nn.Module<Tensor, Tensor> norm)
                continue;
            (Tensor? Mean, Tensor? Variance)? statistics = module switch
            {
                global::TorchSharp.Modules.BatchNorm theirs => (theirs.running_mean, theirs.running_var),
                BatchNorm own => (own.RunningMean, own.RunningVar),
                SwitchableNorm own => (own.RunningMean, own.RunningVar),
                EvoNormB0 own => (null, own.RunningVar),
                _ => null,
            };
            if (statistics is (Tensor mean, Tensor variance))
                yield return new(path, norm, mean, variance);
            else if (statistics is (null, Tensor alone))
                yield return new(path, norm, null, alone);
        }
    }

    /// <summary>A norm and what went into it.</summary>
    private sealed class Collected(string path, torch.nn.Module<Tensor, Tensor> norm, Tensor? mean, Tensor variance)
    {
        private readonly List<(Tensor Tensor, Tensor Before)> before = [];
        private Moments[]? moments;
        private torch.nn.HookableModule<Func<torch.nn.Module<Tensor, Tensor>, Tensor, Tensor>, Func<torch.nn.Module<Tensor, Tensor>, Tensor, Tensor, Tensor>>.HookRemover? hook;
        private bool isDone;

        public void Start()
        {
            foreach ((_, Tensor buffer) in norm.named_buffers(recurse: false))
                before.Add((buffer, buffer.clone().DetachFromDisposeScope()));
            norm.train();
            hook = norm.register_forward_pre_hook((_, input) =>
            {
                ChannelMoments.Add(ref moments, ChannelMoments.Of(input));
                return null!;
            });
        }

        public void RequireSome()
        {
            if (moments is null)
                throw new InvalidOperationException($"UpdateBatchNorm: nothing went through {path} that could be seen; the model must reach it, and by call(), for forward() runs no hooks.");
        }

        public void Finish(long batches)
        {
            if (mean is not null)
                Write(mean, Array.ConvertAll(moments!, set => set.Mean + set.MeanLow));
            // One value has no variance; that of a new layer, 1, stays.
            Write(variance, Array.ConvertAll(moments!, set => set.Count > 1 ? set.SampleVariance : 1));
            foreach ((string name, Tensor buffer) in norm.named_buffers(recurse: false))
            {
                if (name == "num_batches_tracked")
                    buffer.fill_(batches);
            }
            isDone = true;
        }

        /// <summary>Takes the hook away and, where the pass was not finished, the statistics back.</summary>
        public void Stop()
        {
            hook?.remove();
            foreach ((Tensor tensor, Tensor old) in before)
            {
                if (!isDone)
                    tensor.copy_(old);
                old.Dispose();
            }
            before.Clear();
        }

        private static void Write(Tensor to, double[] values)
        {
            using Tensor from = torch.tensor(values);
            to.copy_(from);
        }
    }
}

using NormKit.Threading;

namespace NormKit.Tests.Threading;

public class ScheduleTests
{
    /// <summary>Each block reduced, each unit combined and each block applied once and in this order, by any number of threads.</summary>
    [Fact]
    public void Run_AnyUnitsBlocksAndThreads_DoesEachStepOnceInOrder()
    {
        foreach (int units in (int[])[0, 1, 2, 3, 17, 200])
        {
            foreach (int blocks in (int[])[1, 2, 5])
            {
                foreach (int threads in (int[])[1, 2, 3, 8])
                {
                    Schedule schedule = new(units, blocks, 1 << 24, new(threads, default));
                    Recording kernel = new(new int[units * blocks], new int[units], blocks, (int)schedule.Slots, new int[1]);
                    schedule.Run(kernel, reduce: true);
                    Assert.All(kernel.Stage, stage => Assert.Equal(3, stage));
                    Assert.Equal(0, kernel.Wrong[0]);
                }
            }
        }
    }

    /// <summary>A unit of many blocks ends between two of them, in whatever step it is, on one thread and on several.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_CancelledInABlock_EndsThere(int threads)
    {
        const int blocks = 1000;
        foreach (int units in (int[])[1, 40])
        {
            foreach (int step in (int[])[1, 2])
            {
                using CancellationTokenSource source = new();
                Stopping kernel = new(source, step, At: 500, new int[3]);
                Assert.Throws<OperationCanceledException>(() => new Schedule(units, blocks, 1 << 24, new(threads, source.Token)).Run(kernel, reduce: true));
                // On several threads others are in the middle of a piece of blocks.
                Assert.InRange(kernel.After, 0, threads == 1 ? 0 : 8 * threads);
                // Of many units, another thread may already apply another one.
                if (threads == 1 || units == 1)
                    Assert.Equal(step == 2, kernel.Counts[2] > 0);
            }
        }
    }

    [Theory]
    [InlineData(0, 8, 1)]
    [InlineData(128 * 1024, 8, 1)]
    [InlineData(256 * 1024, 8, 2)]
    [InlineData(1 << 30, 8, 8)]
    [InlineData(1 << 30, 1, 1)]
    public void Workers_OfSmallWork_AreFewerThanAllowed(int bytes, int allowed, int expected) => Assert.Equal(expected, Schedule.Workers(bytes, allowed));

    [Fact]
    public void Workers_OfMinusOne_AreTheProcessors() => Assert.Equal(Environment.ProcessorCount, Schedule.Workers(nint.MaxValue, -1));

    /// <summary>Cancels in a block of the first unit, in one of two steps (reduce, apply), and counts the blocks that begin after that.</summary>
    private readonly record struct Stopping(CancellationTokenSource Source, int Step, int At, int[] Counts) : IUnitKernel
    {
        public int After => Counts[0];

        public void Reduce(nint slot, nint unit, int block) => Take(unit, block, 1);

        public void Combine(nint slot, nint unit)
        {
        }

        public void Apply(nint slot, nint unit, int block) => Take(unit, block, 2);

        private void Take(nint unit, int block, int step)
        {
            Interlocked.Increment(ref Counts[step]);
            if (Source.IsCancellationRequested)
                Interlocked.Increment(ref Counts[0]);
            else if (unit == 0 && block == At && step == Step)
                Source.Cancel();
        }
    }

    private readonly record struct Recording(int[] Stage, int[] Combined, int Blocks, int Slots, int[] Wrong) : IUnitKernel
    {
        public void Reduce(nint slot, nint unit, int block) => Step(slot, unit, block, from: 0, to: 1);

        public void Combine(nint slot, nint unit)
        {
            for (int block = 0; block < Blocks; block++)
                Step(slot, unit, block, from: 1, to: 2);
        }

        public void Apply(nint slot, nint unit, int block) => Step(slot, unit, block, from: 2, to: 3);

        private void Step(nint slot, nint unit, int block, int from, int to)
        {
            if (slot < 0 || slot >= Slots || Interlocked.CompareExchange(ref Stage[(unit * Blocks) + block], to, from) != from)
                Interlocked.Increment(ref Wrong[0]);
        }
    }
}

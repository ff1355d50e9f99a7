namespace NormKit.Tests.Distributed;

public class CommunicatorTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(0.5);

    public static TheoryData<int> Sizes { get; } = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 32, 37];

    [Theory, MemberData(nameof(Sizes))]
    public void AllGather_MessagesOfAnyLength_ComeByRank(int size)
    {
        byte[][][] gathered = LocalCommunicator.Run(size, communicator => communicator.AllGather(MessageOf(communicator.Rank)));
        foreach (byte[][] messages in gathered)
            Assert.Equal(Enumerable.Range(0, size).Select(MessageOf), messages);

        static byte[] MessageOf(int rank) => [.. Enumerable.Repeat((byte)rank, rank * 3 % 7)];
    }

    [Theory, MemberData(nameof(Sizes))]
    public void AllReduce_Numbers_AreAddedOnEachRank(int size)
    {
        long[][] sums = LocalCommunicator.Run(size, communicator =>
        {
            long[] values = [communicator.Rank, 1, -(1L << communicator.Rank % 50)];
            communicator.AllReduce(values);
            communicator.Barrier();
            return values;
        });
        long[] expected = [size * (size - 1) / 2, size, -Enumerable.Range(0, size).Sum(rank => 1L << rank % 50)];
        Assert.All(sums, sum => Assert.Equal(expected, sum));
    }

    [Theory, MemberData(nameof(Sizes))]
    public void AllReduce_ExactMoments_AreThoseOfAllNumbers(int size)
    {
        double[] values = [.. Enumerable.Range(0, size).Select(rank => rank % 3 == 0 ? 1e300 / (rank + 1) : rank % 3 == 1 ? double.NaN : -rank / 3.0)];
        ExactMoments all = new(), none = new();
        all.Add(values);
        byte[][][] states = LocalCommunicator.Run(size, communicator =>
        {
            ExactMoments moments = new(), empty = new();
            moments.Add(values[communicator.Rank]);
            communicator.AllReduce(moments, empty);
            return (byte[][])[moments.ToArray(), empty.ToArray()];
        });
        Assert.All(states, state => Assert.Equal([all.ToArray(), none.ToArray()], state));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 1)]
    [InlineData(5, 4)]
    [InlineData(6, 0)]
    [InlineData(8, 3)]
    public void AnyCall_OneRankCallsSomethingElse_EachRankSaysWhich(int size, int odd)
    {
        CommunicatorException[] thrown = LocalCommunicator.Run(size, communicator => Assert.Throws<CommunicatorException>(() =>
        {
            if (communicator.Rank == odd)
                communicator.AllReduce([1, 2, 3]);
            else
                communicator.Barrier();
        }));
        Assert.All(thrown, exception => Assert.Equal(thrown[0].Message, exception.Message));
        Assert.Contains($"Rank {odd}: AllReduce of 3 numbers", thrown[0].Message, StringComparison.Ordinal);
        Assert.All(thrown, exception => Assert.Equal([odd], exception.Ranks));
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    [InlineData(7, 6)]
    public void AnyCall_OneRankDoesNotCome_OthersNameItWithinTheTimeLimit(int size, int late)
    {
        string[] messages = LocalCommunicator.Run(size, communicator =>
        {
            communicator.Barrier();
            if (communicator.Rank == late)
                Thread.Sleep(2000);
            return Assert.Throws<CommunicatorException>(communicator.Barrier).Message;
        }, Soon);
        for (int rank = 0; rank < size; rank++)
        {
            string expected = rank == late ? "others had given up" : $"Rank {late} did not come within 0.5 s";
            Assert.Contains(expected, messages[rank], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void AnyCall_AfterAFailure_ThrowsAtOnce()
    {
        LocalCommunicator.Run(2, communicator =>
        {
            if (communicator.Rank == 0)
            {
                Assert.Throws<CommunicatorException>(communicator.Barrier);
                Assert.StartsWith("An earlier collective call has failed", Assert.Throws<CommunicatorException>(communicator.Barrier).Message, StringComparison.Ordinal);
            }
            else
            {
                Thread.Sleep(1500);
            }
            return 0;
        }, Soon);
    }

    [Fact]
    public void Run_OneRankThrows_ThrowsThatAndLetsNoRankWait()
    {
        Assert.Throws<InvalidTimeZoneException>(() => LocalCommunicator.Run(9, communicator =>
        {
            if (communicator.Rank == 4)
                throw new InvalidTimeZoneException();
            communicator.Barrier();
            return 0;
        }));
    }

    [Fact]
    public void Run_OneRankEndsBeforeTheOthers_TheyDoNotWaitForIt()
    {
        CommunicatorException thrown = Assert.Throws<CommunicatorException>(() => LocalCommunicator.Run(5, communicator =>
        {
            if (communicator.Rank != 3)
                communicator.Barrier();
            return 0;
        }));
        Assert.Contains("rank 3 has ended", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void SyncBatchNorm_OtherChannelsTypesOrParameters_EachRankSaysWhich()
    {
        Check("32 channels", (communicator, odd) => Forward<float>(new SyncBatchNorm<float>(communicator, odd ? 32 : 4), odd ? 32 : 4));
        Check("channels of Half", (communicator, odd) =>
        {
            SyncBatchNorm<float> layer = new(communicator, 4);
            if (odd)
                Forward<Half>(layer, 4);
            else
                Forward<float>(layer, 4);
        });
        Check("weights and statistics", (communicator, odd) =>
        {
            SyncBatchNorm<float> layer = new(communicator, 4);
            layer.Weight!.Values[2] = odd ? 1.5f : 1;
            Forward<float>(layer, 4);
        });
        Check("SyncBatchNorm.Backward", (communicator, odd) =>
        {
            SyncBatchNorm<float> layer = new(communicator, 4);
            SavedStatistics saved = new();
            float[] x = [.. Enumerable.Range(0, 24).Select(i => (float)i)], y = new float[24];
            layer.Forward(x, [3, 4, 2], y, saved);
            if (odd)
                layer.Backward(x, x, [3, 4, 2], saved, y);
            else
                layer.Forward(x, [3, 4, 2], y, saved);
        });

        static void Check(string words, Action<Communicator, bool> pass)
        {
            CommunicatorException[] thrown = LocalCommunicator.Run(4, communicator => Assert.Throws<CommunicatorException>(() => pass(communicator, communicator.Rank == 2)));
            Assert.All(thrown, exception => Assert.Equal([2], exception.Ranks));
            Assert.All(thrown, exception => Assert.Contains(words, exception.Message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void SyncBatchNorm_InputIsRefusedOnOneRank_EachRankHearsOfIt()
    {
        string[] messages = LocalCommunicator.Run(3, communicator =>
        {
            SyncBatchNorm<float> layer = new(communicator, 4);
            return communicator.Rank == 1
                ? Assert.Throws<ArgumentException>("input", () => Forward<float>(layer, 5)).Message
                : Assert.Throws<CommunicatorException>(() => Forward<float>(layer, 4)).Message;
        });
        Assert.All(messages, message => Assert.Contains("expected input's size at dim=1 to match numFeatures (4), but got: 5", message, StringComparison.Ordinal));
    }

    [Fact]
    public void SyncBatchNorm_OneRankInEvaluation_EachRankSaysWhich()
    {
        CommunicatorException[] thrown = LocalCommunicator.Run(3, communicator =>
        {
            SyncBatchNorm<float> layer = new(communicator, 4);
            if (communicator.Rank != 1)
                return Assert.Throws<CommunicatorException>(() => Forward<float>(layer, 4));
            layer.Eval();
            return Assert.Throws<CommunicatorException>(() =>
            {
                for (int i = 0; i < 10_000; i++)
                {
                    Forward<float>(layer, 4);
                    Thread.Sleep(1);
                }
            });
        }, Soon);
        Assert.All(thrown, exception => Assert.Equal([1], exception.Ranks));
        Assert.All(thrown, exception => Assert.Contains("evaluation mode", exception.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void SyncBatchNorm_OneValueInAll_IsRefusedOnEachRankAndTwoAreNot()
    {
        foreach (int values in (int[])[1, 2])
        {
            LocalCommunicator.Run(3, communicator =>
            {
                SyncBatchNorm<float> layer = new(communicator, 1);
                float[] x = communicator.Rank < values ? [communicator.Rank + 1.5f] : [], y = new float[x.Length];
                if (values == 1)
                    Assert.Contains("expected more than 1 value per channel", Assert.Throws<ArgumentException>("input", () => layer.Forward(x, [x.Length, 1], y)).Message, StringComparison.Ordinal);
                else
                    layer.Forward(x, [x.Length, 1], y);
                return 0;
            });
        }
    }

    [Fact]
    public void SyncBatchNorm_InEvaluation_NeedsNoOtherRank()
    {
        LocalCommunicator.Run(2, communicator =>
        {
            if (communicator.Rank == 0)
            {
                SyncBatchNorm<float> layer = new(communicator, 4);
                layer.Eval();
                Forward<float>(layer, 4);
            }
            return 0;
        }, Soon);
    }

    private static void Forward<TInput>(SyncBatchNorm<float> layer, int channels) where TInput : unmanaged
    {
        TInput[] x = new TInput[3 * channels], y = new TInput[3 * channels];
        layer.Forward<TInput>(x, [3, channels], y);
    }
}

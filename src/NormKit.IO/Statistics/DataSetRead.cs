namespace NormKit.IO;

/// <summary>
/// Reads the files of a data set on several threads. Each takes the next share of the current file, or a whole file whose bytes come in order, and reads it in
/// pieces.
/// </summary>
internal sealed class DataSetRead(DataSetFiles files, Action<double>? progress, CancellationToken cancellationToken)
{
    // The pieces of a share, for which a thread takes its turn once.
    private const int PiecesOfAShare = 8;

    // Up to here a thread sums a share on its own and then merges; beyond, each index has numbers of a share only now and then, and threads rarely meet.
    private const int FewIndices = 32;

    // Up to here each file has statistics of its own, for the deviations of the files.
    private const int MostOwn = 4096;

    private readonly int threads = files.Options.Threads ?? Environment.ProcessorCount;
    private readonly Lock turn = new();
    private readonly DimensionMoments total = new(files.Length);
    private readonly DimensionMoments? deviations = files.Count > 1 && files.Length <= MostOwn ? new(files.Length) : null;
    private readonly long allBytes = files.Entries.Sum(entry => Math.Max(1, entry.Bytes));
    private readonly HashSet<OpenFile> open = [];
    private int nextFile;
    private OpenFile? current;
    private long doneBytes;
    private volatile bool isStopped;

    internal DataSetStatistics Run()
    {
        try
        {
            Task[] workers = [.. Enumerable.Range(0, threads).Select(_ => Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
            try
            {
                Task.WaitAll(workers, CancellationToken.None);
            }
            catch (AggregateException errors)
            {
                // Those of a file before those of cancellation, and always the same one of several.
                throw errors.InnerExceptions.OrderBy(error => error is OperationCanceledException).ThenBy(error => error.Message, StringComparer.Ordinal).First();
            }
        }
        finally
        {
            foreach (OpenFile file in open)
                file.Array.Dispose();
            files.Dispose();
        }
        cancellationToken.ThrowIfCancellationRequested();
        return new(total, files.Options.Dimension is not null) { FileDeviations = deviations };
    }

    private void Work()
    {
        PieceAdder adder = new();
        byte[] buffer = [];
        try
        {
            while (!isStopped && Take() is (OpenFile file, long first, long count))
            {
                int length = (int)Math.Min(count, PieceAdder.PieceLength(file.Entry.Layout, file.Entry.Type, threads));
                if (buffer.Length < length * file.ElementSize)
                    buffer = GC.AllocateUninitializedArray<byte>(length * file.ElementSize, pinned: true);
                bool isOwn = threads > 1 && files.Length <= FewIndices && file.Array.CanSeek;
                DimensionMoments share = isOwn ? new(files.Length) : file.Moments;
                for (long done = 0; done < count && !isStopped; done += length)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    Span<byte> piece = buffer.AsSpan(0, (int)Math.Min(length, count - done) * file.ElementSize);
                    file.Array.Read(first + done, piece);
                    adder.Add(file.Array.Name, file.Entry.Type, piece, first + done, file.Entry.Layout, share);
                    long bytes = Interlocked.Add(ref doneBytes, piece.Length);
                    progress?.Invoke((double)bytes / allBytes);
                }
                if (isOwn)
                    file.Moments.Merge(share);
                if (!isStopped && Interlocked.Add(ref file.Left, -count) == 0)
                    Finish(file);
            }
        }
        catch
        {
            isStopped = true;
            throw;
        }
    }

    /// <summary>The next share: of the current file or, if that is handed out, of the next.</summary>
    private (OpenFile File, long First, long Count)? Take()
    {
        lock (turn)
        {
            while (current is null || current.Next >= current.Entry.Layout.Count)
            {
                if (current is { Entry.Layout.Count: 0 })
                    Finish(current);
                current = null;
                if (nextFile == files.Entries.Count)
                    return null;
                DataSetFiles.Entry entry = files.Entries[nextFile++];
                current = new(entry, files.Open(entry), deviations is null ? total : new(files.Length));
                open.Add(current);
            }
            OpenFile file = current;
            long first = file.Next, rest = file.Entry.Layout.Count - first;
            long count = file.Array.CanSeek ? Math.Min(rest, PiecesOfAShare * (long)PieceAdder.PieceLength(file.Entry.Layout, file.Entry.Type, threads)) : rest;
            file.Next += count;
            return (file, first, count);
        }
    }

    private void Finish(OpenFile file)
    {
        file.Array.RequireEnd();
        file.Array.Dispose();
        lock (turn)
            open.Remove(file);
        if (deviations is null)
            return;
        for (int i = 0; i < files.Length; i++)
        {
            if (file.Moments[i].Count > 0)
                deviations.Add(i, [file.Moments[i].PopulationStandardDeviation]);
        }
        total.Merge(file.Moments);
    }

    /// <summary>A file that is being read.</summary>
    private sealed class OpenFile(DataSetFiles.Entry entry, ArrayInPieces array, DimensionMoments moments)
    {
        public readonly DataSetFiles.Entry Entry = entry;
        public readonly ArrayInPieces Array = array;
        public readonly DimensionMoments Moments = moments;
        public readonly int ElementSize = entry.Type.SizeInBytes();

        /// <summary>The first element that no thread has taken.</summary>
        public long Next;

        /// <summary>How many elements have not been added.</summary>
        public long Left = entry.Layout.Count;
    }
}

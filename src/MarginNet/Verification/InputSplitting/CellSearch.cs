namespace MarginNet.Verification;

/// <summary>Works through the cells of a query by several threads, the nearest to unsafe first.</summary>
/// <param name="witnesses">The counterexamples.</param>
/// <param name="isOver">Whether to give up.</param>
internal sealed class CellSearch(Witnesses witnesses, Func<bool> isOver)
{
    private const int MostOpen = 1 << 20; // Some hundred bytes each.
    private const int MostSetAside = 100_000;
    private const long LeastGrace = 4096; // Cells that are looked at for a clearer counterexample, or as many as before.

    private readonly PriorityQueue<Cell, double> _open = new();
    private readonly object _lock = new();
    private int _busy;
    private bool _isStopped;
    private bool _isTimeOver;
    private long _cells;
    private long _until = long.MaxValue; // The cells after which a counterexample by a narrow margin is taken.
    private int _depth;
    private long _setAside;

    /// <summary>Decides a box.</summary>
    /// <param name="root">The box.</param>
    /// <param name="provers">One for each thread.</param>
    public SplittingResult Run(Cell root, CellProver[] provers)
    {
        _open.Enqueue(provers[0].Ranked(root), 0);
        var failures = new List<Exception>();
        void Guarded(CellProver prover)
        {
            try
            {
                Work(prover);
            }
#pragma warning disable CA1031 // Do not catch general exception types: it is thrown again by the thread that waits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                lock (_lock)
                {
                    failures.Add(e);
                    Stop();
                }
            }
        }

        Thread[] others = [.. provers.Skip(1).Select(prover => new Thread(() => Guarded(prover)) { IsBackground = true })];
        Array.ForEach(others, thread => thread.Start());
        Guarded(provers[0]);
        Array.ForEach(others, thread => thread.Join());
        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }

        var answer = witnesses.Best is not null ? Answer.Sat
            : _isTimeOver ? Answer.Timeout
            : _open.Count > 0 || _setAside > 0 ? Answer.Unknown : Answer.Unsat;
        return new(answer, witnesses.Best, _cells, _depth, _setAside, witnesses.Refuted);
    }

    private void Work(CellProver prover)
    {
        while (Next() is { } cell)
        {
            var aside = prover.SetAside;
            var (one, other) = prover.Bound(cell);
            Done(one, other, prover.SetAside - aside);
        }
    }

    /// <summary>The next cell; null where all is done.</summary>
    private Cell? Next()
    {
        var isOverNow = isOver();
        lock (_lock)
        {
            if (isOverNow && !_isStopped && (_open.Count > 0 || _busy > 0))
            {
                _isTimeOver = true;
                Stop();
            }

            while (!_isStopped && _open.Count == 0 && _busy > 0)
            {
                Monitor.Wait(_lock);
            }

            if (_isStopped || _open.Count == 0)
            {
                return null;
            }

            _busy++;
            _cells++;
            return _open.Dequeue();
        }
    }

    private void Done(Cell? one, Cell? other, long aside)
    {
        lock (_lock)
        {
            _busy--;
            _setAside += aside;
            Add(one);
            Add(other);
            if (witnesses.Best is not null && _until == long.MaxValue)
            {
                _until = _cells + Math.Max(_cells, LeastGrace);
            }

            if (witnesses.IsClear || _cells >= _until || _setAside > MostSetAside || _open.Count > MostOpen)
            {
                Stop();
            }
            else if (_open.Count > 0 || _busy == 0)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    private void Add(Cell? cell)
    {
        if (cell is not null)
        {
            _depth = Math.Max(_depth, cell.Depth);
            _open.Enqueue(cell, cell.Excess);
        }
    }

    private void Stop()
    {
        _isStopped = true;
        Monitor.PulseAll(_lock);
    }
}

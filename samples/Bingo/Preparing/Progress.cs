namespace Bingo.Preparing;

/// <summary>How far it is: a bar that moves on a terminal, else a line for every tenth.</summary>
sealed class Progress(TextWriter output, Amounts amounts, bool isTerminal)
{
    const int BarCharacters = 40, LineEveryPercent = 10;

    /// <summary>What indexes, keys and statistics take, as if they were rows: about a quarter of the time.</summary>
    const int AfterRowsPercent = 25;

    long _rows;
    int _shown = -1;
    bool _isOpen;

    public void Rows(int more, string table)
    {
        _rows += more;
        Show((int)(_rows * (100 - AfterRowsPercent) / amounts.All), table);
    }

    /// <param name="percent">Of the work after the rows.</param>
    /// <param name="what">Is being done.</param>
    public void After(int percent, string what) =>
        Show(100 - AfterRowsPercent + percent * AfterRowsPercent / 100, what);

    /// <summary>Leaves the line of the bar.</summary>
    public void End()
    {
        if (_isOpen)
            output.WriteLine();
        _isOpen = false;
    }

    void Show(int percent, string what)
    {
        if (isTerminal)
        {
            if (percent == _shown)
                return;
            var full = percent * BarCharacters / 100;
            var bar = new string('#', full).PadRight(BarCharacters, '.');
            output.Write($"\r[{bar}] {percent,3} % {what,-12}");
            (_shown, _isOpen) = (percent, true);
            return;
        }
        if (percent / LineEveryPercent <= _shown / LineEveryPercent && _shown >= 0)
            return;
        output.WriteLine($"prepare_db: {percent / LineEveryPercent * LineEveryPercent} % ({what})");
        _shown = percent;
    }
}

namespace Holdfast.PgProxy.Admin;

/// <summary>What the console answers to one command.</summary>
internal abstract record ConsoleReply
{
    /// <param name="Columns">Also told before it is carried out.</param>
    /// <param name="Rows">As long as the columns; null is SQL's.</param>
    public sealed record Table(IReadOnlyList<ConsoleColumn> Columns, IReadOnlyList<string?[]> Rows) : ConsoleReply;

    /// <param name="Tag">Of CommandComplete.</param>
    /// <param name="Notice">Told before it; mostly none.</param>
    public sealed record Done(string Tag, string? Notice = null) : ConsoleReply;

    /// <summary>There was no command.</summary>
    public sealed record Nothing : ConsoleReply;

    public sealed record Failed(string SqlState, string Message) : ConsoleReply;
}

/// <summary>As PgBouncer's own console types them.</summary>
internal enum ColumnKind
{
    Text,
    Int4,
    Int8,
}

internal readonly record struct ConsoleColumn(string Name, ColumnKind Kind)
{
    /// <summary>"name" is a text, "name:i" an int4, "name:q" an int8; separated by blanks.</summary>
    public static ConsoleColumn[] List(string list) =>
        [.. list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split(':') switch
        {
            [var name, "i"] => new ConsoleColumn(name, ColumnKind.Int4),
            [var name, "q"] => new ConsoleColumn(name, ColumnKind.Int8),
            [var name, ..] => new ConsoleColumn(name, ColumnKind.Text),
            _ => throw new ArgumentException($"'{word}' is no column", nameof(list)),
        })];

    /// <summary>Of pg_type.</summary>
    public int TypeId => Kind switch { ColumnKind.Int4 => 23, ColumnKind.Int8 => 20, _ => 25 };

    public short Bytes => Kind switch { ColumnKind.Int4 => 4, ColumnKind.Int8 => 8, _ => -1 };
}

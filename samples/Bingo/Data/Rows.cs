using Npgsql;

namespace Bingo.Data;

/// <summary>The row that a reader stands on, as what it means.</summary>
static class Rows
{
    public static Movie Movie(NpgsqlDataReader row) => Movie(row, 0);

    public static Customer Customer(NpgsqlDataReader row) => Customer(row, 0);

    public static Session Session(NpgsqlDataReader row) =>
        new(row.GetInt32(0), row.GetDateTime(1), Customer(row, 2), Movie(row, 7));

    static Movie Movie(NpgsqlDataReader row, int from) =>
        new(row.GetInt32(from), row.GetString(from + 1), row.GetInt32(from + 2), row.GetInt32(from + 3));

    static Customer Customer(NpgsqlDataReader row, int from) => new(
        row.GetInt32(from),
        row.GetString(from + 1),
        row.GetString(from + 2),
        row.GetFieldValue<DateOnly>(from + 3),
        row.GetString(from + 4));
}

namespace Bingo.Data;

/// <summary>Every query that is served. The order of columns is that of <see cref="Rows"/>.</summary>
static class Queries
{
    const string MovieColumns = "m.id, m.name, m.year, m.duration";
    const string CustomerColumns = "c.id, c.name, c.surname, c.birthday, c.email";

    const string Joined = "JOIN customer c ON c.id = s.customer_id JOIN movie m ON m.id = s.movie_id";

    public const string Dummy = "SELECT 1";

    public const string Movie = $"SELECT {MovieColumns} FROM movie m WHERE m.id = $1";

    public const string Customer = $"SELECT {CustomerColumns} FROM customer c WHERE c.id = $1";

    public const string Session = $"""
        SELECT s.id, s.start_time, {CustomerColumns}, {MovieColumns} FROM session s {Joined} WHERE s.id = $1
        """;

    public const string Movies = $"SELECT {MovieColumns} FROM movie m ORDER BY m.year DESC, m.name, m.id";

    public const string Customers = $"SELECT {CustomerColumns} FROM customer c ORDER BY c.id";

    // The newest ones by the primary key, backwards; the rest is two hash joins and a sort of 100,000 rows in memory.
    public static readonly string Sessions = $"""
        SELECT s.id, s.start_time, {CustomerColumns}, {MovieColumns}
        FROM (SELECT * FROM session ORDER BY id DESC LIMIT {DataLimits.SessionsListed}) s {Joined}
        ORDER BY m.year DESC, m.name, c.id, s.id DESC
        """;

    // Nothing is made where the customer or the film is missing; the foreign keys stand behind it.
    public const string AddSession = $"""
        WITH s AS (
          INSERT INTO session (start_time, customer_id, movie_id)
          SELECT coalesce($1, now()), c.id, m.id FROM customer c, movie m WHERE c.id = $2 AND m.id = $3
          RETURNING id, start_time, customer_id, movie_id)
        SELECT s.id, s.start_time, {CustomerColumns}, {MovieColumns} FROM s {Joined}
        """;

    public const string DeleteSession = "DELETE FROM session WHERE id = $1";
}

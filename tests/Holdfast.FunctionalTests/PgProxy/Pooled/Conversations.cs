using static Holdfast.FunctionalTests.PgProxy.Pooled.Step;
using static Holdfast.FunctionalTests.PgProxy.Say;

namespace Holdfast.FunctionalTests.PgProxy.Pooled;

/// <summary>What clients say, by name. PostgreSQL's own answers are what the proxy's must be.</summary>
static class Conversations
{
    /// <summary>What they count on: tables that stay, since answers tell their numbers.</summary>
    public const string Tables = """
        CREATE TABLE IF NOT EXISTS checked (id int CONSTRAINT small CHECK (id < 10));
        CREATE TABLE IF NOT EXISTS described (id int, t text);
        CREATE TABLE IF NOT EXISTS copies (id int, t text);
        CREATE TABLE IF NOT EXISTS saved (id int);
        """;

    const int Int4 = 23, Text = 25, Bytea = 17, Int4Plus = 177, Int4Divide = 154;

    public static readonly IReadOnlyDictionary<string, Step[]> All = new Dictionary<string, Step[]>(
        StringComparer.Ordinal)
    {
        ["errors with all of their fields"] =
        [
            Of(Query("SELECT nothing FROM nowhere")),
            Of(Query("SELEKT 1")),
            Of(Query("INSERT INTO checked VALUES (11)")),
            Of(Query("DO $$BEGIN RAISE EXCEPTION 'm' USING DETAIL = 'd', HINT = 'h', ERRCODE = '12345', "
                + "COLUMN = 'c', CONSTRAINT = 'k', DATATYPE = 't', TABLE = 'r', SCHEMA = 's'; END$$")),
            Of(Query("DO $$BEGIN EXECUTE 'SELECT 1 +'; END$$")),
            Of(Parse("", "SELECT $1 + nothing"), Sync),
            Of(Query("SELECT 1")),
        ],
        ["notices in their order"] =
        [
            Of(Query("DO $$BEGIN FOR i IN 1..50 LOOP RAISE NOTICE 'n %', i; END LOOP; END$$")),
            Of(Query("SET client_min_messages = debug1; DO $$BEGIN RAISE DEBUG 'x'; RAISE WARNING 'y'; END$$")),
            Of(Query("RESET client_min_messages; DROP TABLE IF EXISTS nothing, nobody; ROLLBACK; COMMIT")),
            Of(Query("SELECT repeat('x', 70000); DO $$BEGIN RAISE NOTICE '%', repeat('n', 70000); END$$")),
        ],
        ["empty statements"] =
        [
            Of(Query("")), Of(Query(" ; ;")), Of(Query("-- nothing")),
            Of(Parse("", ""), Bind(""), Describe(""), DescribePortal(""), Execute(), Sync),
            Of(Parse("empty", " "), Bind("empty"), Execute(), Execute(), Sync),
            Of(Close("empty"), Close(""), Close("never"), ClosePortal("never"), Sync),
        ],
        ["several statements in one message"] =
        [
            Of(Query("SELECT 1; SELECT 2 AS two, NULL AS none; SELECT 'three'")),
            Of(Query("SELECT 1; SELECT 1 / 0; SELECT 3")),
            Of(Query("BEGIN; SELECT 1; COMMIT; SELECT 2; BEGIN; SELECT 1 / 0; COMMIT; SELECT 4")),
            Of(Query("SELECT 1")), Of(Query("ROLLBACK")),
            Of(Query("BEGIN; SELECT 1")), Of(Query("SELECT 2; ROLLBACK AND CHAIN; SELECT 3")), Of(Query("COMMIT")),
        ],
        ["errors up to the sync"] =
        [
            Of(Parse("", "SELECT 1 / $1", Int4), Bind("", "0"), DescribePortal(""), Execute(), Execute(), Sync),
            Of(Parse("x", "SELEKT"), Parse("y", "SELECT 1"), Bind("y"), Execute(), Flush, Query("SELECT 2"), Sync),
            Of(Bind("y"), Sync), Of(Bind("x"), Execute(), Sync), Of(Describe("x"), Sync), Of(DescribePortal("p"), Sync),
            Of(Execute("p"), Sync),
            Units(3, Parse("", "SELECT 1"), Bind(""), Execute(), Sync, Bind("none"), Execute(), Sync, Bind(""),
                Execute(), Sync),
            Of(Parse("", "SELECT $1", Int4), Bind("", "x"), Execute(), Sync),
            Of(Parse("two", "SELECT $1, $2", Int4, Int4), Bind("two", "1"), Sync),
            Of(Parse("two", "SELECT 2"), Sync), Of(Bind("two", "1", "2"), Execute(), Sync),
            To('E', Bind("none"), Flush), Of(Parse("", "SELECT 1"), Flush, Sync), Of(Query("SELECT 1")),
        ],
        ["flushes without a sync"] =
        [
            To('1', Parse("f", "SELECT $1::int AS f", Int4), Flush), To('T', Describe("f"), Flush),
            To('2', Bind("f", "7"), Flush), To('T', DescribePortal(""), Flush), To('C', Execute(), Flush),
            To('2', Bind("f", "8"), Flush), To('C', Execute(), Flush), Of(Sync),
            To('C', Bind("f", "9"), Execute(), Flush), Of(Query("SELECT 10")),
        ],
        ["descriptions"] =
        [
            Of(Parse("i", "INSERT INTO described VALUES ($1, $2)"), Describe("i"), Bind("i", "1", null),
                DescribePortal(""), Sync),
            Of(Parse("s", "SELECT *, $1::text AS p FROM described"), Describe("s"), Sync),
            Of(Describe("i"), Describe("s"), Bind("s", "x"), DescribePortal(""), Execute(), Sync),
            Of(Parse("r", "INSERT INTO described VALUES (1, 'x') RETURNING *"), Describe("r"), Bind("r"), Execute(),
                Sync),
            Of(Query("ALTER TABLE described RENAME TO renamed")), Of(Describe("i"), Sync),
            Of(Bind("s", "x"), Execute(), Sync),
            Of(Query("ALTER TABLE renamed RENAME TO described; TRUNCATE described")),
        ],
        ["portals that are suspended"] =
        [
            Of(Query("BEGIN")),
            Of(Parse("g", "SELECT * FROM generate_series(1, 7)"), BindTo("p", "g"), BindTo("q", "g"), Execute("p", 3),
                Sync),
            Of(Execute("q", 2), Execute("p", 3), Execute("q", 2), Sync), Of(Execute("p", 3), Execute("p", 3), Sync),
            Of(ClosePortal("q"), Execute("q", 1), Sync), Of(Query("ROLLBACK")),
            Of(BindTo("p", "g"), Execute("p", 3), Execute("p", 3), Sync), Of(Execute("p", 3), Sync),
            To('s', BindTo("", "g"), Execute("", 6), Flush), To('C', Execute("", 6), Flush), Of(Sync),
            Of(Query("BEGIN")), Of(Bind("g"), Execute("", 1), Sync), Of(Execute("", 1), Sync),
            Of(Query("SELECT 'the unnamed portal is gone'")), Of(Execute("", 1), Sync), Of(Query("COMMIT")),
        ],
        ["the unnamed statement from unit to unit"] =
        [
            Of(Parse("", "SELECT $1::text", Text), Sync), Of(Bind("", "a"), Execute(), Sync),
            Of(Bind("", "b"), Execute(), Sync), Of(Describe(""), Sync),
            Of(Query("SELECT 'a simple statement ends it'")), Of(Bind("", "c"), Execute(), Sync),
            Of(Parse("", "SELECT 2"), Bind(""), Execute(), Sync), Of(Parse("", "SELEKT"), Sync),
            Of(Bind(""), Execute(), Sync),
        ],
        ["values of every kind"] =
        [
            Of(Parse("b", "SELECT $1, length($1)", Bytea), Bound("", "b", true, [0, 1, 0, 255]), Execute(), Sync),
            Of(Bound("", "b", true, [[]]), Execute(), Bound("", "b", true, [null]), Execute(), Sync),
            Of(Parse("", "SELECT $1", Text), Bound("", "", false, "a\0b"u8.ToArray()), Execute(), Sync),
            Of(Parse("", "SELECT $1", Text), Bound("", "", false, [0xff, 0xfe]), Execute(), Sync),
            Of(Parse("", "SELECT 'é', E'\\t', '1 day'::interval, '{1,2}'::int[], now() - now()"), Bind(""),
                DescribePortal(""), Execute(), Sync),
            Of(Parse("", "SELECT $1 + 1", Int4), Bound("", "", true, [0, 0, 0, 7]), Execute(), Sync),
        ],
        ["function calls"] =
        [
            Of(Call(Int4Plus, "40", "2")), Of(Call(Int4Divide, "1", "0")), Of(Call(1)), Of(Query("BEGIN")),
            Of(Call(Int4Plus, "1", "x")), Of(Call(Int4Plus, "1", "2")), Of(Query("ROLLBACK")),
            Of(Call(Int4Plus, "1", "2")),
        ],
        ["copies"] =
        [
            Of(Query("TRUNCATE copies")),
            To('G', Query("COPY copies FROM STDIN")), Of(CopyData("1\to"), CopyData("ne\n2\ttwo\n"), CopyDone),
            To('G', Query("COPY copies FROM STDIN")), Of(CopyData("3\tthree\n"), CopyFail("no")),
            To('G', Query("COPY copies FROM STDIN")), Of(CopyData("x\n"), CopyData("4\tfour\n"), CopyDone),
            To('G', Query("COPY copies FROM STDIN; SELECT 1; COPY copies FROM STDIN")),
            To('G', CopyData("5\tfive\n"), CopyDone), Of(CopyDone),
            Of(Query("COPY (SELECT * FROM copies ORDER BY id) TO STDOUT; SELECT 2; COPY copies TO STDOUT")),
            To('G', Parse("", "COPY copies FROM STDIN"), Bind(""), Execute(), Flush),
            Of(CopyData("6\tsix\n"), CopyDone, Sync),
            To('G', Parse("", "COPY copies FROM STDIN"), Bind(""), Execute(), Sync),
            Of(CopyData("7\tseven\n"), CopyDone, Sync),
            To('G', Parse("c", "COPY copies FROM STDIN"), Bind("c"), Execute(), Flush), Of(CopyFail("no"), Sync),
            To('G', Bind("c"), Execute(), Flush), Of(CopyData("y\n"), CopyData("z\n"), CopyDone, Sync),
            Of(Parse("", "COPY copies TO STDOUT"), Bind(""), DescribePortal(""), Execute(), Sync),
            To('G', Query("COPY copies FROM STDIN")), Of(Flush, CopyData("8\te\n"), Flush, CopyDone),
            To('G', Query("BEGIN; COPY copies FROM STDIN")), Of(CopyData("x\n"), CopyDone), Of(Query("ROLLBACK")),
            Of(Query("SELECT count(*) FROM copies")), Of(CopyData("stray"), CopyDone, CopyFail("stray"), Sync),
        ],
        ["transactions and savepoints"] =
        [
            Of(Query("TRUNCATE saved")), Of(Query("BEGIN")),
            Of(Query("INSERT INTO saved VALUES (1)")), Of(Query("SAVEPOINT a")), Of(Query("SELECT 1 / 0")),
            Of(Query("SELECT 1")), Of(Query("ROLLBACK TO a")), Of(Query("INSERT INTO saved VALUES (2)")),
            Of(Query("RELEASE a")), Of(Query("COMMIT")), Of(Query("SELECT * FROM saved")), Of(Query("COMMIT")),
            Of(Parse("", "BEGIN"), Bind(""), Execute(), Sync), Of(Query("INSERT INTO saved VALUES (3)")),
            Of(Parse("", "SELECT 1 / 0"), Bind(""), Execute(), Sync),
            Of(Parse("", "COMMIT"), Bind(""), Execute(), Sync), Of(Query("SELECT * FROM saved")),
            Of(Query("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY; INSERT INTO saved VALUES (4)")),
            Of(Query("END")), Of(Query("START TRANSACTION; PREPARE TRANSACTION 'never'")), Of(Query("ABORT")),
        ],
        ["cursors"] =
        [
            Of(Query("BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM generate_series(1, 5)")),
            Of(Query("FETCH 2 FROM c")), Of(Parse("", "FETCH BACKWARD 1 FROM c"), Bind(""), Execute(), Sync),
            Of(Execute("c", 2), Sync), Of(Query("MOVE ALL FROM c; CLOSE c; COMMIT; FETCH c")),
            Of(Query("DECLARE h CURSOR WITH HOLD FOR SELECT 1")), Of(Query("FETCH h")), Of(Query("CLOSE ALL")),
        ],
        ["statements prepared by statements"] =
        [
            Of(Query("PREPARE one (int) AS SELECT $1 + 1")), Of(Query("EXECUTE one(1); EXECUTE one(2)")),
            Of(Bind("one", "3"), Execute(), Sync), Of(Query("PREPARE one AS SELECT 1")),
            Of(Query("DEALLOCATE one")), Of(Query("EXECUTE one(1)")), Of(Query("DEALLOCATE ALL")),
        ],
        ["settings that are reported"] =
        [
            Of(Query("SET application_name = 'mine'; SET DateStyle = 'German'; SELECT '2026-01-02'::date")),
            Of(Query("SHOW application_name")), Of(Query("SELECT '2026-01-02'::date")),
            Of(Query("BEGIN; SET LOCAL TimeZone = 'Asia/Tokyo'; SHOW TimeZone")), Of(Query("SHOW TimeZone")),
            Of(Query("ROLLBACK")), Of(Query("SHOW TimeZone")), Of(Query("SET client_encoding = 'LATIN1'")),
            Of(Query("SELECT E'\\u00e9'")), Of(Query("RESET client_encoding")), Of(Query("SELECT E'\\u00e9'")),
            Of(Query("SET IntervalStyle = 'iso_8601'; SELECT '1 day'::interval")), Of(Query("RESET ALL")),
            Of(Query("SELECT '1 day'::interval, '2026-01-02'::date")), Of(Query("SHOW application_name")),
            Of(Query("SET standard_conforming_strings = off")), Of(Query("SELECT 'a\\\\b'")),
            Of(Query("SET nonsense = 1")), Of(Query("SET DateStyle = 'nonsense'")), Of(Query("SHOW DateStyle")),
            Of(Parse("", "SET DateStyle = 'SQL'"), Bind(""), Execute(), Sync), Of(Query("SELECT '2026-01-02'::date")),
        ],
        ["all is discarded"] =
        [
            Of(Query("SET DateStyle = 'German'")), Of(Parse("d", "SELECT '2026-01-02'::date"), Sync),
            Of(Query("DISCARD ALL")), Of(Bind("d"), Execute(), Sync), Of(Query("SELECT '2026-01-02'::date")),
            Of(Query("CREATE TEMP TABLE gone (id int)")), Of(Query("SELECT id + 1 FROM gone")),
            Of(Query("DISCARD TEMP")), Of(Query("SELECT id + 1 FROM gone")), Of(Query("SELECT 1; DISCARD ALL")),
            Of(Query("BEGIN")),
            Of(Query("DISCARD ALL")), Of(Query("ROLLBACK")), Of(Query("discard  all ;")), Of(Query("SELECT 1")),
        ],
        ["state of the session"] =
        [
            Of(Query("CREATE TEMP TABLE mine AS SELECT 1 AS id")), Of(Query("SELECT id + 1 FROM mine")),
            Of(Query("SELECT pg_advisory_lock(7)")), Of(Query("SELECT pg_advisory_unlock(7), pg_advisory_unlock(7)")),
            Of(Query("SET work_mem = '7MB'")), Of(Query("SHOW work_mem")), Of(Query("LISTEN here")),
            Of(Query("NOTIFY here, 'me'; SELECT 1")), Of(Query("SELECT * FROM pg_listening_channels()")),
            Of(Query("SELECT set_config('search_path', 'pg_catalog', false)")), Of(Query("SHOW search_path")),
        ],
    };
}

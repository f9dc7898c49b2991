using System.Text;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class QueryTextTests
{
    [Theory]
    [InlineData("SELECT pg_advisory_lock(1)")]
    [InlineData("select PG_TRY_ADVISORY_LOCK_SHARED(1, 2)")]
    [InlineData("CREATE TEMP TABLE t (id int)")]
    [InlineData("create\n temporary\ttable t (id int)")]
    [InlineData("CREATE OR REPLACE TEMP VIEW v AS SELECT 1")]
    [InlineData("SELECT 1 INTO TEMP t")]
    [InlineData("SELECT set_config('work_mem', '7MB', false)")]
    [InlineData("DECLARE c CURSOR WITH HOLD FOR SELECT 1")]
    public void A_session_keeps_what_it_makes(string text) =>
        Read(text).HasFlag(TextTraits.SessionState).ShouldBeTrue();

    [Theory]
    [InlineData("SELECT temp, temperature FROM weather")]
    [InlineData("SELECT pg_advisory_xact_lock(1)")]
    [InlineData("SELECT set_config('role', 'me', true )")]
    [InlineData("SELECT hold FROM orders")]
    [InlineData("DECLARE c CURSOR FOR SELECT hold FROM orders")]
    [InlineData("CREATE TABLE templates (id int)")]
    [InlineData("")]
    public void Words_alone_make_nothing(string text) =>
        Read(text).HasFlag(TextTraits.SessionState).ShouldBeFalse();

    [Theory]
    [InlineData("SET LOCAL work_mem = '7MB'", true)]
    [InlineData("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", true)]
    [InlineData("set application_name='me'", true)]
    [InlineData("SET SESSION TimeZone TO 'UTC';", true)]
    [InlineData("-- mine\nSET TIME ZONE 'UTC'", true)]
    [InlineData("/* mine */ SET NAMES 'utf8'", true)]
    [InlineData("SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;DISCARD TEMP", true)]
    [InlineData("SET SESSION AUTHORIZATION you", false)]
    [InlineData("SELECT 1; SET work_mem = 7", false)]
    [InlineData("SELECT 1", false)]
    [InlineData("SET work_mem = '7MB'", false)]
    [InlineData("SET application_name = 'me'; SET work_mem = '7MB'", false)]
    public void Some_settings_are_kept(string text, bool isKept) =>
        Read(text).HasFlag(TextTraits.KeptSet).ShouldBe(isKept);

    [Theory]
    [InlineData("commit", true)]
    [InlineData("COMMIT WORK;", true)]
    [InlineData("end transaction and no chain", true)]
    [InlineData("COMMIT AND CHAIN", false)]
    [InlineData("COMMIT PREPARED 'a'", false)]
    [InlineData("COMMIT/* a */", false)]
    [InlineData("COMMIT; SELECT 1", false)]
    [InlineData("commitment", false)]
    public void A_plain_commit_can_be_found_out(string text, bool isPlain) =>
        Read(text).HasFlag(TextTraits.Commits).ShouldBe(isPlain);

    [Theory]
    [InlineData("commit", true)]
    [InlineData("COMMIT/* a */", true)]
    [InlineData("commit--a", true)]
    [InlineData("END;", true)]
    [InlineData("INSERT INTO t VALUES (1); COMMIT", true)]
    [InlineData("CALL p()", true)]
    [InlineData("UPDATE t SET a = 1;", false)]
    [InlineData("ROLLBACK", false)]
    public void Some_texts_may_commit(string text, bool may) =>
        Read(text).HasFlag(TextTraits.MayCommit).ShouldBe(may);

    [Theory]
    [InlineData("DEALLOCATE S1", "s1")]
    [InlineData("deallocate prepare \"My \"\"name\"\"\";", "My \"name\"")]
    [InlineData("DEALLOCATE ALL", null)]
    [InlineData("DEALLOCATE a; SELECT 1", null)]
    [InlineData("DELETE FROM t", null)]
    public void The_name_in_a_deallocate_is_folded(string text, string? name) =>
        (QueryText.Deallocated(Encoding.UTF8.GetBytes(text)) is { } found ? Encoding.UTF8.GetString(found) : null)
            .ShouldBe(name);

    [Theory]
    [InlineData("discard all", TextTraits.Forgets | TextTraits.Renews)]
    [InlineData("DEALLOCATE ALL;", TextTraits.Forgets)]
    [InlineData("DISCARD TEMP", TextTraits.None)]
    [InlineData("DISCARD ALL; SELECT 1", TextTraits.MayCommit | TextTraits.Once)]
    public void Some_texts_forget(string text, object traits) => Read(text).ShouldBe((TextTraits)traits);

    [Fact]
    public void A_text_that_is_too_long_may_do_anything() =>
        QueryText.Read(new byte[QueryText.BytesMax + 1]).ShouldBe(QueryText.Unread);

    [Fact]
    public void A_long_text_is_read_to_its_end() =>
        Read(new string(' ', 100_000) + "SELECT pg_advisory_lock(1)")
            .ShouldBe(TextTraits.SessionState | TextTraits.Reads);

    static TextTraits Read(string text) => QueryText.Read(Encoding.UTF8.GetBytes(text));
}

using Holdfast.PgProxy.Doubt;
using Holdfast.PgProxy.Pooling;
using Shouldly;
using System.Text;
using Xunit;

namespace Holdfast.Tests.PgProxy.Doubt;

public sealed class RepeatRulesTests
{
    [Theory]
    [InlineData("INSERT INTO t VALUES (1)", true)]
    [InlineData("SELECT 1", true)]
    [InlineData("BEGIN", true)]
    [InlineData("COMMIT", false)]
    [InlineData("CALL p()", false)]
    [InlineData("DO $$ BEGIN END $$", false)]
    [InlineData("COPY t FROM STDIN", false)]
    [InlineData("INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)", false)]
    [InlineData("ROLLBACK", false)]
    [InlineData("SAVEPOINT a", false)]
    [InlineData("CREATE TEMP TABLE t (id int)", false)]
    public void A_server_that_said_it_stopped_has_done_nothing(string text, bool may) =>
        May(text, LossKind.Ended).ShouldBe(may);

    [Theory]
    [InlineData("INSERT INTO t VALUES (1)")]
    [InlineData("SELECT 1")]
    [InlineData("WITH a AS (DELETE FROM t RETURNING 1) SELECT * FROM a")]
    public void Silence_proves_nothing(string text) => May(text, LossKind.Silent).ShouldBeFalse();

    [Fact]
    public void A_beginning_has_no_effect() => May("BEGIN", LossKind.Silent).ShouldBeTrue();

    [Theory]
    [InlineData("SELECT 1", true)]
    [InlineData("SELECT 1 INTO t", false)]
    [InlineData("WITH a AS (SELECT 1) SELECT * FROM a", false)]
    [InlineData("UPDATE t SET a = 1", false)]
    public void Reads_are_repeated_where_the_operator_says_so(string text, bool may) =>
        May(text, LossKind.Silent, repeatsReads: true).ShouldBe(may);

    [Fact]
    public void On_a_standby_nothing_is_written() =>
        May("SELECT 1", LossKind.Silent, isReadOnly: true).ShouldBeTrue();

    [Fact]
    public void A_statement_does_not_take_all_servers_down()
    {
        May("SELECT 1", LossKind.Silent, repeatsReads: true, repeats: RepeatRules.AfterSilenceMax).ShouldBeFalse();
        May("SELECT 1", LossKind.Ended, repeats: RepeatRules.AfterEndMax).ShouldBeFalse();
    }

    [Fact]
    public void One_of_several_is_enough_to_refuse()
    {
        var due = Due("SELECT 1");
        due.Add(new Due(DueKind.FunctionCall, DueTo.Client));
        RepeatRules.May(due, LossKind.Ended, false, true, 0).ShouldBeFalse();
    }

    static bool May(
        string text, LossKind loss, bool isReadOnly = false, bool repeatsReads = false, int repeats = 0) =>
        RepeatRules.May(Due(text), loss, isReadOnly, repeatsReads, repeats);

    static DueAnswers Due(string text)
    {
        var due = new DueAnswers();
        due.Add(new Due(DueKind.Query, DueTo.Client, QueryText.Read(Encoding.UTF8.GetBytes(text))));
        return due;
    }
}

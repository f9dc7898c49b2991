using System.Net;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy.Pooling;
using Holdfast.PgProxy.Routing;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Pooling;

public sealed class WrittenPositionsTests
{
    static readonly Writer s_app = Of("app", "10.0.0.1"), s_batch = Of("batch", "10.0.0.1");

    readonly WrittenPositions _written = new();

    [Fact]
    public void Who_has_written_nothing_wants_nothing()
    {
        _written.Wanted(s_app).ShouldBe(Lsn.Zero);
        _written.Count(s_app);
        _written.Wanted(s_batch).ShouldBe(Lsn.Zero);
        _written.Wanted(Of("app", "10.0.0.2")).ShouldBe(Lsn.Zero);
    }

    [Fact]
    public void A_write_is_known_once_a_question_behind_it_is_answered()
    {
        var before = _written.Asking();
        _written.Count(s_app);
        _written.Wanted(s_app).ShouldBeNull();
        _written.Answered(s_app, before, new Lsn(10));
        _written.Wanted(s_app).ShouldBeNull();
        _written.Answered(s_app, _written.Asking(), new Lsn(20));
        _written.Wanted(Of("app", "::ffff:10.0.0.1")).ShouldBe(new Lsn(20));
    }

    [Fact]
    public void Anothers_answer_covers_a_write_whose_own_was_lost()
    {
        _written.Count(s_app);
        _written.Count(s_batch);
        _written.Answered(s_batch, _written.Asking(), new Lsn(20));
        _written.Wanted(s_app).ShouldBe(new Lsn(20));
        _written.Count(s_batch);
        _written.Answered(s_batch, _written.Asking(), new Lsn(30));
        _written.Wanted(s_app).ShouldBe(new Lsn(20));
    }

    [Fact]
    public void The_newest_answer_counts_even_if_it_is_lower_and_an_older_one_that_comes_late_does_not()
    {
        _written.Count(s_app);
        var late = _written.Asking();
        _written.Answered(s_app, late, new Lsn(90));
        _written.Count(s_app);
        // A new primary: the end of the former one's log was lost.
        _written.Answered(s_app, _written.Asking(), new Lsn(50));
        _written.Answered(s_app, late, new Lsn(91));
        _written.Wanted(s_app).ShouldBe(new Lsn(50));
    }

    [Fact]
    public void Those_that_were_forgotten_want_what_the_oldest_writes_need()
    {
        var few = new WrittenPositions(writersMax: 1);
        few.Count(s_app);
        few.Count(s_batch);
        few.Wanted(s_app).ShouldBeNull();
        few.Answered(s_batch, few.Asking(), new Lsn(20));
        few.Wanted(s_app).ShouldBe(new Lsn(20));
    }

    static Writer Of(string user, string from) =>
        Writer.Of(new PoolKey(Port.Replicas, "db", user, ""), IPAddress.Parse(from));
}

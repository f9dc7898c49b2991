using Holdfast.Cluster.Decisions;
using Holdfast.Cluster.Model;
using Shouldly;
using Xunit;
using static Holdfast.Cluster.Decisions.HaDecision;
using static Holdfast.Doubles.Clusters;

namespace Holdfast.Tests.Cluster.Decisions;

/// <summary>Who is chosen, as the names that the next step would set from an empty key.</summary>
public sealed class SyncStandbysTests
{
    static readonly DynamicSettings On = Quorum with { SynchronousMode = SynchronousMode.On };

    static WalSenderView Sender(string name, ulong flushed) => new()
    {
        Name = new NodeName(name), Pid = 1, State = "streaming", SyncState = "async", Slot = name,
        Flushed = new Lsn(flushed), Replayed = new Lsn(flushed / 2),
    };

    static SyncStep Step(DynamicSettings settings, ClusterView view, string names, params WalSenderView[] senders)
    {
        var self = Self("n1", PostgresState.Primary).Leading();
        return Ha.Decide(view, self with
        {
            Postgres = self.Postgres with { WalSenders = [.. senders], SynchronousStandbyNames = names },
            Sync = new SyncProgress { KeyUnsure = false },
        }, settings).ShouldBeOfType<Lead>().Sync;
    }

    static string Chosen(DynamicSettings settings, ClusterView view, params WalSenderView[] senders) =>
        Step(settings, view, "", senders).ShouldBeOfType<SyncStep.SetNames>().Names.Text;

    static ClusterView View => Of("n1", "n2", "n3").LedBy("n1").Synchronous("n1", 0);

    static ClusterView With(string name, Func<MemberView, MemberView> change) => View with
    {
        Members = [.. View.Members.Select(member => member.Name.Value == name ? change(member) : member)],
    };

    [Fact]
    public void In_plain_mode_as_many_as_asked_for_are_chosen_the_farthest_first()
    {
        Chosen(On, View, Sender("n2", 900), Sender("n3", 950)).ShouldBe("\"n3\"");
        Chosen(On with { SynchronousNodeCount = 2 }, View, Sender("n2", 900), Sender("n3", 950))
            .ShouldBe("2 (\"n2\",\"n3\")");
    }

    [Fact]
    public void Who_is_synchronous_stays_it_though_another_is_farther_on() =>
        Step(On, View.Synchronous("n1", 0, "n2"), "\"n2\"", Sender("n2", 900), Sender("n3", 950))
            .ShouldBeOfType<SyncStep.Nothing>();

    [Fact]
    public void A_higher_priority_replaces_who_is_synchronous()
    {
        var view = With("n3", member => member with { SyncPriority = 2 }).Synchronous("n1", 0, "n2");
        var step = Step(On, view, "\"n2\"", Sender("n2", 900), Sender("n3", 800));
        step.ShouldBeOfType<SyncStep.WriteKey>().Key.Standbys.ShouldBeEmpty("it leaves the key before the names");
    }

    [Fact]
    public void Who_may_not_be_promoted_is_chosen_last() =>
        Chosen(On, With("n3", member => member with { NoFailover = true }), Sender("n2", 900), Sender("n3", 950))
            .ShouldBe("\"n2\"");

    [Theory]
    [InlineData(SynchronousMode.Quorum, "ANY 1 (\"n3\")")]
    [InlineData(SynchronousMode.On, "\"n3\"")]
    public void Who_is_tagged_nosync_or_lags_too_far_is_not_chosen(SynchronousMode mode, string names)
    {
        var settings = Quorum with { SynchronousMode = mode, MaximumLagOnSyncNode = 100 };
        Chosen(settings, View, Sender("n2", 849), Sender("n3", 950)).ShouldBe(names);
        Chosen(settings, With("n2", member => member with { NoSync = true }), Sender("n2", 950), Sender("n3", 950))
            .ShouldBe(names);
    }

    [Fact]
    public void Who_is_synchronous_is_replaced_only_when_it_lags_too_far()
    {
        var settings = On with { MaximumLagOnSyncNode = 100 };
        var view = View.Synchronous("n1", 0, "n2");
        Step(settings, view, "\"n2\"", Sender("n2", 850), Sender("n3", 950)).ShouldBeOfType<SyncStep.Nothing>();
        Step(settings, view, "\"n2\"", Sender("n2", 849), Sender("n3", 950)).ShouldBeOfType<SyncStep.WriteKey>();
    }

    [Fact]
    public void One_alone_is_compared_with_the_primary() =>
        Step(On with { MaximumLagOnSyncNode = 100 }, View, "", Sender("n2", 899)).ShouldBeOfType<SyncStep.Nothing>();

    [Fact]
    public void The_lag_is_of_what_commits_wait_for()
    {
        var settings = On with { MaximumLagOnSyncNode = 100 };
        settings = settings with { Parameters = settings.Parameters.Add("synchronous_commit", "remote_apply") };
        Chosen(settings, View, Sender("n2", 900), Sender("n3", 950)).ShouldBe("\"n3\"");
        Step(settings, View, "", Sender("n2", 1000)).ShouldBeOfType<SyncStep.Nothing>();
    }

    [Fact]
    public void Names_are_not_set_by_a_key_that_may_be_out_of_date()
    {
        var self = Self("n1", PostgresState.Primary).Leading();
        self = self with { Postgres = self.Postgres with { WalSenders = [Sender("n2", 900)] } };
        SyncStep Next(SyncProgress progress) =>
            Ha.Decide(View, self with { Sync = progress }, Quorum).ShouldBeOfType<Lead>().Sync;

        Next(new SyncProgress()).ShouldBeOfType<SyncStep.WriteKey>().Key
            .ShouldBe(new SyncKey(new NodeName("n1"), [], 0), "the same again settles it");
        Next(new SyncProgress { KeyUnsure = false, KeyRevision = 61 }).ShouldBeOfType<SyncStep.Nothing>();
        Next(new SyncProgress { KeyUnsure = false, KeyRevision = 60 }).ShouldBeOfType<SyncStep.SetNames>();
    }

    [Fact]
    public void In_strict_mode_nobody_means_that_commits_wait() =>
        Chosen(On with { SynchronousModeStrict = true }, View).ShouldBe(SyncNames.StrictPlaceholder);

    [Fact]
    public void Two_walsenders_of_one_name_do_not_count() =>
        Step(Quorum, View, "", Sender("n2", 900), Sender("n2", 900)).ShouldBeOfType<SyncStep.Nothing>();
}

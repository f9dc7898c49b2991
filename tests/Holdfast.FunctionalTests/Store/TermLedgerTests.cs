using Holdfast.Cluster.Model;
using Holdfast.Doubles.Store;
using Holdfast.Store.Layout;
using Shouldly;
using Xunit;

namespace Holdfast.FunctionalTests.Store;

public sealed class TermLedgerTests : IDisposable
{
    readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("holdfast-ledger-").FullName, "agent");
    readonly ManualClock _clock = new();

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public void A_term_survives_a_crash()
    {
        Open().Observe(View(revision: 50, term: 42)).ShouldBe(StoreTrust.Trusted);

        Open().HighestTerm.ShouldBe(new Term(42));
        Open().Observe(View(revision: 49, term: 42)).ShouldBe(StoreTrust.Restored);
        Open().Observe(View(revision: 50)).ShouldBe(StoreTrust.Trusted);
    }

    [Fact]
    public void A_store_that_went_back_is_not_believed_until_its_base_was_raised()
    {
        var ledger = Open();
        ledger.Observe(View(revision: 50, term: 42));

        ledger.Observe(View(revision: 10, term: 9)).ShouldBe(StoreTrust.Restored);
        ledger.HighestTerm.ShouldBe(new Term(42));
        ledger.Observe(View(revision: 10, termBase: 40, term: 49)).ShouldBe(StoreTrust.Trusted);
        ledger.HighestTerm.ShouldBe(new Term(49));
    }

    [Fact]
    public void A_store_below_what_a_member_has_seen_is_not_believed()
    {
        var ledger = Open();
        ledger.Observe(View(revision: 50, term: 42));

        var told = View(revision: 60) with { Members = [new MemberView { Name = new("n3"), Seen = new Term(73) }] };
        ledger.Observe(told).ShouldBe(StoreTrust.Restored);
        ledger.Observe(told with { Revision = 73 }).ShouldBe(StoreTrust.Trusted);
    }

    [Fact]
    public void Another_store_is_not_believed_until_its_base_was_raised()
    {
        var ledger = Open();
        ledger.Observe(View(revision: 50, term: 42));

        ledger.Observe(View(revision: 900, store: 2)).ShouldBe(StoreTrust.Recreated);
        ledger.Observe(View(revision: 5, store: 2, termBase: 10)).ShouldBe(StoreTrust.Restored);
        ledger.Observe(View(revision: 5, store: 2, termBase: 100)).ShouldBe(StoreTrust.Trusted);
        ledger.Observe(View(revision: 900)).ShouldBe(StoreTrust.Recreated); // And the former one no more.
    }

    [Fact]
    public void A_revision_alone_is_written_now_and_then()
    {
        var ledger = Open();
        ledger.Observe(View(revision: 50, term: 42));
        var written = File.ReadAllText(Path.Combine(_folder, "term.json"));

        ledger.Observe(View(revision: 60, term: 42));
        File.ReadAllText(Path.Combine(_folder, "term.json")).ShouldBe(written);
        _clock.Advance(TimeSpan.FromSeconds(31));
        ledger.Observe(View(revision: 70, term: 42));

        Open().Observe(View(revision: 69)).ShouldBe(StoreTrust.Restored);
    }

    [Fact]
    public void A_damaged_ledger_is_an_error_that_names_the_file()
    {
        Open().Observe(View(revision: 50, term: 42));
        File.WriteAllText(Path.Combine(_folder, "term.json"), "{\"term\":");

        Should.Throw<InvalidDataException>(Open).Message.ShouldContain(Path.Combine(_folder, "term.json"));
    }

    TermLedger Open() => TermLedger.Open(_folder, _clock);

    static ClusterView View(long revision, long term = 0, ulong store = 1, long termBase = 0) => new()
    {
        Revision = revision,
        StoreId = store,
        TermBase = termBase,
        Leader = term > 0 ? new LeaderView(new NodeName("n1"), new Term(term), term - termBase, 7) : null,
    };
}

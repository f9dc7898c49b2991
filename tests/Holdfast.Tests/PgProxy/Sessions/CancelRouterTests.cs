using System.Buffers.Binary;
using Holdfast.Cluster.Model;
using Holdfast.PgProxy;
using Holdfast.PgProxy.Sessions;
using Holdfast.Postgres.Wire;
using Shouldly;
using Xunit;

namespace Holdfast.Tests.PgProxy.Sessions;

public sealed class CancelRouterTests
{
    static readonly ProxyPeer N1 = Peer("n1"), N2 = Peer("n2"), N3 = Peer("n3");

    readonly CancelRouter _n1 = Of("n1"), _n2 = Of("n2");

    [Fact]
    public void A_key_of_another_proxy_leads_to_it()
    {
        for (var i = 0; i < 100; i++)
            _n1.OwnersOf(_n2.NewKey(), isMarked: false).ShouldBe([N2]);
    }

    [Fact]
    public void A_request_is_sent_on_once() => _n1.OwnersOf(_n2.NewKey(), isMarked: true).ShouldBeEmpty();

    [Fact]
    public void An_unknown_key_of_our_own_goes_nowhere() =>
        _n1.OwnersOf(_n1.NewKey(), isMarked: false).ShouldBeEmpty();

    [Fact]
    public void A_key_of_nobody_goes_nowhere()
    {
        var owners = Enumerable.Range(0, 256)
            .Sum(owner => _n1.OwnersOf(new CancelKey(owner << 23, 1), isMarked: false).Length);
        owners.ShouldBe(2);
    }

    [Fact]
    public void Keys_are_positive_and_not_alike()
    {
        var keys = Enumerable.Range(0, 1000).Select(_ => _n1.NewKey()).ToList();
        keys.ShouldAllBe(key => key.Process >= 0);
        keys.DistinctBy(key => key.Process).Count().ShouldBeGreaterThan(990);
        keys.DistinctBy(key => key.Secret).Count().ShouldBeGreaterThan(990);
    }

    [Fact]
    public void A_marked_request_is_still_a_request_with_the_same_key()
    {
        var key = _n1.NewKey();
        var packet = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), 80877102);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(8), key.Process);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(12), key.Secret);
        CancelRouter.Read(packet).ShouldBe((key, false));

        var marked = CancelRouter.Marked(packet);
        CancelRouter.Read(marked).ShouldBe((key, true));
        CancelRouter.Marked(marked).ShouldBe(marked);
        StartupPacket.Read(marked, out var read).ShouldBe(StartupRead.Whole);
        (read.Kind, read.Bytes).ShouldBe((StartupKind.CancelRequest, marked.Length));
    }

    static CancelRouter Of(string name) => new(new PeerSettings { Self = new NodeName(name), Peers = [N1, N2, N3] });

    static ProxyPeer Peer(string name) => new(new NodeName(name), "127.0.0.1", 5000);
}

using Holdfast.Agent;
using Holdfast.Agent.Lease;
using Holdfast.Cluster.Model;
using Holdfast.Sim.Time;
using Holdfast.Sim.World;

namespace Holdfast.Sim.Nodes;

/// <summary>Datagrams of a primary's agent, as <c>Pulses</c> sends them: lost where the way is cut.</summary>
internal sealed class SimPulses : IPulses
{
    static readonly TimeSpan s_every = TimeSpan.FromMilliseconds(200);

    readonly Host _host;
    readonly Strand _strand;
    readonly LeaseMachine _lease;
    Term _heardOf;
    TimeSpan _heardAt;
    Term _term;
    IReadOnlyCollection<string> _members = [];
    bool _isSending;

    public SimPulses(Host host, Strand strand, LeaseMachine lease) => (_host, _strand, _lease) = (host, strand, lease);

    public TimeSpan? LastHeard(Term term) => _heardOf == term && term != Term.None ? _heardAt : null;

    public void SendTo(Term term, IReadOnlyCollection<string> apiUrls)
    {
        (_term, _members) = (term, apiUrls);
        if (_isSending || apiUrls.Count == 0)
            return;
        _isSending = true;
        _strand.After(TimeSpan.Zero, Send);
    }

    void Send()
    {
        if (_lease.State is { } state && state.Term == _term && _lease.MayWrite(_strand.Now))
        {
            foreach (var url in _members)
                SendTo(url, _term);
        }
        if (_isSending = _members.Count > 0)
            _strand.After(s_every, Send);
    }

    void SendTo(string url, Term term)
    {
        var world = _host.World;
        var address = new Uri(url).Host;
        if (Array.Find(world.Hosts, other => other.Address == address) is { } peer
            && world.Net.Linked(_host.Index, peer.Index, Traffic.Rest) && !world.Rng.Chance(world.Net.Loss))
            peer.Supervisor?.Agent?.Hear(term, world.Net.Latency(_host.Index, peer.Index));
    }

    /// <summary>On the strand, when it arrived.</summary>
    public void Heard(Term term)
    {
        if (term >= _heardOf)
            (_heardOf, _heardAt) = (term, _strand.Now);
    }
}

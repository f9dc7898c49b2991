using System.Net;
using System.Net.Sockets;
using System.Text;
using Holdfast.Cluster.Model;
using Holdfast.Foundation.Processes;

namespace Holdfast.Agent.Lease;

/// <summary>
/// Pulses as datagrams: <c>holdfast SCOPE TERM</c>, to the REST port of each member over UDP. Sent by a thread of
/// their own
/// while a counted lease is in force, so that nothing else in the process delays them.
/// </summary>
internal sealed class Pulses : IPulses, IDisposable
{
    static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);

    /// <summary>How often a thread that has nothing to send looks whether that has changed.</summary>
    static readonly TimeSpan IdlePeriod = TimeSpan.FromSeconds(1);
    const int BytesMax = 256, ReceiveLimitMs = 1000;

    readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    readonly BootTimer _timer = new();
    readonly string _scope;
    readonly Func<Term?> _reigns;
    readonly Thread _sender, _receiver;
    volatile Heard? _heard;
    volatile Round? _round;
    volatile bool _stopping;

    sealed record Heard(Term Term, TimeSpan At);

    sealed record Round(Term Term, IPEndPoint[] Members, byte[] Text);

    /// <param name="scope">Of the cluster: pulses of another one are passed over.</param>
    /// <param name="port">UDP; the REST API has the same number over TCP.</param>
    /// <param name="reigns">The term of the counted lease in force; null without one.</param>
    /// <exception cref="SocketException">The port is taken.</exception>
    public Pulses(string scope, int port, Func<Term?> reigns)
    {
        (_scope, _reigns) = (scope, reigns);
        _socket.ReceiveTimeout = ReceiveLimitMs;
        _socket.Bind(new IPEndPoint(IPAddress.Any, port));
        _sender = new Thread(Send) { IsBackground = true, Name = "pulse" };
        _receiver = new Thread(Receive) { IsBackground = true, Name = "pulse in" };
        _sender.Start();
        _receiver.Start();
    }

    public TimeSpan? LastHeard(Term term) => _heard is { } heard && heard.Term == term ? heard.At : null;

    public void SendTo(Term term, IReadOnlyCollection<string> apiUrls)
    {
        if (apiUrls.Count == 0)
        {
            _round = null;
            return;
        }
        // A name would be looked up, which may wait: members that publish one get no pulses.
        var members = apiUrls.Select(url => Uri.TryCreate(url, UriKind.Absolute, out var uri)
                && IPAddress.TryParse(uri.Host, out var address) ? new IPEndPoint(address, uri.Port) : null)
            .OfType<IPEndPoint>().ToArray();
        if (_round is { } round && round.Term == term && round.Members.AsSpan().SequenceEqual(members))
            return;
        _round = new Round(term, members, Encoding.UTF8.GetBytes($"holdfast {_scope} {term}"));
        _timer.Set(TimeSpan.Zero);
    }

    void Send()
    {
        _ = UrgentThread.TryRaise();
        while (!_stopping)
        {
            var sending = _round is { } round && _reigns() == round.Term ? round : null;
            foreach (var member in sending?.Members ?? [])
                TrySend(sending!.Text, member);
            _timer.Set(BootClock.Now + (sending is null ? IdlePeriod : Every));
            _timer.Wait();
        }
    }

    void TrySend(byte[] text, IPEndPoint member)
    {
        try
        {
            _ = _socket.SendTo(text, member);
        }
        catch (SocketException)
        {
            // A pulse more or less.
        }
    }

    void Receive()
    {
        _ = UrgentThread.TryRaise();
        var bytes = new byte[BytesMax];
        EndPoint from = new IPEndPoint(IPAddress.Any, 0);
        while (!_stopping)
        {
            try
            {
                var length = _socket.ReceiveFrom(bytes, ref from);
                var words = Encoding.UTF8.GetString(bytes, 0, length).Split(' ');
                if (words is ["holdfast", var scope, var number] && scope == _scope
                    && long.TryParse(number, System.Globalization.CultureInfo.InvariantCulture, out var term)
                    && !(_heard is { } heard && term < heard.Term.Value))
                {
                    _heard = new Heard(new Term(term), BootClock.Now);
                }
            }
            catch (SocketException)
            {
                // The limit has passed, or somebody's port is closed: nothing was heard.
            }
            catch (ObjectDisposedException)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _timer.Set(TimeSpan.Zero);
        _sender.Join();
        _socket.Dispose();
        _receiver.Join();
        _timer.Dispose();
    }
}

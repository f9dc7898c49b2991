using System.Buffers;
using System.Net.Sockets;
using Holdfast.PgProxy.Backend;
using Holdfast.PgProxy.Routing;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Frontend;

/// <summary>Reads what a client says first, and finds it a server or tells it why not.</summary>
/// <param name="client">Stays open, whatever the outcome.</param>
/// <param name="reception">Of its port.</param>
/// <param name="refusal">Decided before a word was said; null: it is welcome.</param>
internal sealed class Startup(Socket client, Reception reception, Refusal? refusal) : IDisposable
{
    /// <summary>GSSENCRequest, SSLRequest and the startup message: a client sends each once at most.</summary>
    const int PacketsMax = 3;

    static readonly byte[] No = [(byte)'N'];
    static readonly Refusal ShuttingDown =
        new(CloseReason.Draining, SqlState.AdminShutdown, "the proxy is shutting down");

    readonly StartupReader _reader = new(client);
    readonly byte[] _answer = ArrayPool<byte>.Shared.Rent(ProxyLimits.RelayBytes);
    Refusal? _refusal = refusal;
    BackendLink? _declinedTls;

    /// <summary>What the client was told, or is to be told; null while it is welcome.</summary>
    public string? Refused => _refusal?.Message;

    /// <exception cref="SocketException">The client went.</exception>
    public async Task<Opened> OpenAsync(CancellationToken stop)
    {
        for (var packets = 0; packets < PacketsMax; packets++)
        {
            if (await ReadAsync(packets == 0, stop) is { } ended)
                return new Opened.Ended(ended);
            if (await AnswerAsync(stop) is { } opened)
                return opened;
        }
        return new Opened.Ended(CloseReason.StartupBroken);
    }

    async Task<CloseReason?> ReadAsync(bool isFirst, CancellationToken stop)
    {
        var isWelcome = _refusal is null;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(isWelcome ? stop : CancellationToken.None);
        limit.CancelAfter(isWelcome ? ProxyLimits.Startup : ProxyLimits.Refusal);
        try
        {
            return await _reader.NextAsync(limit.Token) switch
            {
                StartupRead.Whole => null,
                StartupRead.Broken => CloseReason.StartupBroken,
                _ => isFirst && _reader.Rest.IsEmpty ? CloseReason.ClientSilent : CloseReason.ClientClosed,
            };
        }
        catch (OperationCanceledException) when (isWelcome && stop.IsCancellationRequested)
        {
            _refusal = ShuttingDown;
            return await ReadAsync(isFirst, stop);
        }
        catch (OperationCanceledException)
        {
            return CloseReason.StartupTimeout;
        }
    }

    // Null: the client's next packet decides.
    async Task<Opened?> AnswerAsync(CancellationToken stop)
    {
        switch (_reader.Packet.Kind)
        {
            case StartupKind.CancelRequest:
                await reception.Cancels.ForwardAsync(_reader.PacketBytes, stop);
                return new Opened.Ended(CloseReason.CancelForwarded);
            case StartupKind.Startup:
                return _refusal is null ? await LoginAsync(stop) : await TellAsync(_refusal);
            case StartupKind.SslRequest when _refusal is null:
                return await EncryptAsync(stop);
            default:
                // Encryption by GSSAPI is not offered; who is refused is told so in the clear.
                await client.SendAsync(No, stop);
                return null;
        }
    }

    async Task<Opened> LoginAsync(CancellationToken stop)
    {
        var spare = _declinedTls;
        _declinedTls = null;
        var opening = new Opening(_reader.All, IsSslRequest: false, spare);
        switch (await reception.Dialer.DialAsync(client, opening, _answer, stop))
        {
            case Dialed.Connected connected:
                return await BeginAsync(connected, stop);
            case Dialed.Nobody { Reason: CloseReason.ClientGoneWhileHeld }:
                return new Opened.Ended(CloseReason.ClientGoneWhileHeld);
            case Dialed.Nobody nobody:
                return await TellAsync(_refusal = RefusalFor(nobody));
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    async Task<Opened?> EncryptAsync(CancellationToken stop)
    {
        var opening = new Opening(_reader.PacketBytes, IsSslRequest: true, Spare: null);
        switch (await reception.Dialer.DialAsync(client, opening, _answer, stop))
        {
            case Dialed.Connected connected when connected.AnswerBytes == 1 && _answer[0] == No[0]:
                _declinedTls = connected.Link;
                break;
            case Dialed.Connected connected:
                return await BeginAsync(connected, stop);
            case Dialed.Nobody { Reason: CloseReason.ClientGoneWhileHeld }:
                return new Opened.Ended(CloseReason.ClientGoneWhileHeld);
            case Dialed.Nobody nobody:
                _refusal = RefusalFor(nobody);
                break;
        }
        await client.SendAsync(No, CancellationToken.None);
        return null;
    }

    // From the first forwarded byte on, no other server can take over.
    async Task<Opened> BeginAsync(Dialed.Connected connected, CancellationToken stop)
    {
        try
        {
            await client.SendAsync(_answer.AsMemory(0, connected.AnswerBytes), stop);
            return new Opened.Session(connected.Link, connected.Login);
        }
        catch
        {
            Drop(connected.Link);
            throw;
        }
    }

    async Task<Opened> TellAsync(Refusal told)
    {
        using var limit = new CancellationTokenSource(ProxyLimits.Refusal);
        try
        {
            await client.SendAsync(ErrorResponse.Fatal(told.SqlState, told.Message), limit.Token);
            client.Shutdown(SocketShutdown.Send);
            // Closing with bytes unread would reset the connection, and could take the message with it.
            while (await client.ReceiveAsync(_answer.AsMemory(), limit.Token) > 0)
            {
            }
        }
        catch (OperationCanceledException)
        {
            // It had time enough.
        }
        return new Opened.Ended(told.Reason);
    }

    Refusal RefusalFor(Dialed.Nobody nobody)
    {
        var settings = reception.Settings;
        if (nobody.Reason == CloseReason.Draining)
            return ShuttingDown;
        var server = reception.Port == Port.Primary ? "primary" : "replica";
        return new Refusal(nobody.Reason, SqlState.CannotConnectNow,
            $"no {server} of cluster {settings.Cluster} for {settings.HoldTimeout.TotalSeconds:0.#} s: {nobody.Why}");
    }

    void Drop(BackendLink link)
    {
        reception.Links.Remove(link);
        link.Dispose();
    }

    public void Dispose()
    {
        if (_declinedTls is not null)
            Drop(_declinedTls);
        _reader.Dispose();
        ArrayPool<byte>.Shared.Return(_answer);
    }
}

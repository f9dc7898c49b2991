using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a server says of itself when a login is done; told to each client of its pool. Safe from any
/// thread.</summary>
internal sealed class Welcome
{
    readonly IReadOnlyList<KeyValuePair<string, string>> _reported;
    readonly byte[] _whole;

    // What the last other client had: mostly the next one's, too.
    volatile Tuple<ParameterSet, byte[]>? _last;

    public Welcome(IReadOnlyList<KeyValuePair<string, string>> reported)
    {
        _reported = reported;
        var parameters = ParameterSet.Empty;
        foreach (var (name, value) in reported)
        {
            if (ParameterSet.SlotOf(name) is >= 0 and var slot)
                parameters = parameters.With(slot, value);
        }
        Parameters = parameters;
        _whole = Write(parameters);
    }

    public ParameterSet Parameters { get; }

    /// <summary>AuthenticationOk and the ParameterStatus messages, for a client that has asked for some of its
    /// own.</summary>
    public byte[] For(ParameterSet client)
    {
        if (ReferenceEquals(client, Parameters))
            return _whole;
        if (_last is var (former, bytes) && former.Equals(client))
            return bytes;
        var written = Write(client);
        _last = Tuple.Create(client, written);
        return written;
    }

    byte[] Write(ParameterSet client)
    {
        var messages = new MemoryStream();
        messages.Write(Messages.AuthenticationOk);
        foreach (var (name, value) in _reported)
        {
            var slot = ParameterSet.SlotOf(name);
            messages.Write(Messages.ParameterStatus(name, slot >= 0 ? client[slot] ?? value : value));
        }
        return messages.ToArray();
    }
}

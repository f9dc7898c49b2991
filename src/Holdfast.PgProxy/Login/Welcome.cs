using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>What a server says of itself when a login is done; told to each client of its pool. Immutable.</summary>
internal sealed class Welcome
{
    readonly IReadOnlyList<KeyValuePair<string, string>> _reported;
    readonly byte[] _whole;

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

    /// <summary>The ParameterStatus messages for a client that has asked for some of its own.</summary>
    public byte[] For(ParameterSet client) => ReferenceEquals(client, Parameters) ? _whole : Write(client);

    byte[] Write(ParameterSet client)
    {
        var messages = new MemoryStream();
        foreach (var (name, value) in _reported)
        {
            var slot = ParameterSet.SlotOf(name);
            messages.Write(Messages.ParameterStatus(name, slot >= 0 ? client[slot] ?? value : value));
        }
        return messages.ToArray();
    }
}

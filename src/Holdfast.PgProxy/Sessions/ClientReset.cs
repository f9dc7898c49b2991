using Holdfast.PgProxy.Login;
using Holdfast.PgProxy.Pooling;

namespace Holdfast.PgProxy.Sessions;

/// <summary>RESET and DISCARD ALL lead back to what the client's own login said, which its server was never told at
/// one.</summary>
internal sealed partial class ClientSession
{
    // RESET of one setting changes that one alone: it is the one that the server has reported.
    byte[]? Reset()
    {
        var wanted = Parameters;
        for (var slot = 0; slot < ParameterSet.Count; slot++)
        {
            if ((_wasRenewed || (_reported & (1 << slot)) != 0) && _startup[slot] is { } value)
                wanted = wanted.With(slot, value);
        }
        (_wasReset, _wasRenewed) = (false, false);
        var told = Reports(Parameters, wanted);
        Parameters = Worker.Parameters.Same(wanted);
        // The server is to be told once more what the login said.
        _isNew |= !IsInUnit && Server is { Due.Count: 0 };
        return told;
    }

    // ParameterStatus for each that is another (PostgreSQL manual, Asynchronous Operations).
    static byte[]? Reports(ParameterSet from, ParameterSet to)
    {
        if (ReferenceEquals(from, to))
            return null;
        List<byte>? told = null;
        for (var slot = 0; slot < ParameterSet.Count; slot++)
        {
            if (to[slot] is { } value && !string.Equals(value, from[slot], StringComparison.Ordinal))
                (told ??= []).AddRange(Messages.ParameterStatus(ParameterSet.NameOf(slot), value));
        }
        return told?.ToArray();
    }
}

using System.Collections.Immutable;
using Holdfast.PgProxy.Pooling;
using Holdfast.Postgres.Wire;

namespace Holdfast.PgProxy.Login;

/// <summary>A startup message and all that follows from it alone, found out once for clients that say the same. Safe
/// from any thread: the loop that it was read on is not always that of the client's pool.</summary>
internal sealed class KnownStartup
{
    readonly ImmutableArray<(int Slot, string Value)> _kept;

    // For the last server: mostly the next one's, too.
    volatile Tuple<ParameterSet, ParameterSet>? _last;

    /// <param name="parameters">As the client wrote them.</param>
    /// <param name="ignored">Settings that are dropped, in small letters.</param>
    public KnownStartup(StartupParameters parameters, IReadOnlySet<string> ignored)
    {
        Parameters = parameters;
        Extensions = [.. parameters.Extensions];
        var settings = StartupSettings.Of(parameters, ignored);
        _kept =
        [
            .. settings.Select(setting => (ParameterSet.SlotOf(setting.Key), setting.Value))
                .Where(setting => setting.Item1 >= 0),
        ];
        Application = settings.GetValueOrDefault("application_name", "");
        ServerSettings = string.Concat(settings
            .Where(setting => ParameterSet.SlotOf(setting.Key) < 0)
            .Select(setting => $"{setting.Key}\0{setting.Value}\0"));
    }

    public StartupParameters Parameters { get; }

    public ImmutableArray<string> Extensions { get; }

    /// <summary>The name that the client gave itself; empty: none.</summary>
    public string Application { get; }

    /// <summary>Those that its servers must have been started with (<see cref="PoolKey.Settings"/>).</summary>
    public string ServerSettings { get; }

    /// <summary>What the client wants of those that the proxy keeps for it.</summary>
    /// <param name="server">What servers of its pool have by themselves.</param>
    public ParameterSet Wanted(ParameterSet server)
    {
        if (_last is var (known, found) && ReferenceEquals(known, server))
            return found;
        var wanted = server;
        foreach (var (slot, value) in _kept)
            wanted = wanted.With(slot, value);
        _last = Tuple.Create(server, wanted);
        return wanted;
    }
}

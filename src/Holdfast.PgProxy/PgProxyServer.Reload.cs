using System.Collections.Immutable;
using System.Threading.Channels;
using Holdfast.PgProxy.Admin;
using Holdfast.PgProxy.Login;

namespace Holdfast.PgProxy;

/// <summary>Other settings for a proxy that runs.</summary>
public sealed partial class PgProxyServer
{
    /// <summary>Who asks while so many wait is told so.</summary>
    const int ReloadsMax = 16;

    readonly Channel<TaskCompletionSource<ReloadOutcome>> _reloads =
        Channel.CreateBounded<TaskCompletionSource<ReloadOutcome>>(ReloadsMax);
    Func<(ProxySettings? Settings, Access? Access, IReadOnlyList<string> Problems)>? _read;

    /// <summary>Where the settings come from when somebody asks for it.</summary>
    /// <param name="read">Settings that are good, or their problems. Changes nothing. From any thread.</param>
    public void ReadsAgain(Func<(ProxySettings? Settings, Access? Access, IReadOnlyList<string> Problems)> read)
    {
        _read = read;
        if (_pooled is not null)
            _pooled.Reload = ReloadAsync;
    }

    /// <summary>Reads the settings again, while the proxy runs; no session is disturbed. Bad ones leave the former in
    /// force. Safe from any thread.</summary>
    public Task<ReloadOutcome> ReloadAsync()
    {
        var outcome = new TaskCompletionSource<ReloadOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        return _reloads.Writer.TryWrite(outcome)
            ? outcome.Task
            : Task.FromResult(new ReloadOutcome(false, [$"{ReloadsMax} reloads wait already"]));
    }

    /// <summary>Replaces who may log in, and how: certificates, lists of users and rules. Sessions that are there stay.
    /// From any thread. Nothing happens where servers are not pooled.</summary>
    public void Reload(Access access)
    {
        if (_pooled is null)
            return;
        _pooled.Access = access;
        TellNotes(access);
    }

    // One at a time, and not on a loop: files are read.
    async Task ReloadWhenAskedAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var asked in _reloads.Reader.ReadAllAsync(stop))
                asked.SetResult(Reload());
        }
        catch (OperationCanceledException)
        {
            _reloads.Writer.TryComplete();
            while (_reloads.Reader.TryRead(out var late))
                late.SetResult(new ReloadOutcome(false, ["the proxy is shutting down"]));
        }
    }

    ReloadOutcome Reload()
    {
        if (_read is null)
            return new ReloadOutcome(false, ["this proxy was started without a file"]);
        var (settings, access, problems) = _read();
        if (settings is null)
        {
            _log.ReloadRefused(string.Join("; ", problems));
            return new ReloadOutcome(false, problems);
        }
        var notes = WhatStays(settings).ToList();
        if (_pooled is not null && settings.Pools is not null)
        {
            _pooled.Apply(settings, access);
            _board.Change(settings.Replicas);
            TellNotes(access);
        }
        _log.Reloaded(string.Join("; ", notes));
        return new ReloadOutcome(true, notes);
    }

    // What a running process can't change.
    IEnumerable<string> WhatStays(ProxySettings fresh)
    {
        if (fresh.PrimaryPort != _settings.PrimaryPort)
            yield return $"pgproxy.primary stays {_settings.PrimaryPort} until a restart, not {fresh.PrimaryPort}";
        if (fresh.ReplicasPort != _settings.ReplicasPort)
            yield return $"pgproxy.replicas stays {Text(_settings.ReplicasPort)} until a restart, "
                + $"not {Text(fresh.ReplicasPort)}";
        if (fresh.MetricsPort != _settings.MetricsPort)
            yield return $"pgproxy.metrics stays {Text(_settings.MetricsPort)} until a restart, "
                + $"not {Text(fresh.MetricsPort)}";
        if (fresh.ClientLoginTimeout != _settings.ClientLoginTimeout)
            yield return $"pgproxy.client_login_timeout stays {_settings.ClientLoginTimeout.TotalSeconds:0.###} s "
                + $"until a restart, not {fresh.ClientLoginTimeout.TotalSeconds:0.###} s";
        if (fresh.Pools is null != _settings.Pools is null)
            yield return $"pgproxy.pool stays {Mode(_settings)} until a restart, not {Mode(fresh)}";
        if (!fresh.Patroni.SequenceEqual(_settings.Patroni, StringComparer.Ordinal))
            yield return $"pgproxy.patroni stays {Text(_settings.Patroni)} until a restart, not {Text(fresh.Patroni)}";
        if (!string.Equals(fresh.Cluster, _settings.Cluster, StringComparison.Ordinal))
            yield return $"the cluster's name stays {_settings.Cluster} until a restart, not {fresh.Cluster}";
        if (_pooled is null)
            yield return "with pool: none all other settings stay until a restart, too";
    }

    static string Text(int? port) => port?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "off";

    static string Text(ImmutableArray<string> names) => names.IsEmpty ? "off" : string.Join(", ", names);

    static string Mode(ProxySettings settings) => settings.Pools?.Mode.ToString().ToLowerInvariant() ?? "none";
}

using Holdfast.Cluster.Configuration;
using Holdfast.Cluster.Model;
using Holdfast.Store;
using Holdfast.Store.Layout;

namespace Holdfast.FunctionalTests.Supervisor;

/// <summary>Apps as a test wants them, and what the store says of them.</summary>
static class TestApps
{
    public const string Forever = "exec sleep 1000";

    /// <summary>The keys of <see cref="TestNode"/>'s cluster.</summary>
    public static readonly HoldfastKeys Keys = new("test");

    public static AppSettings App(string name, string script = Forever, params string[] hosts) => new()
    {
        Name = name,
        On = [.. hosts.DefaultIfEmpty("n1").Select(host => new NodeName(host))],
        Command = ["sh", "-c", script, name],
        StopGrace = TimeSpan.FromSeconds(2),
    };

    /// <summary>An app whose health the test answers, ten times as often as is usual.</summary>
    public static AppSettings Asked(string name, AnsweringPort port, string script = Forever) => App(name, script) with
    {
        Port = port.Port,
        Health = new HealthSettings { Http = "/ping", Every = TimeSpan.FromSeconds(0.1) },
    };

    public static AppSettings Prepared(string name, string script, params string[] hosts) =>
        App(name, hosts: hosts) with
        {
            Prepare = new PrepareSettings(["sh", "-c", script, name], TimeSpan.FromSeconds(30)),
        };

    public static async Task<AppInstance?> InstanceAsync(IStore store, string app, CancellationToken stop)
    {
        var key = Keys.Instance(app, new("n1"));
        return (await store.ReadAsync([key], stop)).Find(key) is { } found
            ? AppInstanceJson.Read(key, Keys.Instances, found.Value)
            : null;
    }

    public static async Task UntilAsync(
        IStore store, string app, Func<AppInstance?, bool> condition, CancellationToken stop)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limited.CancelAfter(Wait.Limit);
        while (!condition(await InstanceAsync(store, app, limited.Token)))
            await Task.Delay(TimeSpan.FromMilliseconds(5), limited.Token);
    }
}

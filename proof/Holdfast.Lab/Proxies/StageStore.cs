using System.Text;
using System.Text.Json;
using Holdfast.Foundation.Processes;
using Holdfast.Lab.Machine;

namespace Holdfast.Lab.Proxies;

/// <summary>An etcd in which the keys of a leader are as its agent would write them; the lock's lease is kept alive.
/// Its watchers see progress, and so have a fresh view.</summary>
sealed class StageStore : IAsyncDisposable
{
    /// <summary>In the dynamic configuration, and of the lease.</summary>
    const int TtlSeconds = 10;

    const string Prefix = "/service/bench/";
    static readonly TimeSpan KeepEvery = TimeSpan.FromSeconds(2), Answer = TimeSpan.FromSeconds(10);

    readonly HttpClient _http = new() { Timeout = Answer };
    readonly CancellationTokenSource _ended = new();
    readonly Child _etcd;
    string _lease = "";
    Task _keeping = Task.CompletedTask;

    StageStore(Child etcd, int port) => (_etcd, Port) = (etcd, port);

    public int Port { get; }

    /// <param name="folder">For its data.</param>
    /// <param name="postgres">Port of the leader's server, on this machine.</param>
    /// <param name="stop">Ends the start.</param>
    public static async Task<StageStore> StartAsync(string folder, int postgres, CancellationToken stop)
    {
        var (port, peers) = (Stage.FreePort(), Stage.FreePort());
        // As urgent as the supervisor makes it: a measurement loads the machine.
        var etcd = Child.Start(Path.Combine(folder, "etcd.out"), Signal.Terminate, Launcher.CleanEnvironment(),
        [
            "nice", "-n", "-20", "etcd", "--name=n1", $"--data-dir={Path.Combine(folder, "data")}",
            $"--listen-client-urls=http://127.0.0.1:{port}", $"--advertise-client-urls=http://127.0.0.1:{port}",
            $"--listen-peer-urls=http://127.0.0.1:{peers}", $"--initial-advertise-peer-urls=http://127.0.0.1:{peers}",
            $"--initial-cluster=n1=http://127.0.0.1:{peers}",
        ]);
        var store = new StageStore(etcd, port);
        try
        {
            await etcd.ListensAsync(port, stop);
            await store.WriteAsync(postgres, stop);
            return store;
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }

    async Task WriteAsync(int postgres, CancellationToken stop)
    {
        await PutAsync("initialize", "7000000000000000001", "0", stop);
        await PutAsync("config", $$"""{"ttl":{{TtlSeconds}},"loop_wait":1,"retry_timeout":3}""", "0", stop);
        await PutAsync("members/n1",
            $$"""
            {"conn_url":"postgres://127.0.0.1:{{postgres}}/postgres","api_url":"http://127.0.0.1:1/patroni","state":"running","role":"primary","version":"4.1.0","timeline":1}
            """, "0", stop);
        var granted = await AskAsync("lease/grant", $$"""{"TTL":{{TtlSeconds}}}""", stop);
        _lease = granted.GetProperty("ID").GetString()!;
        await LeadAsync(stop);
        _keeping = KeepAsync(_lease, _ended.Token);
    }

    /// <summary>Our server leads, in a new term.</summary>
    public Task LeadAsync(CancellationToken stop) => PutAsync("leader", "n1", _lease, stop);

    /// <summary>Nobody leads.</summary>
    public Task DropLeaderAsync(CancellationToken stop) =>
        AskAsync("kv/deleterange", $$"""{"key":"{{Base64(Prefix + "leader")}}"}""", stop);

    Task PutAsync(string key, string value, string lease, CancellationToken stop) => AskAsync("kv/put",
        $$"""{"key":"{{Base64(Prefix + key)}}","value":"{{Base64(value)}}","lease":"{{lease}}"}""", stop);

    async Task KeepAsync(string lease, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(KeepEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
                _ = await AskAsync("lease/keepalive", $$"""{"ID":"{{lease}}"}""", stop);
        }
        catch (OperationCanceledException)
        {
            // The measurement is over.
        }
    }

    async Task<JsonElement> AskAsync(string path, string body, CancellationToken stop)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await _http.PostAsync(new Uri($"http://127.0.0.1:{Port}/v3/{path}"), content, stop);
        var text = await answer.Content.ReadAsStringAsync(stop);
        if (!answer.IsSuccessStatusCode)
            throw new LabException($"etcd says {(int)answer.StatusCode} to {path}: {text}");
        using var read = JsonDocument.Parse(text);
        return read.RootElement.Clone();
    }

    static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _keeping;
        _http.Dispose();
        _ended.Dispose();
        await _etcd.DisposeAsync();
    }
}

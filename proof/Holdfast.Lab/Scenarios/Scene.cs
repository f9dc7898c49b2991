using Holdfast.Cluster.Configuration;
using Holdfast.Lab.Faults;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Status;

namespace Holdfast.Lab.Scenarios;

/// <summary>A whole lab under load, to which one scenario does something.</summary>
/// <param name="Lab">Its name.</param>
/// <param name="Primary">When the scenario began.</param>
sealed record Scene(string Lab, ClusterFile File, string Primary) : IAsyncDisposable
{
    static readonly TimeSpan SwitchoverLimit = TimeSpan.FromSeconds(30);
    static readonly TimeSpan FillAgain = TimeSpan.FromMilliseconds(100);

    readonly CancellationTokenSource _over = new();
    Task _filling = Task.CompletedTask;

    public LabState State => Labs.Get(Lab);
    public IEnumerable<string> Hosts => State.Hosts.Select(host => host.Name);

    public Task KillAsync(string host, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => HostFaults.KillAsync(state, found, stop), stop);

    public Task StartAsync(string host, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => HostFaults.StartAsync(state, found, stop), stop);

    public Task CutAsync(string host, string from, CancellationToken stop) => ChangeAsync(
        host, (state, found) => HostFaults.CutAsync(state, found, Cut.From(from, File, found), stop), stop);

    public Task HealAsync(string host, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => HostFaults.HealAsync(state, found, stop), stop);

    public Task KillAsync(string host, string program, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => ProgramFaults.KillAsync(state, found, program, stop), stop);

    public Task PauseAsync(string host, string program, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => ProgramFaults.PauseAsync(state, found, program, stop), stop);

    /// <summary>Whatever of the host was paused and still lives.</summary>
    public Task ResumeAsync(string host, CancellationToken stop) =>
        ChangeAsync(host, (state, found) => HostFaults.ResumeAsync(state, found, stop), stop);

    /// <summary>As <c>holdfast switchover --force</c> does: at the leader's agent, to whomever it chooses.</summary>
    public async Task SwitchOverAsync(CancellationToken stop)
    {
        using var http = LabHttp.Client(State, SwitchoverLimit);
        using var body = new StringContent($$"""{"leader":"{{Primary}}"}""");
        var agent = $"http://{State.Host(Primary).Address}:{File.Postgres.Rest}/switchover";
        using var answer = await http.PostAsync(new Uri(agent), body, stop);
        if (!answer.IsSuccessStatusCode)
            throw new LabException($"the switchover was refused: {await answer.Content.ReadAsStringAsync(stop)}");
    }

    /// <summary>Fills the disk, and again whenever something was deleted, until <see cref="EmptyDiskAsync"/>.</summary>
    public async Task FillDiskAsync(string host, CancellationToken stop)
    {
        await DiskFaults.FillAsync(State, State.Host(host), stop);
        _filling = KeepFullAsync(host);
    }

    public async Task EmptyDiskAsync(string host)
    {
        await DisposeAsync();
        DiskFaults.Empty(State, State.Host(host));
    }

    public Task FreezeEtcdDiskAsync(string host, CancellationToken stop) =>
        DiskFaults.FreezeEtcdAsync(State, State.Host(host), stop);

    public Task ThawDiskAsync(string host, CancellationToken stop) =>
        DiskFaults.ThawAsync(State, State.Host(host), stop);

    /// <summary>By hand, as an operator would by mistake: the lease that the key hung on lives on.</summary>
    public async Task DeleteLeaderKeyAsync(CancellationToken stop)
    {
        using var etcd = new EtcdLeadership(State, File);
        await etcd.DeleteKeyAsync($"/service/{File.Cluster}/leader", stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await _filling;
    }

    async Task KeepFullAsync(string host)
    {
        try
        {
            while (true)
            {
                await Task.Delay(FillAgain, TimeProvider.System, _over.Token);
                await DiskFaults.FillAsync(State, State.Host(host), _over.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The scene is over.
        }
    }

    /// <summary>The supervisor of that host would move it away at once: it is paused first.</summary>
    public async Task PutEtcdLeaderOnAsync(string host, CancellationToken stop)
    {
        await PauseAsync(host, "supervisor", stop);
        using var etcd = new EtcdLeadership(State, File);
        await etcd.PutAsync(host, off: false, stop);
    }

    // One at a time: each fault changes the lab's state file.
    async Task ChangeAsync(string host, Func<LabState, LabHost, Task> change, CancellationToken stop)
    {
        using var taken = await Labs.LockAsync(stop);
        var state = State;
        await change(state, state.Host(host));
    }
}

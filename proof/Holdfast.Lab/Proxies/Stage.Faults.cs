using System.Globalization;
using Holdfast.Foundation.Processes;

namespace Holdfast.Lab.Proxies;

/// <summary>The loss of the server, and its return as the primary of a new term.</summary>
sealed partial class Stage
{
    static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    /// <summary>At once and with all of its sessions; nobody leads from here on.</summary>
    public async Task LosePostgresAsync(CancellationToken stop)
    {
        await _store!.DropLeaderAsync(stop);
        await _postgres!.EndAsync(Signal.Quit);
    }

    public async Task RegainPostgresAsync(CancellationToken stop)
    {
        await RunPostgresAsync(_ways[ProxyPath.Direct].Port, stop);
        await _store!.LeadAsync(stop);
    }

    /// <summary>The most of PostgreSQL's children that were seen in the middle of a login at once.</summary>
    public async Task<int> WatchLoginsAsync(Task until, CancellationToken stop)
    {
        var most = 0;
        while (!until.IsCompleted)
        {
            most = Math.Max(most, Logins());
            await Task.WhenAny(until, Task.Delay(LookEvery, stop));
        }
        return most;
    }

    // PostgreSQL writes into its title what a child does (ps_status).
    int Logins()
    {
        var parent = _postgres!.Pid;
        var count = 0;
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid))
                continue;
            try
            {
                var title = File.ReadAllText($"{folder}/cmdline");
                if (title.StartsWith("postgres: ", StringComparison.Ordinal)
                    && (title.Contains(" authentication", StringComparison.Ordinal)
                        || title.Contains(" startup", StringComparison.Ordinal))
                    && ProcessStat.Read(pid)?.Parent == parent)
                    count++;
            }
            catch (IOException)
            {
                // It has ended.
            }
        }
        return count;
    }
}

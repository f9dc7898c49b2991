using System.Globalization;
using Holdfast.Lab.Hosts;
using Holdfast.Lab.Status;
using Spectre.Console;

namespace Holdfast.Lab.Commands;

/// <summary>The lab as it is, until Ctrl+C: a table on a terminal, a line for each change elsewhere.</summary>
static class LiveView
{
    static readonly TimeSpan Refresh = TimeSpan.FromSeconds(1);

    /// <param name="state">The lab.</param>
    /// <param name="ends">Whether the lab ends with the view.</param>
    /// <param name="stop">Ctrl+C.</param>
    public static async Task ShowAsync(LabState state, bool ends, CancellationToken stop)
    {
        Console.WriteLine(ends ? "Ctrl+C takes the lab down" : "Ctrl+C leaves the view; the lab stays until lab down");
        using var client = new ClusterClient(state);
        if (Console.IsOutputRedirected)
            await LinesAsync(state, client, stop);
        else
            await AnsiConsole.Live(new Text("")).StartAsync(live => TableAsync(state.Lab, client, live, stop));
    }

    static async Task LinesAsync(LabState state, ClusterClient client, CancellationToken stop)
    {
        var last = "";
        while (await LookAsync(state.Lab, client, stop) is { } seen)
        {
            var line = string.Join(
                "  ",
                seen.Status.Hosts.Select(host => $"{host.Name} {host.State} {Role(seen.Cluster, host)}".TrimEnd()));
            if (!string.Equals(line, last, StringComparison.Ordinal))
                Console.WriteLine(
                    $"{TimeProvider.System.GetUtcNow().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  {line}");
            last = line;
            await Task.Delay(Refresh, TimeProvider.System, stop);
        }
    }

    static async Task TableAsync(string lab, ClusterClient client, LiveDisplayContext live, CancellationToken stop)
    {
        while (await LookAsync(lab, client, stop) is { } seen)
        {
            live.UpdateTarget(Render(seen.Status, seen.Cluster));
            await Task.Delay(Refresh, TimeProvider.System, stop);
        }
    }

    /// <returns>Null when the lab was taken down meanwhile.</returns>
    static async Task<(LabStatus Status, ClusterAnswer? Cluster)?> LookAsync(
        string lab, ClusterClient client, CancellationToken stop) =>
        Labs.Find(lab) is { } state
            ? (await StatusReader.ReadAsync(state, stop), await client.TryClusterAsync(stop))
            : null;

    static Table Render(LabStatus status, ClusterAnswer? cluster)
    {
        var table = new Table { Title = new TableTitle(Markup.Escape(status.Lab)), Border = TableBorder.Rounded };
        table.AddColumns("host", "address", "state", "role", "programs");
        foreach (var host in status.Hosts)
        {
            table.AddRow(
                new Text(host.Name), new Text(host.Address), new Text(
                    host.State, Colour(host.State)), new Text(Role(cluster, host)),
                new Text(string.Join("  ", host.Programs.Select(program => program.Restarts > 0
                    ? string.Create(
                        CultureInfo.InvariantCulture, $"{program.Name} {program.State} ({program.Restarts}×)")
                    : $"{program.Name} {program.State}"))));
        }
        return table;
    }

    static Style Colour(string state) => new(state is "up" ? Color.Green : state is "down" ? Color.Red : Color.Yellow);

    static string Role(ClusterAnswer? cluster, HostStatus host) => cluster?.Members
        .FirstOrDefault(member => string.Equals(member.Name, host.Name, StringComparison.Ordinal)) is { } member
            ? $"{member.Role} ({member.State})" : "";
}

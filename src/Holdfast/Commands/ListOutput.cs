using System.Globalization;
using System.Text;
using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Commands;

/// <summary>How <c>holdfast list</c> shows the members: as <c>patronictl list -f json</c> does, or for
/// people.</summary>
static class ListOutput
{
    public static string Json(IReadOnlyCollection<MemberRow> rows)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var row in rows)
                Write(json, row);
            json.WriteEndArray();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static string Table(ClusterView view, IReadOnlyCollection<MemberRow> rows, string cluster)
    {
        var state = view.Initialize switch { null => "uninitialized", "" => "initializing", var system => system };
        var text = new StringBuilder($"Cluster: {cluster} ({state})\n");
        if (rows.Count == 0)
            return text.Append("No member has registered yet.\n").ToString();
        var columns = Columns(rows).ToArray();
        var widths = columns.Select(column => rows.Select(column.Cell).Append(column.Title).Max(cell => cell.Length));
        var layout = columns.Zip(widths).ToArray();
        AppendLine(text, layout, column => column.Title);
        foreach (var row in rows)
            AppendLine(text, layout, column => column.Cell(row));
        return text.ToString();
    }

    // Patroni leaves out what is empty.
    static void Write(Utf8JsonWriter json, MemberRow row)
    {
        json.WriteStartObject();
        WriteText(json, "Cluster", row.Cluster);
        WriteText(json, "Member", row.Member);
        WriteText(json, "Host", row.Host);
        WriteText(json, "Role", row.Role);
        WriteText(json, "State", row.State);
        WriteNumber(json, "TL", row.Timeline);
        WriteText(json, "Receive LSN", row.ReceiveLsn);
        WriteNumber(json, "Receive Lag", row.ReceiveLag);
        WriteText(json, "Replay LSN", row.ReplayLsn);
        WriteNumber(json, "Replay Lag", row.ReplayLag);
        WriteText(json, "Pending restart", row.PendingRestart ? "*" : "");
        if (!row.Tags.IsEmpty)
        {
            json.WriteStartObject("Tags");
            foreach (var tag in row.Tags)
                json.WriteBoolean(tag, true);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    static void WriteText(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
            json.WriteString(name, text);
    }

    static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
            json.WriteNumber(name, value);
    }

    static IEnumerable<Column> Columns(IReadOnlyCollection<MemberRow> rows)
    {
        yield return new("Member", row => row.Member);
        yield return new("Host", row => row.Host);
        yield return new("Role", row => row.Role);
        yield return new("State", row => row.State);
        yield return new("TL", row => Number(row.Timeline), Right: true);
        yield return new("Receive LSN", row => row.ReceiveLsn, Right: true);
        yield return new("Lag in MB", row => Number(row.ReceiveLag), Right: true);
        yield return new("Replay LSN", row => row.ReplayLsn, Right: true);
        yield return new("Lag in MB", row => Number(row.ReplayLag), Right: true);
        if (rows.Any(row => row.PendingRestart))
            yield return new("Pending restart", row => row.PendingRestart ? "*" : "");
        if (rows.Any(row => !row.Tags.IsEmpty))
            yield return new("Tags", row => string.Join(", ", row.Tags));
    }

    static string Number(long? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "";

    static void AppendLine(StringBuilder text, (Column Column, int Width)[] layout, Func<Column, string> cell)
    {
        var cells = layout.Select(at =>
            at.Column.Right ? cell(at.Column).PadLeft(at.Width) : cell(at.Column).PadRight(at.Width));
        text.Append(' ').Append(string.Join("  ", cells).TrimEnd()).Append('\n');
    }

    sealed record Column(string Title, Func<MemberRow, string> Cell, bool Right = false);
}

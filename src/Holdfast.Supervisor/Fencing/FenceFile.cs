using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Supervisor.Fencing;

/// <summary>The ticket in force, in the run folder, for a supervisor that starts anew on the same boot.</summary>
internal static class FenceFile
{
    /// <summary>Null when there is none, or only one of another boot: no process of that has survived.</summary>
    public static FenceTicket? Read(string path, string bootId)
    {
        try
        {
            var ticket = JsonSerializer.Deserialize(File.ReadAllBytes(path), FenceJson.Default.FenceTicket);
            return ticket?.BootId == bootId ? ticket : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Whole or not at all. Not synced: it must outlive this process, not this boot.</summary>
    public static void Write(string path, FenceTicket ticket)
    {
        var next = $"{path}.{Environment.CurrentManagedThreadId}"; // Two threads may write at once.
        File.WriteAllBytes(next, JsonSerializer.SerializeToUtf8Bytes(ticket, FenceJson.Default.FenceTicket));
        File.Move(next, path, overwrite: true);
    }
}

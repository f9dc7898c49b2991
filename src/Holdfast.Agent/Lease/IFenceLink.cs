using System.Text.Json;
using Holdfast.Cluster.Model;

namespace Holdfast.Agent.Lease;

/// <summary>The line to the second owner of the deadline. Blocking, used by the lease's own thread only.</summary>
internal interface IFenceLink
{
    /// <summary>Hands a ticket over; true once the other owner has it in force. Never throws.</summary>
    bool TryPut(FenceTicket ticket);

    /// <summary>The ticket in force, for an agent that has just been started; null when there is none.</summary>
    FenceTicket? TryGet();
}

/// <summary>No supervisor: the agent is the only owner of its deadline, and keeps the ticket for its own next
/// start.</summary>
internal sealed class LoneFence(string file) : IFenceLink
{
    public bool TryPut(FenceTicket ticket)
    {
        try
        {
            File.WriteAllBytes(file + ".new",
                JsonSerializer.SerializeToUtf8Bytes(ticket, FenceJson.Default.FenceTicket));
            File.Move(file + ".new", file, overwrite: true);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public FenceTicket? TryGet()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), FenceJson.Default.FenceTicket);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}

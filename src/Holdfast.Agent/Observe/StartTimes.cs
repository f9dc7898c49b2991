using System.Globalization;
using System.Text;
using Holdfast.Store.Layout;

namespace Holdfast.Agent.Observe;

/// <summary>How long the last start as primary took on this host: a note in ms, since the next start is often the next
/// agent's. Used by the loop's thread only.</summary>
internal sealed class StartTimes(INotes notes, ILogger log)
{
    const string Note = "start_ms";

    /// <summary>Null until there was one.</summary>
    public TimeSpan? Expected { get; private set; } =
        uint.TryParse(notes.Read(Note), NumberStyles.None, CultureInfo.InvariantCulture, out var ms)
            ? TimeSpan.FromMilliseconds(ms)
            : null;

    /// <summary>A disk that does not take it forgets it with the agent's end.</summary>
    public void Remember(TimeSpan took)
    {
        Expected = took;
        try
        {
            notes.Write(Note, Encoding.ASCII.GetBytes(
                ((long)took.TotalMilliseconds).ToString(CultureInfo.InvariantCulture)));
        }
        catch (IOException failure)
        {
            log.StepFailed("keeping the time of the start", failure.Message);
        }
    }
}
